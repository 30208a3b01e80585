// Package play is the generator as the page in the browser uses it: questions and answers in JSON, about a profile that
// is being edited. It reads no file, and has no network and no clock but the one that it is given.
package play

import (
	"encoding/json"
	"fmt"
	"sync"
	"time"

	"github.com/quick-deploy/quick-deploy/generator/flake"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/generator/search"
	"github.com/quick-deploy/quick-deploy/schema"
)

// Page is one page. Its methods are not for concurrent use.
type Page struct {
	version string
	tool    *flake.Locked
	now     func() time.Time
	schema  *schema.Node
	reader  profile.Reader
	pins    flake.Pins
	// finder is made when something is looked for.
	finder func() *search.Searcher
	// valid is the last valid state, and current says that it is that of the profile as it is now, or else why there is
	// none.
	valid   *state
	current error
}

// New is a page of the program's version, as the manifest of a flake has it. Tool is what the program was built from,
// nil where that is not known.
func New(version string, tool *flake.Locked, now func() time.Time) (*Page, error) {
	p := &Page{version: version, tool: tool, now: now, current: errNothing}
	var err error
	if p.schema, err = schema.Root(); err != nil {
		return nil, err
	}
	p.reader.Schema = p.schema
	if p.pins, err = flake.Builtin(); err != nil {
		return nil, fmt.Errorf("built-in pins: %w", err)
	}
	p.finder = sync.OnceValue(func() *search.Searcher { return search.New(p.shipped()) })
	return p, nil
}

// Call answers the question called name; args and the answer are JSON.
func (p *Page) Call(name string, args []byte) ([]byte, error) {
	switch name {
	case "info":
		return answer(args, p.info)
	case "generate":
		return answer(args, p.generate)
	case "complete":
		return answer(args, p.complete)
	case "hover":
		return answer(args, p.hover)
	case "search":
		return answer(args, p.search)
	case "add":
		return answer(args, p.add)
	case "share":
		return answer(args, p.share)
	case "open":
		return answer(args, open)
	}
	return nil, fmt.Errorf("unknown question %q", name)
}

// answer reads the question, and writes the answer.
func answer[Q, A any](args []byte, f func(Q) (A, error)) ([]byte, error) {
	var q Q
	if err := json.Unmarshal(args, &q); err != nil {
		return nil, fmt.Errorf("read the question: %w", err)
	}
	a, err := f(q)
	if err != nil {
		return nil, err
	}
	return json.Marshal(a)
}
