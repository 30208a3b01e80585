package starter

import (
	"slices"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/schema"
)

type oneFile struct {
	profile.Source
	text []byte
}

func (f oneFile) ReadFile(name string) ([]byte, error) {
	if name == "p.yaml" {
		return f.text, nil
	}
	return f.Source.ReadFile(name)
}

// A workstation's first profile names the services of the release notes, each
// off, and taking away the # of its line switches it on.
func TestDormantServices(t *testing.T) {
	root, err := schema.Root()
	if err != nil {
		t.Fatal(err)
	}
	services := func(text string) []string {
		t.Helper()
		source := oneFile{profile.FS{Files: nil, Presets: schema.Presets()}, []byte(text)}
		p, err := profile.Load(source, "p.yaml", root)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if _, err := generator.Generate(generator.Input{Profile: p, Schema: root, Files: source}); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		var names []string
		if n := p.Hosts[0].Node().Get("services"); n != nil {
			for _, f := range n.Fields {
				names = append(names, f.Key)
			}
		}
		slices.Sort(names)
		return names
	}
	answers := Answers{Preset: "workstation", Release: generator.DefaultRelease(), Hostname: "atlas",
		StateVersion: generator.DefaultRelease(), User: "ada"}
	data, err := Profile(answers)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	before := services(text)
	for _, name := range []string{"postgresql", "redis", "nginx", "prometheus", "grafana", "fail2ban", "auto-upgrade"} {
		line := "      # " + name + ": "
		if slices.Contains(before, name) || strings.Count(text, line) != 1 {
			t.Errorf("%s is on, or not there once as a comment:\n%s", name, text)
			continue
		}
		want := append(slices.Clone(before), name)
		slices.Sort(want)
		if got := services(strings.Replace(text, line, "      "+name+": ", 1)); !slices.Equal(got, want) {
			t.Errorf("without the # of %s there are %v, want %v", name, got, want)
		}
	}
	answers.Services = []string{"redis"}
	if data, err = Profile(answers); err != nil || strings.Contains(string(data), "# redis:") {
		t.Errorf("a service that is on is a comment too: %v\n%s", err, data)
	}
	answers.Preset, answers.Services = "server", nil
	if data, err = Profile(answers); err != nil || strings.Contains(string(data), "# redis:") {
		t.Errorf("a server's profile has a workstation's comments: %v\n%s", err, data)
	}
}
