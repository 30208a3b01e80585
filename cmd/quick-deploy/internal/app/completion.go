package app

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/backup"
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

// wordsOf are the words for a list, none where it could not be read.
func wordsOf[T any](list []T, err error, word func(T) Word) []Word {
	if err != nil {
		return nil
	}
	var out []Word
	for _, item := range list {
		out = append(out, word(item))
	}
	return out
}

// hosts are those of the profile.
func (a *App) hosts() ([]*profile.Host, error) {
	l, err := a.load()
	if err != nil {
		return nil, err
	}
	return l.profile.Hosts, nil
}

// HostWords are the hosts.
func (a *App) HostWords() []Word {
	all, err := a.hosts()
	return wordsOf(all, err, func(h *profile.Host) Word {
		return Word{h.Name, strings.Join(slices.Concat(h.Groups, h.Tags), ", ")}
	})
}

// SelectorWords are the hosts, and the groups and tags of them.
func (a *App) SelectorWords() []Word {
	all, _ := a.hosts()
	var names []string
	for _, h := range all {
		for _, name := range slices.Concat(h.Groups, h.Tags) {
			names = append(names, "@"+name)
		}
	}
	slices.Sort(names)
	return append(a.HostWords(), Words(slices.Compact(names)...)...)
}

// ServiceWords are the services for which keep says so; it is told whether the host runs it.
func (a *App) ServiceWords(keep func(on bool) bool) []Word {
	var host *profile.Node // nil if it is not clear which
	if l, name, err := a.loadHost(); err == nil {
		host = l.node(name)
	}
	all, err := catalogue.All()
	all = slices.DeleteFunc(all, func(s catalogue.Service) bool {
		n := host.Get("services", s.Name)
		return !keep(n != nil && n.Scalar != false)
	})
	return wordsOf(all, err, func(s catalogue.Service) Word { return Word{s.Name, s.Summary} })
}

// KeyWords are the values that a host has, by their paths; of "" those of the host that commands act on.
func (a *App) KeyWords(host string) []Word {
	if host != "" {
		a = a.forHost(host)
	}
	l, name, err := a.loadHost()
	if err != nil {
		return nil
	}
	var out []Word
	var walk func(n *profile.Node, path string)
	walk = func(n *profile.Node, path string) {
		for _, f := range n.Fields {
			out = append(out, Word{Text: path + f.Key})
			walk(f.Value, path+f.Key+".")
		}
	}
	walk(l.node(name), "")
	return out
}

// RunWords are the runs of history, newest first.
func RunWords() []Word {
	records, _ := (&journal.Store{Dir: StateDir()}).Records()
	return wordsOf(records, nil, func(r journal.Record) Word {
		return Word{strconv.Itoa(r.ID), fmt.Sprintf("%s %s %s", r.Started.Local().Format(minute), r.Verb, r.Result)}
	})
}

// BackupWords are the backups, newest first.
func BackupWords() []Word {
	all, err := backups().List()
	return wordsOf(all, err, func(m backup.Manifest) Word { return Word{Text: m.ID} })
}

// PresetWords are the presets.
func PresetWords() []Word {
	all, err := catalogue.Presets()
	return wordsOf(all, err, func(p catalogue.Preset) Word { return Word{p.Name, p.Summary} })
}

// BundleWords are the bundles of packages.
func BundleWords() []Word {
	all, err := bundle.All()
	return wordsOf(all, err, func(b bundle.Bundle) Word { return Word{"bundle:" + b.Name, b.Summary} })
}
