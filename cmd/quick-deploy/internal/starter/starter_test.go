package starter

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/machine"
	"github.com/quick-deploy/quick-deploy/generator/keyboard"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

func TestForKeepsEveryAccount(t *testing.T) {
	a := For(machine.Machine{Hostname: "Bad_Name", Release: "25.05", Users: []machine.User{
		{Name: "ada", Description: "Ada", Shell: "zsh"},
		{Name: "bob", Shell: "tcsh", Admin: true},
		{Name: "eve", Shell: "bash"},
	}}, "server")
	for _, old := range []string{"23.11", "20.03", "14.12"} {
		if b := For(machine.Machine{Release: "26.05", StateVersion: old}, ""); b.StateVersion != old {
			t.Errorf("stateVersion %s, not %s: it never changes after the installation", b.StateVersion, old)
		}
	}
	want := []machine.User{{Name: "bob", Admin: true}, {Name: "eve", Shell: "bash"}}
	if diff := cmp.Diff(want, a.Others); diff != "" || a.User != "ada" || a.Hostname != "nixos" ||
		a.StateVersion != "25.05" {
		t.Errorf("%+v\n%s", a, diff)
	}
	text, err := Profile(a)
	if err != nil {
		t.Fatal(err)
	}
	root, err := profile.Parse("p.yaml", text)
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if root.Get("hosts", "nixos", "users", "bob", "admin").Any() != true ||
		root.Get("hosts", "nixos", "users", "eve", "shell").Str() != "bash" {
		t.Errorf("an account is missing:\n%s", text)
	}
}

// Whatever is answered, the file brings it back, and the profile says it.
func TestAnswersComeBack(t *testing.T) {
	word := rapid.StringMatching(`[ -~äß]{0,20}`)
	rapid.Check(t, func(t *rapid.T) {
		a := Answers{
			Preset: word.Draw(t, "preset"), Release: "26.05", Hostname: "atlas", StateVersion: "25.10", User: "ada",
			Name: word.Draw(t, "name"), Email: word.Draw(t, "email"), Locale: word.Draw(t, "locale"),
			Layout: word.Draw(t, "layout"), Variant: word.Draw(t, "variant"), Options: word.Draw(t, "options"),
			SSHKeys: rapid.SliceOfN(word, 0, 2).Draw(t, "keys"),
			Services: rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z0-9-]{1,8}`), 0, 2, rapid.ID[string]).Draw(t,
				"services"),
			NoServices: []string{"fwupd"}, GitHub: "ada-lovelace",
			Packages: rapid.SliceOfN(word, 0, 2).Draw(t, "packages"),
			Others:   []machine.User{{Name: "bob", Description: word.Draw(t, "other")}},
		}
		data, err := File(a)
		if err != nil {
			t.Fatal(err)
		}
		// What a machine tells must not shine through.
		got := Answers{Layout: "us", Variant: "dvorak", Hostname: "other", Timezone: "Etc/UTC", Services: []string{"x"},
			Others: []machine.User{{Name: "x", Admin: true}}}
		if err := Fill(&got, data); err != nil {
			t.Fatalf("%v\n%s", err, data)
		}
		one, err := Profile(a)
		if err != nil {
			t.Fatal(err)
		}
		two, err := Profile(got)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(one), string(two)); diff != "" {
			t.Fatalf("%s\n%s", diff, data)
		}
		root, err := profile.Parse("p.yaml", one)
		if err != nil {
			t.Fatalf("%v\n%s", err, one)
		}
		if got := root.Get("hosts", "atlas", "users", "ada", "github").Str(); got != a.GitHub {
			t.Fatalf("GitHub account %q became %q", a.GitHub, got)
		}
		if !root.Get("hosts", "atlas", "services", "fwupd").Is(false) {
			t.Fatalf("a service of the preset is not off:\n%s", one)
		}
		if got := root.Get("hosts", "atlas", "users", "ada", "description").Str(); got != a.Name {
			t.Fatalf("name %q became %q", a.Name, got)
		}
	})
}

func TestFillNamesTheLine(t *testing.T) {
	var a Answers
	err := Fill(&a, []byte("preset: server\nhostnme: atlas\n"))
	if err == nil || !strings.Contains(err.Error(), "[2:1]") {
		t.Errorf("%v", err)
	}
}

// A variant goes with its layout: another layout leaves the machine's behind.
func TestVariantOfAnotherLayout(t *testing.T) {
	proposed := For(machine.Machine{Keyboard: keyboard.Keyboard{Layout: "us,de", Variant: "dvorak,",
		Options: "caps:escape"}}, "minimal")
	for answers, want := range map[string]string{
		"name: Ada":                        `keyboard: {layout: "us,de", variant: "dvorak,", options: "caps:escape"}`,
		"layout: fr":                       `keyboard: {layout: fr, options: "caps:escape"}`,
		"layout: fr\nvariant: bepo":        `keyboard: {layout: fr, variant: bepo, options: "caps:escape"}`,
		"variant: ''":                      `keyboard: {layout: "us,de", options: "caps:escape"}`,
		"layout: gb\nkeyboard-options: ''": `keyboard: {layout: gb}`,
	} {
		a := proposed
		if err := Fill(&a, []byte(answers)); err != nil {
			t.Fatal(err)
		}
		text, err := Profile(a)
		if err != nil || !strings.Contains(string(text), "    "+want+"\n") {
			t.Errorf("%q: %v\n%s\nlacks %s", answers, err, text, want)
		}
	}
}
