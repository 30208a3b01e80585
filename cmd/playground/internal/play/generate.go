package play

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"unicode/utf16"

	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
	"github.com/quick-deploy/quick-deploy/generator/index"
	"github.com/quick-deploy/quick-deploy/generator/manifest"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// question is a profile with what goes with it.
type question struct {
	Profile string `json:"profile"`
	// Facts are reports of probe --json by host; that of "" is the one of a profile's only host.
	Facts map[string]json.RawMessage `json:"facts"`
	// Files are those beside the profile by their paths.
	Files map[string]string `json:"files"`
	// Fresh forgets the state before: every file is new.
	Fresh bool `json:"fresh"`
}

// generated is the answer to generate.
type generated struct {
	Valid    bool      `json:"valid"`
	Problems []problem `json:"problems"`
	Notices  []notice  `json:"notices"`
	Files    []*file   `json:"files"`
	Removed  []string  `json:"removed"`
	Hosts    []string  `json:"hosts"`
	MS       float64   `json:"ms"`
}

// problem is one of the profile, or of a file beside it. Lines and columns count from 1, columns in UTF-16 units.
type problem struct {
	place
	Column    int    `json:"column"`
	EndLine   int    `json:"endLine"`
	EndColumn int    `json:"endColumn"`
	Path      string `json:"path"`
	Message   string `json:"message"`
	Hint      string `json:"hint"`
	Text      string `json:"text"` // as the program prints it
}

// place is a line; the File of the profile itself is "".
type place struct {
	File string `json:"file"`
	Line int    `json:"line"`
}

type notice struct {
	place
	Column int    `json:"column"`
	Host   string `json:"host"`
	Text   string `json:"text"`
}

// file is a generated file, and how it differs from the last valid state.
type file struct {
	Path string `json:"path"`
	// Text is nil where it is the same as in the answer before.
	Text    *string  `json:"text"`
	Once    bool     `json:"once"`
	Status  status   `json:"status"`
	Changed []int    `json:"changed"`
	From    []*place `json:"from"` // by line; nil where no line comes from the profile

	data []byte
}

type status string

const (
	isNew   status = "new"
	changed status = "changed"
	same    status = "same"
)

// state is what a valid profile becomes.
type state struct {
	answer generated
	files  map[string]*file
	tree   *generator.Tree
	// sources are what was read as the profile.
	sources []profile.Content
}

var errNothing = errors.New("nothing was generated yet")

// generate makes the flake in memory.
func (p *Page) generate(q question) (generated, error) {
	began := p.now()
	if q.Fresh {
		p.valid = nil
	}
	out, err := p.make(q)
	out.MS = float64(p.now().Sub(began).Microseconds()) / 1000
	return out, err
}

func (p *Page) make(q question) (generated, error) {
	s := newSource(q.Profile, q.Files)
	read, tree, notices, err := p.read(s, q.Facts)
	var problems profile.Problems
	if err != nil && !errors.As(err, &problems) {
		return generated{}, err
	}
	out := generated{Problems: []problem{}, Notices: []notice{}, Files: []*file{}, Removed: []string{}, Hosts: []string{}}
	if read != nil {
		for _, h := range read.Hosts {
			out.Hosts = append(out.Hosts, h.Name)
		}
	}
	out.Notices = append(out.Notices, exampleKeys(q)...)
	said := map[notice]bool{} // what hosts have in common is said of each
	for _, n := range notices {
		one := notice{at(n.Pos), s.column(n.Pos, n.Pos.Column), "", n.Text}
		if said[one] {
			continue
		}
		said[one] = true
		one.Host = n.Host
		out.Notices = append(out.Notices, one)
	}
	if len(problems) > 0 {
		if problems, out.Problems, err = p.problems(s, problems); err != nil {
			return generated{}, err
		}
		p.current = problems
		if p.valid != nil {
			out.Files = p.valid.again()
		}
		return out, nil
	}
	paths := make([]string, len(tree.Files))
	for i, f := range tree.Files {
		paths[i] = f.Path
	}
	if err := manifest.Check(paths); err != nil {
		p.current = err
		return generated{}, err
	}
	out.Valid = true
	now := &state{tree: tree, files: map[string]*file{}, sources: read.Sources}
	from := linesOf(read)
	for _, f := range tree.Files {
		one := &file{Path: f.Path, Once: f.Once, Changed: []int{}, From: from.of(f.Lines), data: f.Data}
		p.valid.compare(one)
		now.files[f.Path] = one
		out.Files = append(out.Files, one)
	}
	for path := range p.valid.all() {
		if now.files[path] == nil {
			out.Removed = append(out.Removed, path)
		}
	}
	slices.Sort(out.Removed)
	now.answer = out
	p.valid, p.current = now, nil
	return out, nil
}

