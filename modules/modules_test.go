package modules

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var defaultList = regexp.MustCompile(`(mkDefault|mkOverride \d+) \(?\[|(mkDefault|mkOverride \d+) \($`)

// A list that is a default gives way as a whole to any other definition. So it is one only where it is one choice,
// and the line above says so.
func TestDefaultListsAreOneChoice(t *testing.T) {
	err := fs.WalkDir(Files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(Files, path)
		if err != nil {
			return err
		}
		lines := strings.Split(string(data), "\n")
		for i, line := range lines {
			isList := defaultList.MatchString(line)
			if strings.HasSuffix(line, "(") {
				isList = isList && i+1 < len(lines) && strings.HasPrefix(strings.TrimSpace(lines[i+1]), "[")
			}
			if isList && (i == 0 || !strings.HasPrefix(strings.TrimSpace(lines[i-1]), "# One choice:")) {
				t.Errorf("%s:%d: a list by mkDefault is lost beside any other definition; "+
					"make it a plain definition, or say above it that it is \"# One choice:\"", path, i+1)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A site of nginx may name the services that register as its upstreams, and a target of Prometheus must not have
// the name of a job that a module makes. The schema lists both, and a service that is added must be in them.
func TestSchemaListsWhatRegisters(t *testing.T) {
	for _, c := range []struct {
		registers *regexp.Regexp
		file      string
		keys      []string
	}{
		{regexp.MustCompile(`services\.nginx\.upstreams = .*\n +([\w-]+)\.servers`), "nginx.json",
			[]string{"properties", "sites", "additionalProperties", "properties", "service", "enum"}},
		{regexp.MustCompile(`(?:job_name = |scrape )"([\w-]+)"`), "prometheus.json",
			[]string{"properties", "targets", "propertyNames", "not", "enum"}},
	} {
		files, err := fs.Glob(Files, "*.nix")
		if err != nil {
			t.Fatal(err)
		}
		var want []string
		for _, file := range files {
			text, err := fs.ReadFile(Files, file)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range c.registers.FindAllStringSubmatch(string(text), -1) {
				want = append(want, m[1])
			}
		}
		data, err := os.ReadFile(filepath.Join("..", "schema", "services", c.file))
		if err != nil {
			t.Fatal(err)
		}
		var value any
		if err := json.Unmarshal(data, &value); err != nil {
			t.Fatal(err)
		}
		for _, key := range c.keys {
			value = value.(map[string]any)[key]
		}
		var got []string
		for _, name := range value.([]any) {
			got = append(got, name.(string))
		}
		slices.Sort(want)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s lists other services than those whose modules register (-modules +schema):\n%s", c.file, diff)
		}
	}
}
