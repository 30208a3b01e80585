package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/textproto"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/schema"
)

// editor is yaml-language-server, spoken to as an editor does (Language Server
// Protocol 3.17, base protocol, over stdin and stdout).
type editor struct {
	t    *testing.T
	in   io.Writer
	from chan message
	next int
	// settings are what the server asks for as its configuration.
	settings map[string]any
	// diagnostics are what was last published, by document.
	diagnostics map[string][]diagnostic
}

type message struct {
	ID     json.RawMessage `json:"id,omitempty"`
	Method string          `json:"method,omitempty"`
	Params json.RawMessage `json:"params,omitempty"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

type position struct {
	Line      int `json:"line"`
	Character int `json:"character"`
}

type diagnostic struct {
	Message string                   `json:"message"`
	Range   struct{ Start position } `json:"range"`
}

// newEditor starts the server with the schema that the program prints, for
// every YAML file. $QUICK_DEPLOY_TEST_YAML_LS is the server; .ci/install-yaml-ls installs it.
func newEditor(t *testing.T) *editor {
	t.Helper()
	server := os.Getenv("QUICK_DEPLOY_TEST_YAML_LS")
	if server == "" {
		const none = "QUICK_DEPLOY_TEST_YAML_LS does not name a yaml-language-server"
		if os.Getenv("CI") == "true" {
			t.Fatal(none + "; .ci/install-yaml-ls installs one")
		}
		t.Skip(none)
	}
	bundle, err := exec.CommandContext(t.Context(), "quick-deploy", "schema").Output()
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "schema.json")
	if err := os.WriteFile(file, bundle, 0o644); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "node", server, "--stdio")
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	e := &editor{t: t, in: in, from: make(chan message, 100), diagnostics: map[string][]diagnostic{}}
	e.settings = map[string]any{
		"schemas":  map[string]any{(&url.URL{Scheme: "file", Path: file}).String(): []string{"*.yaml"}},
		"validate": true, "hover": true, "completion": true, "schemaStore": map[string]any{"enable": false},
	}
	go e.read(bufio.NewReader(out))
	t.Cleanup(func() {
		in.Close()
		// It ends with its input, by a signal if it must.
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	e.request("initialize", map[string]any{"processId": os.Getpid(), "rootUri": nil, "capabilities": map[string]any{
		"textDocument": map[string]any{
			"completion": map[string]any{"completionItem": map[string]any{"snippetSupport": true, "documentationFormat": []string{"markdown"}}},
			"hover":      map[string]any{"contentFormat": []string{"markdown"}},
		},
	}}, nil)
	e.send(nil, "initialized", map[string]any{})
	// Proof that the schema is in force: the server takes it up when it likes.
	uri, found := e.open("ready.yaml", "version: 2\n")
	for len(found) == 0 {
		found = e.published(uri)
	}
	return e
}

// read takes messages off the wire until it ends.
func (e *editor) read(r *bufio.Reader) {
	defer close(e.from)
	for {
		header, err := textproto.NewReader(r).ReadMIMEHeader()
		if err != nil {
			return
		}
		size, err := strconv.Atoi(header.Get("Content-Length"))
		if err != nil {
			return
		}
		data := make([]byte, size)
		if _, err := io.ReadFull(r, data); err != nil {
			return
		}
		var m message
		if err := json.Unmarshal(data, &m); err != nil {
			return
		}
		e.from <- m
	}
}

func (e *editor) write(v map[string]any) {
	e.t.Helper()
	v["jsonrpc"] = "2.0"
	data, err := json.Marshal(v)
	if err != nil {
		e.t.Fatal(err)
	}
	if _, err := fmt.Fprintf(e.in, "Content-Length: %d\r\n\r\n%s", len(data), data); err != nil {
		e.t.Fatal(err)
	}
}

// send sends a request, or a notification where id is nil.
func (e *editor) send(id any, method string, params any) {
	e.t.Helper()
	v := map[string]any{"method": method, "params": params}
	if id != nil {
		v["id"] = id
	}
	e.write(v)
}

// request sends a request and decodes its result.
func (e *editor) request(method string, params, into any) {
	e.t.Helper()
	e.next++
	id := strconv.Itoa(e.next)
	e.send(e.next, method, params)
	m := e.wait(method, func(m message) bool { return m.Method == "" && string(m.ID) == id })
	if m.Error != nil {
		e.t.Fatalf("%s: %s", method, m.Error.Message)
	}
	if into == nil {
		return
	}
	if err := json.Unmarshal(m.Result, into); err != nil {
		e.t.Fatalf("%s: %v in %s", method, err, m.Result)
	}
}

// wait handles messages up to the one that is waited for.
func (e *editor) wait(what string, wanted func(message) bool) message {
	e.t.Helper()
	late := time.After(ample)
	for {
		select {
		case m, ok := <-e.from:
			if !ok {
				e.t.Fatalf("the server ended while %s was waited for", what)
			}
			if m.Method == "textDocument/publishDiagnostics" {
				var p struct {
					URI         string
					Diagnostics []diagnostic
				}
				if err := json.Unmarshal(m.Params, &p); err != nil {
					e.t.Fatal(err)
				}
				e.diagnostics[p.URI] = p.Diagnostics
			}
			if m.Method != "" && m.ID != nil {
				e.write(map[string]any{"id": m.ID, "result": e.answer(m)})
			}
			if wanted(m) {
				return m
			}
		case <-late:
			e.t.Fatalf("the server does not answer %s", what)
		}
	}
}

// answer is what a request of the server's gets: its configuration, section
// by section, and to all else nothing.
func (e *editor) answer(m message) any {
	if m.Method != "workspace/configuration" {
		return nil
	}
	var p struct{ Items []struct{ Section string } }
	if err := json.Unmarshal(m.Params, &p); err != nil {
		e.t.Fatal(err)
	}
	out := make([]any, len(p.Items))
	for i, item := range p.Items {
		out[i] = map[string]any{}
		if item.Section == "yaml" {
			out[i] = e.settings
		}
	}
	return out
}

// open opens a document and returns what the server finds in it.
func (e *editor) open(name, text string) (uri string, found []string) {
	e.t.Helper()
	uri = "file:///profiles/" + name
	e.send(nil, "textDocument/didOpen", map[string]any{"textDocument": map[string]any{
		"uri": uri, "languageId": "yaml", "version": 1, "text": text,
	}})
	return uri, e.published(uri)
}

// published waits for what the server finds in a document, as line:column: message.
func (e *editor) published(uri string) []string {
	e.t.Helper()
	e.wait("the diagnostics of "+uri, func(m message) bool {
		return m.Method == "textDocument/publishDiagnostics" && strings.Contains(string(m.Params), strconv.Quote(uri))
	})
	found := []string{}
	for _, d := range e.diagnostics[uri] {
		found = append(found, fmt.Sprintf("%d:%d: %s", d.Range.Start.Line+1, d.Range.Start.Character+1, d.Message))
	}
	return found
}

// cut takes the mark | out of a text and returns where it stood.
func cut(text string) (string, position) {
	before, after, _ := strings.Cut(text, "|")
	lines := strings.Split(before, "\n")
	return before + after, position{len(lines) - 1, len(lines[len(lines)-1])}
}

func at(uri string, p position) map[string]any {
	return map[string]any{"textDocument": map[string]any{"uri": uri}, "position": p}
}

// What ships is right in an editor too.
func TestEditorAcceptsThePresets(t *testing.T) {
	e := newEditor(t)
	files, err := filepath.Glob("../../schema/presets/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no presets", err)
	}
	for _, file := range files {
		if _, found := e.open(filepath.Base(file), readText(t, file)); len(found) > 0 {
			t.Errorf("%s: %q", file, found)
		}
	}
	starter, err := exec.CommandContext(t.Context(), "quick-deploy", "--dry-run", "--root="+t.TempDir(), "init", "--yes").Output()
	if err != nil {
		t.Fatal(err)
	}
	// The first line names a schema beside the file, which is the same and is not there.
	_, text, _ := strings.Cut(string(starter), "\n")
	if _, found := e.open("starter.yaml", text); len(found) > 0 {
		t.Errorf("what init writes: %q", found)
	}
}

// Lists of names are never whole: nothing is refused because it is not in one.
func TestEditorAcceptsWhatIsNotListed(t *testing.T) {
	e := newEditor(t)
	text := `version: 1
hosts:
  atlas:
    stateVersion: "26.05"
    packages: [new-package, kdePackages.new, bundle:cli]
    nixos:
      services.new.option: 1
      services: {openssh: {new: [1], settings: {New: true}}}
      services.xserver.videoDrivers: [{$secret: a}]
      programs.git.package: {$package: new-package}
      services.logind.settings.Login.HandleLidSwitch: new
`
	if _, found := e.open("new.yaml", text); len(found) > 0 {
		t.Errorf("%q", found)
	}
	_, found := e.open("wrong.yaml", strings.ReplaceAll(text, "services.new.option: 1", `services.openssh.enable: "yes"`))
	if want := []string{`7:32: Incorrect type. Expected "boolean".`}; !slices.Equal(found, want) {
		t.Errorf("%q, want %q", found, want)
	}
}

func TestEditorMarksWhatIsWrong(t *testing.T) {
	e := newEditor(t)
	_, found := e.open("broken.yaml", `version: 1
hosts:
  atlas:
    stateVersion: 26.05
    timezon: Europe/Berlin
    desktop: xfce
    users: {ada: {shell: tcsh}}
    services:
      postgresql: {databases: aidb}
`)
	want := []string{
		`4:19: Incorrect type. Expected "string".`,
		`5:5: Property timezon is not allowed.`,
		`6:14: Value is not accepted. Valid values: "cosmic", "gnome", "plasma", "hyprland", "none".`,
		`7:26: Value is not accepted. Valid values: "bash", "zsh", "fish".`,
		`9:31: Incorrect type. Expected "array".`,
	}
	less := cmp.Transformer("sorted", func(in []string) map[string]bool {
		out := map[string]bool{}
		for _, s := range in {
			out[s] = true
		}
		return out
	})
	if diff := cmp.Diff(want, found, less); diff != "" {
		t.Error(diff)
	}
}

func TestEditorCompletes(t *testing.T) {
	e := newEditor(t)
	for i, c := range []struct {
		text string
		want []string
		// about must stand in the documentation of the first one.
		about string
	}{
		{"version: 1\nhosts:\n  atlas:\n    |\n", []string{"timezone", "stateVersion", "services", "desktop", "+packages"}, "Time zone"},
		{"version: 1\nhosts:\n  atlas:\n    desktop: |\n", []string{"cosmic", "gnome", "plasma", "hyprland", "none"}, ""},
		{"version: 1\nhosts:\n  atlas:\n    services:\n      |\n", []string{"grafana", "postgresql", "openssh"}, ""},
		{"version: 1\nhosts:\n  atlas:\n    services:\n      postgresql:\n        |\n", []string{"databases", "extensions"}, ""},
		{"version: 1\nhosts:\n  atlas:\n    users:\n      ada:\n        shell: |\n", []string{"bash", "zsh", "fish"}, ""},
		{"version: 1\nrelease: |\n", []string{`"26.05"`, "unstable"}, ""},
		{"|", []string{"version", "hosts", "extends"}, "Version of this file format"},
		{"version: 1\nhosts:\n  atlas:\n    packages:\n      - |\n", []string{"ripgrep", "firefox", "kdePackages"}, ""},
		{"version: 1\nhosts:\n  atlas:\n    nixos:\n      |\n", []string{"services.openssh.enable", "services", "programs"}, "boolean, by default false"},
		{"version: 1\nhosts:\n  atlas:\n    nixos:\n      services:\n        openssh:\n          |\n", []string{"ports", "settings"}, "list of 16 bit"},
		{"version: 1\nhosts:\n  atlas:\n    nixos:\n      services.openssh.enable: |\n", []string{"true", "false"}, ""},
		{"version: 1\nhosts:\n  atlas:\n    home:\n      programs:\n        git:\n          |\n", []string{"lfs", "enable"}, ""},
		{"version: 1\nhosts:\n  atlas:\n    users:\n      ada:\n        home:\n          options:\n            programs:\n              |\n", []string{"htop"}, ""},
	} {
		text, where := cut(c.text)
		uri, _ := e.open(fmt.Sprintf("complete-%d.yaml", i), text)
		var got struct {
			Items []struct {
				Label         string
				Documentation any
			}
		}
		e.request("textDocument/completion", at(uri, where), &got)
		docs := map[string]string{}
		for _, item := range got.Items {
			docs[item.Label] = fmt.Sprint(item.Documentation)
		}
		for _, label := range c.want {
			if _, ok := docs[label]; !ok {
				t.Errorf("%q is not offered at %q; there are %q", label, c.text, slices.Sorted(maps.Keys(docs)))
			}
		}
		if !strings.Contains(docs[c.want[0]], c.about) {
			t.Errorf("%s is explained by %q", c.want[0], docs[c.want[0]])
		}
	}
}

// Whatever the schema says about a key is what one reads over it.
func TestEditorExplains(t *testing.T) {
	e := newEditor(t)
	root, err := schema.Root()
	if err != nil {
		t.Fatal(err)
	}
	host := root.Property("host")
	for i, c := range []struct{ text, want string }{
		{"version: 1\nhosts:\n  atlas:\n    state|Version: \"26.05\"\n", host.Property("stateVersion").Description},
		{"version: 1\nhosts:\n  atlas:\n    time|zone: Etc/UTC\n", "Europe/Berlin"},
		{"version: 1\nhosts:\n  atlas:\n    users: {ada: {}}\n    services:\n      post|gresql: {}\n", host.Property("services").Property("postgresql").Description},
		{"version: 1\nhosts:\n  atlas:\n    services:\n      grafana: {po|rt: 3005}\n", "Port to listen on."},
		{"version: 1\nhosts:\n  atlas:\n    services:\n      ollama: {ex|pose: true}\n", "There is no login."},
		{"version: 1\nrele|ase: \"26.05\"\n", root.Property("release").Description},
	} {
		text, where := cut(c.text)
		uri, _ := e.open(fmt.Sprintf("hover-%d.yaml", i), text)
		var got struct{ Contents struct{ Value string } }
		e.request("textDocument/hover", at(uri, where), &got)
		// The server breaks lines and escapes Markdown as it likes.
		flat := strings.NewReplacer("\\", "", "&#x20;", " ", "&nbsp;", " ", "`", "").Replace(got.Contents.Value)
		if !strings.Contains(strings.Join(strings.Fields(flat), " "), c.want) {
			t.Errorf("over %q stands %q, want %q", c.text, got.Contents.Value, c.want)
		}
	}
}