// read loads the profile and generates: all that is wrong is found at once, as the program does.
func (p *Page) read(s *source, reports map[string]json.RawMessage) (
	*profile.Profile, *generator.Tree, []generator.Notice, error,
) {
	read, failed := p.reader.Load(s, profileName)
	if read == nil {
		return nil, nil, nil, failed
	}
	facts, unread := generator.NamedFacts(read, s)
	if err := addFacts(facts, read, reports); err != nil {
		return nil, nil, nil, err
	}
	var mu sync.Mutex
	var warned []generator.Notice
	warn := func(n generator.Notice) {
		mu.Lock()
		defer mu.Unlock()
		warned = append(warned, n)
	}
	tree, err := generator.Generate(generator.Input{
		Profile: read, Schema: p.schema, Facts: facts, Files: s, Pins: p.pins, Tool: p.tool, Index: p.names,
		Warn: warn, Explain: true, NoFiles: failed != nil,
	})
	notices := generator.Warnings(warned)
	if tree != nil {
		notices = append(notices, tree.Notices...)
	}
	return read, tree, notices, profile.Join(failed, unread, err)
}

// names are those of packages and options that ship with the program. They are exact where they were made from what
// the host is built from.
func (p *Page) names(in generator.Inputs) *index.Index {
	x := index.Open(in.Release)
	if in.Pinned {
		return x.For(in.NixpkgsHash, in.HomeManagerHash)
	}
	pins := p.pins[in.Release]
	return x.For(pins["nixpkgs"].NarHash(), pins["home-manager"].NarHash())
}

// addFacts adds the reports of hosts that name none. The one of "" is that of a profile's only host.
func addFacts(facts map[string]hardware.Facts, p *profile.Profile, reports map[string]json.RawMessage) error {
	for _, h := range p.Hosts {
		report, given := reports[h.Name]
		if !given && len(p.Hosts) == 1 {
			report, given = reports[""]
		}
		if h.Facts != nil || !given {
			continue
		}
		f, err := hardware.Read(bytes.NewReader(report))
		if err != nil {
			return fmt.Errorf("the facts of %s: %w", h.Name, err)
		}
		facts[h.Name] = f
	}
	return nil
}

// problems are ps without the secrets in them, and as the page shows them.
func (p *Page) problems(s *source, ps profile.Problems) (profile.Problems, []problem, error) {
	shown, texts, err := s.render(p.schema, ps)
	if err != nil {
		return nil, nil, err
	}
	out := make([]problem, len(ps))
	for i, one := range shown {
		message := one.What
		if one.Why != "" {
			message += "; " + one.Why
		}
		out[i] = problem{
			place: at(one.Pos), Column: s.column(one.Pos, one.Pos.Column), EndLine: one.Pos.Line,
			EndColumn: s.column(one.Pos, one.Pos.Column+one.Width()), Path: one.Path, Message: message, Hint: one.Hint,
			Text: texts[i],
		}
	}
	return shown, out, nil
}

func at(p profile.Pos) place {
	if p.File == profileName {
		p.File = ""
	}
	return place{p.File, p.Line}
}

// column is a column of the line that pos is in, in UTF-16 units.
func (s *source) column(pos profile.Pos, column int) int {
	lines := strings.SplitN(string(s.files[pos.File]), "\n", pos.Line+1)
	if pos.Line < 1 || pos.Line > len(lines) {
		return column
	}
	line := []rune(strings.TrimSuffix(lines[pos.Line-1], "\r"))
	return 1 + len(utf16.Encode(line[:max(0, min(column-1, len(line)))]))
}
