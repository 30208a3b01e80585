package app

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/catalogue"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/generator/bundle"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// Word is a word that a shell may complete, with a line about it. What cannot be
// found out gives no words: there is nobody to tell.
type Word struct{ Text, About string }

// Words are words that need no explanation.
func Words(texts ...string) []Word {
	out := make([]Word, len(texts))
	for i, text := range texts {
		out[i].Text = text
	}
	return out
}

// HostWords are the hosts.
func (a *App) HostWords() []Word {
	l, err := a.load()
	if err != nil {
		return nil
	}
	var out []Word
	for _, h := range l.profile.Hosts {
		out = append(out, Word{h.Name, strings.Join(slices.Concat(h.Groups, h.Tags), ", ")})
	}
	return out
}

// SelectorWords are the hosts, and the groups and tags of them.
func (a *App) SelectorWords() []Word {
	l, err := a.load()
	if err != nil {
		return nil
	}
	var names []string
	for _, h := range l.profile.Hosts {
		for _, name := range slices.Concat(h.Groups, h.Tags) {
			names = append(names, "@"+name)
		}
	}
	slices.Sort(names)
	return append(a.HostWords(), Words(slices.Compact(names)...)...)
}

// ServiceWords are the services for which keep says so; it is told whether the host runs it.
func (a *App) ServiceWords(keep func(on bool) bool) []Word {
	all, err := catalogue.All()
	if err != nil {
		return nil
	}
	host := a.hostNode()
	var out []Word
	for _, s := range all {
		n := host.Get("services", s.Name)
		if keep(n != nil && n.Scalar != false) {
			out = append(out, Word{s.Name, s.Summary})
		}
	}
	return out
}

// hostNode is the merged profile of the host that commands act on, nil if that is not clear.
func (a *App) hostNode() *profile.Node {
	l, host, err := a.loadHost()
	if err != nil {
		return nil
	}
	return l.node(host)
}

// KeyWords are the values that a host has, by their paths.
func (a *App) KeyWords(host string) []Word {
	if host != "" {
		a = a.forHost(host)
	}
	var out []Word
	var walk func(n *profile.Node, path string)
	walk = func(n *profile.Node, path string) {
		for _, f := range n.Fields {
			out = append(out, Word{Text: path + f.Key})
			walk(f.Value, path+f.Key+".")
		}
	}
	if n := a.hostNode(); n != nil {
		walk(n, "")
	}
	return out
}

// RunWords are the runs of history, newest first.
func RunWords() []Word {
	records, _ := (&journal.Store{Dir: StateDir()}).Records()
	var out []Word
	for _, r := range records {
		about := fmt.Sprintf("%s %s %s", r.Started.Local().Format(minute), r.Verb, r.Result)
		out = append(out, Word{strconv.Itoa(r.ID), about})
	}
	return out
}

// BackupWords are the backups, newest first.
func BackupWords() []Word {
	all, err := backups().List()
	if err != nil {
		return nil
	}
	var out []Word
	for _, m := range all {
		out = append(out, Word{Text: m.ID})
	}
	return out
}

// PresetWords are the presets.
func PresetWords() []Word {
	all, err := catalogue.Presets()
	if err != nil {
		return nil
	}
	var out []Word
	for _, p := range all {
		out = append(out, Word{p.Name, p.Summary})
	}
	return out
}

// BundleWords are the bundles of packages.
func BundleWords() []Word {
	all, err := bundle.All()
	if err != nil {
		return nil
	}
	var out []Word
	for _, b := range all {
		out = append(out, Word{"bundle:" + b.Name, b.Summary})
	}
	return out
}
