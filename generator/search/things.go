package search

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/bundle"
	"github.com/quick-deploy/quick-deploy/schema"
)

// behind all that words.txt names is what it does not.
const behind = 1 << 16

// userPath is where in a host the keys of a user are.
const userPath = "users.NAME."

// thing is what has words of its own or of the schema: a service, a key, a bundle, or what words.txt names.
type thing struct {
	Kind  Kind
	Name  string
	About string
	title string // another name
	place int    // in the order of importance within its kind
	node  *schema.Node
	more  string // text that says more than About
	own   own    // of words.txt, if it is there
	// detail is a key of a service.
	detail bool
}

// words are those of a thing, once they are needed.
type words struct {
	name, about []string
	phrases     [][]string // what people call it
}

func (t *thing) words() (w words) {
	about, called := t.own.parts()
	w.name, w.about = telling(t.Name), telling(t.About+" "+t.more)
	if about != "" {
		w.phrases = append(w.phrases, telling(about))
	}
	for _, p := range called {
		w.phrases = append(w.phrases, telling(p))
	}
	return w
}

// mentions tells whether one of the words is anywhere in what t says; it is quick.
func (t *thing) mentions(stems []string) bool {
	for _, text := range []string{t.Name, t.About, t.more, t.own.text} {
		text = strings.ToLower(text)
		if slices.ContainsFunc(stems, func(w string) bool { return strings.Contains(text, w) }) {
			return true
		}
	}
	return false
}

// catalogue is what the schema and the bundles have.
func catalogue() ([]*thing, error) {
	root, err := schema.Root()
	if err != nil {
		return nil, err
	}
	c := &collector{by: map[at]*thing{}}
	for name, n := range root.All() {
		if name != "host" && name != "hosts" && name != "defaults" && name != "version" {
			c.key(name, n)
		}
	}
	host := root.Property("host")
	for name, n := range host.All() {
		switch name {
		case "services":
			c.key(name, n)
			for name, n := range n.All() {
				c.service(name, n)
			}
		case "users":
			c.key(name, n)
			c.keys(userPath, n.Additional)
		default:
			c.key(name, n)
			c.keys(name+".", n)
		}
	}
	bundles, err := bundle.All()
	if err != nil {
		return nil, err
	}
	for _, b := range bundles {
		c.add(Bundle, b.Name, b.Summary+": "+strings.Join(b.Packages, ", "))
	}
	return c.all, nil
}

// things are the catalogue, and what words.txt says of it and of more.
func things() ([]*thing, error) {
	all, err := catalogue()
	if err != nil {
		return nil, err
	}
	by := make(map[at]*thing, len(all))
	for _, t := range all {
		by[at{t.Kind, t.Name}] = t
	}
	for i, o := range ownWords() {
		t := by[at{o.kind, o.name}]
		if t == nil {
			if _, ok := lists[o.kind]; !ok {
				continue // a key that is gone; a test finds that
			}
			t = &thing{Kind: o.kind, Name: o.name}
			t.About, _ = o.parts()
			all = append(all, t)
		}
		t.place, t.own = i, o
	}
	return all, nil
}

// collector keeps each thing once, by kind and name.
type collector struct {
	all []*thing
	by  map[at]*thing
}

func (c *collector) add(kind Kind, name, about string) *thing {
	if t := c.by[at{kind, name}]; t != nil {
		return t
	}
	t := &thing{Kind: kind, Name: name, About: about, place: behind + len(c.all)}
	c.by[at{kind, name}] = t
	c.all = append(c.all, t)
	return t
}

func (c *collector) service(name string, n *schema.Node) {
	t := c.add(Service, name, n.Title)
	if n.Service != nil {
		t.About = n.Service.Summary
	}
	t.title, t.more = n.Title, n.Description
	for key, n := range n.All() {
		c.key("services."+name+"."+key, n).detail = true
	}
}

func (c *collector) key(path string, n *schema.Node) *thing {
	t := c.add(Key, path, n.Description)
	t.node = n
	return t
}

// keys are the keys of n and those below them.
func (c *collector) keys(above string, n *schema.Node) {
	for key, n := range n.All() {
		c.key(above+key, n)
		c.keys(above+key+".", n)
	}
}

// how is how it is written in a host of the profile.
func (t *thing) how() string {
	switch t.Kind {
	case Service:
		return flow("services."+t.Name, "{}")
	case Bundle:
		return flow("packages", "[bundle:"+t.Name+"]")
	}
	return flow(t.Name, sample(t.node))
}

// sample is a value that a key takes, as YAML in braces.
func sample(n *schema.Node) string {
	switch {
	case len(n.Examples) > 0:
		return text(n.Examples[0])
	case slices.Contains(n.Types, "boolean"):
		return text(n.Default != true)
	case n.Default != nil:
		return text(n.Default)
	case len(n.Enum) > 0:
		return text(n.Enum[0])
	case slices.Contains(n.Types, "array"):
		return "[…]"
	case slices.Contains(n.Types, "object"):
		return "{…}"
	}
	return "…"
}

// text is a value as JSON, which YAML reads; a plain word goes without quotes.
func text(v any) string {
	if s, ok := v.(string); ok && plain(s) {
		return s
	}
	data, err := json.Marshal(v)
	if err != nil {
		return "…" // not in a schema, which was JSON
	}
	return string(data)
}

// plain tells whether s is a text in YAML that needs no quotes: letters first, and nothing that means something else.
func plain(s string) bool {
	for i, r := range s {
		letter := r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
		if !letter && (i == 0 || !strings.ContainsRune("0123456789-_./@", r)) {
			return false
		}
	}
	return s != "" && !slices.Contains([]string{"true", "false", "null", "yes", "no", "on", "off"}, strings.ToLower(s))
}

// flow is value at a path of the profile, in one line: a: {b: value}.
func flow(path, value string) string {
	parts := strings.Split(path, ".")
	return strings.Join(parts, ": {") + ": " + value + strings.Repeat("}", len(parts)-1)
}
