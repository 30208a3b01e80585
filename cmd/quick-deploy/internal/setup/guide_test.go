package setup

import (
	"io"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/console"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/source"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

// newGuide is a guide on the machine that runs the test.
func newGuide(t testing.TB) (*Guide, error) {
	files, err := source.New(&source.Seen{}, nil)
	if err != nil {
		return nil, err
	}
	return New(t.Context(), Config{
		Terminal: console.New(strings.NewReader(""), io.Discard, io.Discard), Path: "quick-deploy.yaml", Root: "/", Source: files,
	})
}

// The preset that is proposed fits what the machine is.
func TestPurpose(t *testing.T) {
	for _, c := range []struct {
		facts hardware.Facts
		want  string
	}{
		{hardware.Facts{}, "minimal"},
		{hardware.Facts{Product: hardware.Product{Chassis: 10}}, "workstation"},
		{hardware.Facts{Battery: true}, "workstation"},
		{hardware.Facts{Product: hardware.Product{Chassis: 23}}, "server"},
		{hardware.Facts{Product: hardware.Product{Chassis: 1}, Virtualization: "kvm"}, "minimal"},
	} {
		if got := purpose(c.facts); got != c.want {
			t.Errorf("%+v: %s, want %s", c.facts.Product, got, c.want)
		}
	}
}

// An answer is judged by the schema, in the words of a profile's problems.
func TestCheckAnswer(t *testing.T) {
	g, err := newGuide(t)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, value, problem string }{
		{"hostname", "atlas", ""}, {"hostname", "at las", "at las"},
		{"timezone", "Europe/Rome", ""}, {"timezone", "Europe/Rom", "Europe/Rome"},
		{"locale", "it_IT.UTF-8", ""}, {"locale", "italian", "italian"},
		{"layout", "it", ""}, {"layout", "IT", "IT"},
		{"user", "ada", ""}, {"user", "Ada", "Ada"},
		{"name", "Ada: Lovelace, ${x}", `"Ada: Lovelace, ${x}"`}, {"name", "Ada ${x}", ""},
		{"email", "ada@example.org", ""}, {"email", "ada", "ada"},
		{"ssh-key", "ssh-ed25519 x", "not a valid public ssh key"},
		{"service", "grafana", ""}, {"service", "graphana", "grafana"},
	} {
		err := g.check(c.name, c.value)
		if c.problem == "" && err != nil || c.problem != "" && (err == nil || !strings.Contains(err.Error(), c.problem)) {
			t.Errorf("%s %q: %v, want %q", c.name, c.value, err, c.problem)
		}
	}
}

// BenchmarkPreview is what a keystroke costs: profile, validation and the Nix.
func BenchmarkPreview(b *testing.B) {
	g, err := newGuide(b)
	if err != nil {
		b.Fatal(err)
	}
	answers := g.proposed
	answers.Preset, answers.User = "ai-workstation", "ada"
	for b.Loop() {
		clear(g.previews)
		if p := g.preview(answers); !strings.Contains(p.Nix.Text, "ollama.nix") {
			b.Fatal(p)
		}
	}
}

// A card is called as its box calls it, where it is known what that says.
func TestCard(t *testing.T) {
	for _, c := range []struct {
		vendor, device hardware.ID
		want           string
	}{
		{0x1002, 0x73bf, "Radeon RX 6800/6800 XT / 6900 XT (Navi 21, RDNA 2), driver amdgpu"},
		{0x1002, 0xfffe, "AMD GCN 3 and later, driver amdgpu"},
		{0x8086, 0x46a6, "Iris Xe Graphics (Alder Lake), driver i915"},
	} {
		facts := hardware.Facts{PCI: []hardware.PCI{{Address: "0000:0b:00.0", Vendor: c.vendor, Device: c.device, Class: 0x030000}}}
		d, err := hardware.Decide(facts, hardware.Overrides{})
		if err != nil || len(d.GPUs) != 1 {
			t.Fatalf("%v, %v", d.GPUs, err)
		}
		if got := card(d.GPUs[0], facts.PCI); got != c.want {
			t.Errorf("%s, want %s", got, c.want)
		}
	}
}
