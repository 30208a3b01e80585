package diagnose_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/diagnose"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixlog"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/schema"
)

// dir is where the recorded texts name the flake's folder.
const dir = "/home/ada/.config/nixos"

// A sample is a profile that evaluates to an error, and what each Nix said
// about it. testdata/errors has one archive each:
//
//	kind: option-missing
//	nixpkgs: stand-in | release (see record_test.go)
//	attribute: what is built, below nixosConfigurations or homeConfigurations
//	arguments: more arguments for nix
//	-- profile.yaml --
//	-- flake/hosts/atlas/local.nix --    files that lie in the flake otherwise
//	-- 2.34.8 --                         what that Nix wrote, with --show-trace
//	-- 2.34.8 short --                   and without
//
// In the profile or in the file at fault, a comment "#  ^" below a line points
// at the place that must be found; "at: file:line:column" says it where no comment
// can. "none: yes" says that there is none to be found; "short: none" and "short: file"
// that without --show-trace there is none, or only the file. Without it, columns do not count.
type sample struct {
	name    string
	file    string
	archive *txtar.Archive
	kind    nixlog.Kind
	nixpkgs string
	attr    string
	args    []string // more arguments for nix
	none    bool
	// short is what can be found without the whole trace: "none", "file", or the
	// line if it is empty.
	short  string
	want   profile.Pos
	source diagnose.Source
	flake  fstest.MapFS // as it lies there
	text   map[string]string
}

func samples(tb testing.TB) []*sample {
	tb.Helper()
	files, err := filepath.Glob("testdata/errors/*.txtar")
	if err != nil {
		tb.Fatal(err)
	}
	var out []*sample
	for _, f := range files {
		out = append(out, readSample(tb, f))
	}
	return out
}

func readSample(tb testing.TB, path string) *sample {
	tb.Helper()
	archive, err := txtar.ParseFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	s := &sample{
		name: strings.TrimSuffix(filepath.Base(path), ".txtar"), file: path, archive: archive,
		nixpkgs: "stand-in", attr: `nixosConfigurations.atlas.config.system.build.toplevel`,
		flake: fstest.MapFS{}, text: map[string]string{},
	}
	for line := range strings.Lines(string(archive.Comment)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "kind":
			s.kind = nixlog.Kind(value)
		case "nixpkgs":
			s.nixpkgs = value
		case "attribute":
			s.attr = value
		case "arguments":
			s.args = strings.Fields(value)
		case "none":
			s.none = true
		case "short":
			s.short = value
		case "at":
			path, at, _ := strings.Cut(value, ":")
			s.want.File = filepath.Join(dir, path)
			if _, err := fmt.Sscanf(at, "%d:%d", &s.want.Line, &s.want.Column); err != nil {
				tb.Fatalf("%s: at: %v", path, err)
			}
		}
	}
	files := fstest.MapFS{}
	for _, f := range archive.Files {
		name, overlay := strings.CutPrefix(f.Name, "flake/")
		switch {
		case overlay:
			s.flake[name] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
			s.mark(filepath.Join(dir, name), f.Data)
		case strings.HasSuffix(f.Name, ".yaml"), strings.HasSuffix(f.Name, ".json"):
			files[f.Name] = &fstest.MapFile{Data: f.Data}
			s.mark(f.Name, f.Data)
		default:
			s.text[f.Name] = string(f.Data)
		}
	}
	if !s.none && !s.want.IsValid() {
		tb.Fatalf("%s: no place is marked", path)
	}
	s.source = source(tb, files)
	for _, f := range s.source.Tree.Files {
		if s.flake[f.Path] == nil {
			s.flake[f.Path] = &fstest.MapFile{Data: f.Data, Mode: 0o644}
		}
	}
	s.source.ReadFile = func(path string) ([]byte, error) { return fs.ReadFile(s.flake, path) }
	return s
}

// mark finds the comment that points at the place to be found.
func (s *sample) mark(name string, data []byte) {
	for i, line := range bytes.Split(data, []byte("\n")) {
		rest, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte("#"))
		if ok && string(bytes.TrimSpace(rest)) == "^" {
			s.want = profile.Pos{File: name, Line: i, Column: bytes.IndexByte(line, '^') + 1}
		}
	}
}

func source(tb testing.TB, files fs.FS) diagnose.Source {
	tb.Helper()
	root, err := schema.Root()
	if err != nil {
		tb.Fatal(err)
	}
	src := profile.FS{Files: files, Presets: schema.Presets()}
	p, err := profile.Load(src, "profile.yaml", root)
	if err != nil {
		tb.Fatal(err)
	}
	tree, err := generator.Generate(generator.Input{Profile: p, Schema: root, Files: src, Explain: true})
	if err != nil {
		tb.Fatal(err)
	}
	return diagnose.Source{Host: p.Hosts[0].Name, Dir: dir, Profile: p, Tree: tree}
}

// judge tells what is wrong with what is found in a text: nothing, if it is "".
func (s *sample) judge(text string, short bool) string {
	said := nixlog.Read(text)
	if temporary := said.Cause.Kind.Temporary(); temporary != (s.kind == nixlog.Network) {
		return fmt.Sprintf("waiting may help: %t, by %q", temporary, said.Cause.Line())
	}
	findings := diagnose.Locate(said.Errors, s.source)
	if len(findings) == 0 {
		return "nothing was found"
	}
	f := findings[0]
	if f.Kind != s.kind && !(short && s.kind == nixlog.Throw && f.Kind == nixlog.Other) {
		return fmt.Sprintf("kind %s, want %s (%v)", f.Kind, s.kind, f.Problem)
	}
	if s.none || short && s.short == "none" {
		if f.Owner != diagnose.OfNobody {
			return fmt.Sprintf("found %v, want no place", f.Pos)
		}
		return ""
	}
	want := s.want
	if short {
		want.Column, f.Pos.Column = 0, 0
		if s.short == "file" {
			want.Line, f.Pos.Line = 0, 0
		}
	}
	if f.Pos != want {
		return fmt.Sprintf("found %v (%s %s), want %v", f.Pos, f.Owner, f.Generated, want)
	}
	if f.What == "" {
		return "nothing is said about it"
	}
	return ""
}

// The table: what real Nixes said, and where it must lead.
func TestRecordedErrors(t *testing.T) {
	texts, right := 0, 0
	kinds := map[nixlog.Kind]bool{}
	all := samples(t)
	for _, s := range all {
		kinds[s.kind] = true
		if len(s.text) == 0 {
			t.Errorf("%s: no text was recorded", s.name)
		}
		for _, version := range slices.Sorted(maps.Keys(s.text)) {
			texts++
			wrong := s.judge(s.text[version], strings.HasSuffix(version, " short"))
			if wrong == "" {
				right++
				continue
			}
			t.Errorf("%s, Nix %s: %s", s.name, version, wrong)
		}
	}
	t.Logf("%d of %d texts of %d errors of %d kinds lead to the right line", right, texts, len(all), len(kinds))
	const least = 40
	if len(all) < least {
		t.Errorf("%d errors, want %d at least", len(all), least)
	}
}
