package pin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/tree"
	"github.com/quick-deploy/quick-deploy/generator/flake"
)

var meta = tree.Meta{Tool: "1.2.3", Profile: "sha256-profile"}

func lock(t testing.TB, release string, names ...string) []byte {
	t.Helper()
	pins, err := flake.Builtin()
	if err != nil {
		t.Fatal(err)
	}
	inputs, err := pins.Inputs(release, names...)
	if err != nil {
		t.Fatal(err)
	}
	data, err := flake.Lock(inputs)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func files(t testing.TB) []tree.File {
	return []tree.File{
		{Path: "flake.nix", Data: []byte("{ }\n")},
		{Path: "flake.lock", Data: lock(t, "26.05", "nixpkgs", "home-manager")},
		{Path: "hosts/a/configuration.nix", Data: []byte("a\n")},
		{Path: "hosts/b/configuration.nix", Data: []byte("b\n")},
	}
}

func newPin(t testing.TB, m tree.Meta, files []tree.File, hosts map[string]string) Pin {
	t.Helper()
	p, err := New(m, files, hosts)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func encoded(t testing.TB, p Pin) []byte {
	t.Helper()
	data, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// Two clones in different directories get the same pin, from the files on disk too.
func TestSamePinEverywhere(t *testing.T) {
	var pins [2][]byte
	for i := range pins {
		tr, err := tree.Open(t.TempDir(), atomic.Writer{})
		if err != nil {
			t.Fatal(err)
		}
		set := files(t)
		if i == 1 {
			slices.Reverse(set)
		}
		c, err := tr.Plan(set, meta)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := tr.Apply(t.Context(), c, tree.Options{}); err != nil {
			t.Fatal(err)
		}
		for k := range set {
			if set[k].Data, err = os.ReadFile(filepath.Join(tr.Dir(), set[k].Path)); err != nil {
				t.Fatal(err)
			}
		}
		pins[i] = encoded(t, newPin(t, meta, set, nil))
	}
	if diff := cmp.Diff(string(pins[0]), string(pins[1])); diff != "" {
		t.Errorf("-first +second:\n%s", diff)
	}
	p, err := Decode(pins[0])
	if err != nil {
		t.Fatal(err)
	}
	if diffs, err := Verify(p, newPin(t, meta, files(t), nil)); err != nil || len(diffs) > 0 {
		t.Errorf("a pin is not what it was made of: %v", err)
	}
}

// One changed byte anywhere in what a pin describes is named.
func TestEveryByteCounts(t *testing.T) {
	p := newPin(t, meta, files(t), nil)
	for i, f := range files(t) {
		for at := 0; at < len(f.Data); at += 1 + len(f.Data)/50 {
			set := files(t)
			set[i].Data = bytes.Clone(f.Data)
			set[i].Data[at] ^= 1
			found, err := New(meta, set, nil)
			if err != nil {
				continue // a lock file that is none: New says so itself
			}
			diffs, err := Verify(p, found)
			if fault.CodeOf(err) != fault.Pending {
				t.Fatalf("%s, byte %d: %v", f.Path, at, err)
			}
			if !slices.ContainsFunc(diffs, func(d Difference) bool { return d.Kind == KindFile && d.Name == f.Path }) {
				t.Errorf("%s, byte %d: not named: %v", f.Path, at, diffs)
			}
		}
	}
}

func TestEachKindIsNamed(t *testing.T) {
	hosts := map[string]string{"a": "/nix/store/1-a.drv", "b": "/nix/store/1-b.drv"}
	p := newPin(t, meta, files(t), hosts)
	locked, err := flake.ReadLock(lock(t, "26.05", "home-manager", "nixpkgs"))
	if err != nil {
		t.Fatal(err)
	}
	nixpkgs, other := locked["nixpkgs"], "sha256-"+strings.Repeat("A", 43)+"="
	for name, tc := range map[string]struct {
		meta   tree.Meta
		change func([]tree.File) []tree.File
		hosts  map[string]string
		want   []string
	}{
		"nothing": {meta: meta, hosts: hosts},
		"not evaluated here": {
			meta: meta, hosts: map[string]string{"b": "/nix/store/1-b.drv"},
		},
		"tool": {
			meta: tree.Meta{Tool: "1.3.0", Profile: meta.Profile},
			want: []string{"tool: 1.3.0, pinned 1.2.3"},
		},
		"profile": {
			meta: tree.Meta{Tool: meta.Tool, Profile: "sha256-other"},
			want: []string{"profile: sha256-other, pinned sha256-profile"},
		},
		"input": {
			meta: meta,
			change: func(f []tree.File) []tree.File {
				f[1].Data = bytes.ReplaceAll(f[1].Data, []byte(nixpkgs.Rev), []byte(strings.Repeat("f", 40)))
				return f
			},
			want: []string{"input nixpkgs: " + strings.Repeat("f", 40) + ", pinned " + nixpkgs.Rev, "file flake.lock", "tree"},
		},
		"input's content": {
			meta: meta,
			change: func(f []tree.File) []tree.File {
				f[1].Data = bytes.ReplaceAll(f[1].Data, []byte(nixpkgs.NarHash), []byte(other))
				return f
			},
			want: []string{"input nixpkgs: " + other + ", pinned " + nixpkgs.NarHash, "file flake.lock", "tree"},
		},
		"inputs": {
			meta: meta,
			change: func(f []tree.File) []tree.File {
				f[1].Data = lock(t, "26.05", "nixpkgs", "nix-flatpak")
				return f
			},
			want: []string{
				"input home-manager: missing; the pin has " + locked["home-manager"].Rev,
				"input nix-flatpak: not in the pin", "file flake.lock", "tree",
			},
		},
		"file gone, file new": {
			meta:   meta,
			change: func(f []tree.File) []tree.File { f[3].Path = "hosts/c/configuration.nix"; return f },
			want: []string{
				"file hosts/b/configuration.nix: missing; the pin has sha256-",
				"file hosts/c/configuration.nix: not in the pin", "tree",
			},
		},
		"host": {
			meta: meta, hosts: map[string]string{"a": "/nix/store/2-a.drv"},
			want: []string{"host a: /nix/store/2-a.drv, pinned /nix/store/1-a.drv"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			set := files(t)
			if tc.change != nil {
				set = tc.change(set)
			}
			diffs := Compare(p, newPin(t, tc.meta, set, tc.hosts))
			var got []string
			for i, d := range diffs {
				s := d.String()
				if i < len(tc.want) && strings.HasPrefix(s, tc.want[i]) {
					s = tc.want[i]
				}
				got = append(got, s)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := encoded(t, newPin(t, meta, files(t), nil))
	var newer map[string]any
	if err := json.Unmarshal(good, &newer); err != nil {
		t.Fatal(err)
	}
	newer["version"] = 2
	newerPin, err := json.Marshal(newer)
	if err != nil {
		t.Fatal(err)
	}
	cases := map[string]string{
		"empty":    "",
		"torn":     string(good[:len(good)/2]),
		"foreign":  `{"name": "x"}`,
		"list":     `[]`,
		"two":      string(good) + string(good),
		"newer":    string(newerPin),
		"tampered": strings.Replace(string(good), "1.2.3", "1.2.4", 1),
	}
	for name, data := range cases {
		if _, err := Decode([]byte(data)); fault.CodeOf(err) != fault.Preflight || len(fault.HintsOf(err)) == 0 {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := Decode([]byte(cases["newer"])); err == nil || !strings.Contains(err.Error(), "newer quick-deploy") {
		t.Errorf("newer: got %v", err)
	}
}

// Changing any single byte of the file is noticed.
func TestDamageIsNoticed(t *testing.T) {
	p := newPin(t, meta, files(t), maps.Clone(map[string]string{"a": "/nix/store/1-a.drv"}))
	good := encoded(t, p)
	for i := range good {
		bad := bytes.Clone(good)
		bad[i] ^= 1
		got, err := Decode(bad)
		if err == nil && cmp.Diff(p, got) != "" {
			t.Errorf("byte %d (%q): %s", i, good[i], cmp.Diff(p, got))
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	for _, n := range []int{1, 100, 1_000, 10_000} {
		if testing.Short() && n > 100 {
			continue
		}
		b.Run(fmt.Sprintf("hosts=%d", n), func(b *testing.B) {
			set := files(b)
			body := strings.Repeat("  services.openssh.enable = true;\n", 90)
			for i := range n {
				for _, name := range []string{"configuration.nix", "hardware-configuration.nix", "home.nix"} {
					path := fmt.Sprintf("hosts/host-%05d/%s", i, name)
					set = append(set, tree.File{Path: path, Data: []byte(path + body)})
				}
			}
			data := encoded(b, newPin(b, meta, set, nil))
			for b.Loop() {
				p, err := Decode(data)
				if err != nil {
					b.Fatal(err)
				}
				if diffs := Compare(p, newPin(b, meta, set, nil)); len(diffs) > 0 {
					b.Fatal(diffs)
				}
			}
			b.ReportMetric(float64(len(data)), "pin-bytes")
		})
	}
}
