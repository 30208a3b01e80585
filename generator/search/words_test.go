package search

import (
	"slices"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/generator/index"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// Each name in words.txt is there, once: in the schema, among the bundles, or in the newest release's lists.
func TestWordsNameWhatExists(t *testing.T) {
	things, err := catalogue()
	if err != nil {
		t.Fatal(err)
	}
	there := map[string]bool{}
	for _, thing := range things {
		there[string(thing.Kind)+" "+thing.Name] = true
	}
	x := index.Open("26.05")
	seen := map[string]bool{}
	packages := 0
	for _, o := range ownWords() {
		name := string(o.kind) + " " + o.name
		about, called := o.parts()
		if seen[name] {
			t.Errorf("%s is there twice", name)
		}
		seen[name] = true
		list, named := lists[o.kind]
		switch {
		case !slices.Contains(kinds, o.kind):
			t.Errorf("%s: unknown kind", name)
		case !named && !there[name]:
			t.Errorf("%s is not there", name)
		case named:
			if _, ok := (&Searcher{index: x}).entry(list, o.name); !ok {
				t.Errorf("%s is not in the index", name)
			}
			if about == "" {
				t.Errorf("%s: nothing says what it is", name)
			}
		}
		if o.kind == Package {
			packages++
		}
		for _, p := range called {
			if len(telling(p)) == 0 || p != strings.TrimSpace(p) {
				t.Errorf("%s: %q says nothing", name, p)
			}
		}
	}
	if packages < 300 {
		t.Errorf("words for %d packages only", packages)
	}
	for name := range there {
		kind, _, _ := strings.Cut(name, " ")
		if (Kind(kind) == Service || Kind(kind) == Bundle) && !seen[name] {
			t.Errorf("%s has no words", name)
		}
	}
	// Each line but comments and empty ones was understood.
	lines := 0
	for line := range strings.Lines(ownText) {
		if line != "\n" && !strings.HasPrefix(line, "#") {
			lines++
		}
	}
	if lines != len(ownWords()) {
		t.Errorf("%d of %d lines were understood", len(ownWords()), lines)
	}
}

func TestSplit(t *testing.T) {
	for name, want := range map[string]string{
		"networking.interfaces.<name>.wakeOnLan.enable": "networking interfaces name wake On Lan enable",
		"networking.firewall.allowedTCPPorts":           "networking firewall allowed TCP Ports",
		"kdePackages.kate":                              "kde Packages kate",
		"_7zz":                                          "7zz",
		"C++ compiler, g++":                             "C++ compiler g++",
		"services.k3s.tokenFile":                        "services k3s token File",
		"":                                              "",
	} {
		if got := strings.Join(split(name), " "); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
	}
}

// How a thing is written is YAML with the thing's path in it, where no value is left to the user.
func TestHowIsYAML(t *testing.T) {
	all, err := things()
	if err != nil {
		t.Fatal(err)
	}
	checked := 0
	for _, thing := range all {
		var how string
		path := strings.Split(thing.Name, ".")
		switch thing.Kind {
		case Service:
			how, path = thing.how(), []string{"services", thing.Name}
		case Bundle:
			how, path = thing.how(), []string{"packages"}
		case Key:
			how = thing.how()
		default:
			continue
		}
		if strings.Contains(how, "…") {
			continue
		}
		root, err := profile.Parse("how", []byte(how))
		if err != nil {
			t.Errorf("%s: %v", how, err)
			continue
		}
		if root.Get(path...) == nil {
			t.Errorf("%s: nothing at %s", how, path)
		}
		checked++
	}
	if checked < 300 {
		t.Errorf("%d checked", checked)
	}
}
