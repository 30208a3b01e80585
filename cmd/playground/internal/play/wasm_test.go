package play

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// answerAll runs the generator in Node.js as the page's worker does: questions come as [name, JSON] on standard input.
const answerAll = `
globalThis.require = require;
globalThis.fs = require("fs");
require(process.argv[2]);
(async () => {
  const go = new Go();
  const { instance } = await WebAssembly.instantiate(fs.readFileSync(process.argv[3]), go.importObject);
  go.run(instance);
  while (!globalThis.quickDeploy) await new Promise((resolve) => setTimeout(resolve));
  const out = JSON.parse(fs.readFileSync(0, "utf8")).map(([name, json]) => {
    const said = name === "archive" ? quickDeploy.archive(json) : quickDeploy.call(name, json);
    if (said instanceof Error) return "error: " + said.message;
    return typeof said === "string" ? said : Buffer.from(said).toString("base64");
  });
  process.stdout.write(JSON.stringify(out), () => process.exit(0));
})();
`

// What runs in the browser is what is tested here.
func TestWebAssemblySaysTheSame(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes a build for WebAssembly")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("Node.js runs WebAssembly, and is not installed")
	}
	dir := t.TempDir()
	wasm, script := filepath.Join(dir, "quick-deploy.wasm"), filepath.Join(dir, "answer.cjs")
	build(t, wasm, "playground", "GOOS=js", "GOARCH=wasm", "CGO_ENABLED=0")
	if err := os.WriteFile(script, []byte(answerAll), 0o600); err != nil {
		t.Fatal(err)
	}
	p := newPage(t)
	all := cases(t)
	var questions [][2]string
	var want []string
	ask := func(name string, q any) {
		text, err := json.Marshal(q)
		if err != nil {
			t.Fatal(err)
		}
		questions = append(questions, [2]string{name, string(text)})
		out, err := p.Call(name, text)
		if err != nil {
			out = []byte("error: " + err.Error())
		}
		want = append(want, string(out))
	}
	for _, name := range []string{"preset-workstation", "fleet", "extends", "postgresql", "homes", "all-services"} {
		ask("generate", all[name])
		for _, format := range []string{"tar", "zip"} {
			data, err := p.Archive(format)
			if err != nil {
				t.Fatal(err)
			}
			questions = append(questions, [2]string{"archive", format})
			want = append(want, base64.StdEncoding.EncodeToString(data))
		}
	}
	ask("generate", question{Profile: withSecret})
	ask("share", question{Profile: withSecret})
	ask("complete", cursor{"host:\n  services: {ng", 2, 17})
	ask("hover", cursor{"version: 1", 1, 3})
	ask("search", map[string]string{"query": "database"})
	ask("info", struct{}{})
	in, err := json.Marshal(questions)
	if err != nil {
		t.Fatal(err)
	}
	goroot, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Fatal(err)
	}
	start := filepath.Join(strings.TrimSpace(string(goroot)), "lib", "wasm", "wasm_exec.js")
	cmd := exec.Command(node, script, start, wasm)
	cmd.Stdin = bytes.NewReader(in)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, stderr.String())
	}
	var got []string
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if diff := cmp.Diff(timeless(want[i]), timeless(got[i])); diff != "" {
			t.Errorf("%s %.60s (-Go +WebAssembly):\n%.2000s", questions[i][0], questions[i][1], diff)
		}
	}
}

// timeless is an answer without how long it took.
func timeless(answer string) string {
	if i := strings.LastIndex(answer, `,"ms":`); i >= 0 {
		return answer[:i]
	}
	return answer
}
