package play

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/generator/search"
)

// found is something that a search has found.
type found struct {
	search.Hit
	// Add is what goes into a host of the profile, "" where somebody has to say a value first.
	Add string `json:"add"`
}

// enough is how many hits anybody looks through.
const enough = 50

func (p *Page) search(q struct{ Query string }) ([]found, error) {
	r, err := p.finder().Find(q.Query, enough)
	if err != nil {
		return nil, err
	}
	out := []found{}
	for _, h := range r.Hits {
		h.About = cmp.Or(h.About, h.Type)
		f := found{Hit: h}
		if h.Complete() {
			f.Add = h.How
		}
		out = append(out, f)
	}
	return out, nil
}

// addition is what to add to which host, "" for the only one.
type addition struct {
	question
	Name string      `json:"name"`
	Kind search.Kind `json:"kind"` // "" for the first that has the name
	Host string      `json:"host"`
}

// added is the profile with it.
type added struct {
	Profile string `json:"profile"`
	Note    string `json:"note"`
}

// add writes what has exactly the name into the profile, as search --add does.
func (p *Page) add(q addition) (added, error) {
	var kinds []search.Kind
	if q.Kind != "" {
		kinds = append(kinds, q.Kind)
	}
	r, err := p.finder().Find(q.Name, 200, kinds...)
	if err != nil {
		return added{}, err
	}
	i := slices.IndexFunc(r.Hits, func(h search.Hit) bool { return h.Name == q.Name })
	if i < 0 {
		return added{}, fmt.Errorf("unknown name %q", q.Name)
	}
	h := r.Hits[i]
	if !h.Complete() {
		return added{}, fmt.Errorf("%s needs a value from you: write it into the profile, below its host: %s", h.Name, h.How)
	}
	to := search.Place{Text: []byte(q.Profile)}
	if to.Root, err = profile.Parse(profileName, to.Text); err != nil {
		return added{}, err
	}
	read, err := p.reader.Load(newSource(q.Profile, q.Files), profileName)
	if read == nil {
		return added{}, err
	}
	host := read.Host(q.Host)
	if q.Host == "" && len(read.Hosts) == 1 {
		host = read.Hosts[0]
	}
	if host == nil {
		var names []string
		for _, h := range read.Hosts {
			names = append(names, h.Name)
		}
		return added{}, fmt.Errorf("say which host gets it: %s", strings.Join(names, ", "))
	}
	to.Host, to.Merged = host.Name, host.Node()
	if at := to.There(h); at.IsValid() {
		return added{}, fmt.Errorf("%s is already there (%s:%d)", h.Name, at.File, at.Line)
	}
	_, text, err := to.Edited(h, h.Name, h.Toggled())
	if err != nil {
		return added{}, err
	}
	out := added{Profile: string(text)}
	if to.Unfree(h) {
		out.Note = h.Name + " is unfree: name it in allowUnfree as well"
	}
	return out, nil
}
