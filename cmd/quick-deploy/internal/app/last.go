package app

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/atomic"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/machine"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/probe"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/source"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/tree"
	"github.com/quick-deploy/quick-deploy/generator/encode"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

// Last is a run of generate that found nothing to do, with all that this depended on: where that is the same
// again, so is the outcome. It is kept in the user's state folder, one file a flake, and is a cache: what cannot be
// read, or not be compared, is as if it were not there.
type Last struct {
	Version int
	// About is a hash of the program, its flags and this machine's name.
	About string
	// Name is the profile as messages name it.
	Name string
	// Sources are all files that were read, with a hash of each and where links lead to.
	Sources map[string]string
	// Names are the files that names of packages were looked up in, as names.files has them.
	Names map[string]string
	// Probed is a hash of what this machine tells of itself, "" where that does not matter.
	Probed string
	// Notices and Age are what was told, From and Until the time in which it is worded so.
	Notices     []string
	Age         string
	From, Until time.Time
	Stamp       string

	stamp tree.Stamp
	tree  *tree.Tree
}

const (
	lastVersion = 2
	// lastKept is how many flakes have a Last.
	lastKept = 16
)

// AgainLast is the last run of generate where this one would come to the same, else nil. It tells what
// that one told.
func AgainLast(ctx context.Context, a *App) *Last {
	last, err := readLast(a)
	if err == nil {
		err = last.same(ctx, a)
	}
	if err != nil {
		a.Log.Info("generates again", "because", err)
		return nil
	}
	a.Log.Info("nothing has changed since the last run", "flake", last.tree.Dir(), "files", len(last.stamp.Paths))
	for _, n := range last.Notices {
		a.Say("%s", n)
	}
	tellAge(a, last.Age)
	return last
}

// Dir is the flake's folder.
func (l *Last) Dir() string { return l.tree.Dir() }

// Reveal does what WriteFlake does where there is nothing to write.
func (l *Last) Reveal(ctx context.Context, a *App, force bool) error {
	return reveal(ctx, a, l.tree, l.stamp.Files(), force)
}

// same is an error if anything may be otherwise than it was.
func (l *Last) same(ctx context.Context, a *App) error {
	if now := a.Now(); now.Before(l.From) || !now.Before(l.Until) {
		return errors.New("inputs have another age")
	}
	src, err := source.New(&source.Seen{}, nil)
	if err != nil {
		return err
	}
	for name, was := range l.Sources {
		data, err := src.ReadFile(name)
		if err != nil || sourceHash(name, data) != was {
			return fmt.Errorf("%s has changed", name)
		}
	}
	if !sameNames(l.Names) {
		return errors.New("other names are known")
	}
	if !l.tree.Is(l.stamp) {
		return errors.New("the flake has changed")
	}
	if l.Probed == "" {
		return nil
	}
	facts, _ := probe.Run(ctx, probe.Options{Root: a.Root})
	if sum, err := factsHash(facts); err != nil || sum != l.Probed {
		return errors.New("the machine has changed")
	}
	return nil
}

// RememberLast keeps the run for AgainLast if it found nothing to do.
func RememberLast(a *App, g *Generated) {
	if err := rememberLast(a, g); err != nil {
		a.Log.Info("not remembered", "because", err)
	}
}

func rememberLast(a *App, g *Generated) error {
	stamp, ok := g.Tree.Stamp(g.Changes)
	sources, all := a.Seen.All()
	if !ok || !all || g.Builtin {
		return errors.New("it cannot be told again from the files")
	}
	// By what this run has used, whatever has become of it since.
	about, err := aboutRun(a, g.Name, g.machine.Hostname)
	if err != nil {
		return err
	}
	l := Last{
		Version: lastVersion, About: about, Name: g.Name, Sources: map[string]string{}, Names: g.names.files,
		Probed: g.probed, Age: g.age, From: a.Now(), Until: a.Now().AddDate(1, 0, 0), Stamp: stamp.Sum,
	}
	for _, s := range sources {
		l.Sources[s.Name] = sourceHash(s.Name, s.Data)
	}
	l.Notices = noticeLines(a, g.Flake.Notices, false)
	for _, in := range g.Inputs {
		if in.Revision != nil && in.LastModified > 0 {
			next := time.Unix(in.LastModified, 0).Add(time.Duration(in.AgeDays+1) * 24 * time.Hour)
			l.Until = slices.MinFunc([]time.Time{l.Until, next}, time.Time.Compare)
		}
	}
	head, err := json.Marshal(l)
	if err != nil {
		return err
	}
	file := lastFile(g.Tree)
	if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
		return err
	}
	data := append(append(head, '\n'), strings.Join(stamp.Paths, "\n")...)
	if err := (atomic.Writer{}).Replace(file, data, 0o600); err != nil {
		return err
	}
	return pruneLast(filepath.Dir(file))
}

// pruneLast keeps the newest files in dir. What a killed run left of one goes with them.
func pruneLast(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	var files []fs.FileInfo
	for _, e := range entries {
		if info, err := e.Info(); err == nil { // else another run has pruned it
			files = append(files, info)
		}
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int { return b.ModTime().Compare(a.ModTime()) })
	for _, f := range files[min(lastKept, len(files)):] {
		err = cmp.Or(err, os.Remove(filepath.Join(dir, f.Name())))
	}
	return err
}

// readLast reads what is kept for the flake, if it is of a run like this.
func readLast(a *App) (*Last, error) {
	t, err := tree.Open(a.Flake, atomic.Writer{})
	if err != nil {
		return nil, err
	}
	data, err := regular.Read(lastFile(t))
	if err != nil {
		return nil, err
	}
	head, paths, _ := bytes.Cut(data, []byte("\n"))
	l := Last{tree: t}
	if err := json.Unmarshal(head, &l); err != nil {
		return nil, err
	}
	l.stamp = tree.Stamp{Sum: l.Stamp, Paths: strings.Split(string(paths), "\n")}
	profile, err := a.ProfilePath()
	if err != nil {
		return nil, err
	}
	about, err := aboutRun(a, profile, machine.Read(a.Root).Hostname)
	if err != nil {
		return nil, err
	}
	if l.Version != lastVersion || l.About != about || slices.Contains(l.stamp.Paths, "") {
		return nil, errors.New("the last run was another")
	}
	return &l, nil
}

// lastFile is where the last run is kept.
func lastFile(t *tree.Tree) string {
	name := strings.NewReplacer("/", "_", "+", "-", "=", "").Replace(encode.Hash([]byte(t.Dir())))
	return filepath.Join(StateDir(), "generated", name)
}

// aboutRun is a hash of what a run depends on beside the content of files: the program, down to the file that it is,
// its flags, where it was started, the profile, and the name of the machine, by which a host is chosen.
func aboutRun(a *App, profile, hostname string) (string, error) {
	if a.JSON {
		return "", errors.New("JSON is not remembered")
	}
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	self, err := os.Stat("/proc/self/exe")
	if err != nil {
		return "", err
	}
	stat, ok := self.Sys().(*syscall.Stat_t)
	if !ok {
		return "", errors.ErrUnsupported
	}
	program := []any{stat.Dev, stat.Ino, stat.Size, stat.Mtim, stat.Ctim}
	o := a.Options
	o.DryRun = false
	extends := slices.Clone(a.ExtendsFrom)
	for i, from := range extends {
		extends[i] = source.Real(from)
	}
	return encode.Hash(fmt.Appendf(nil, "%q %v %+v %q %q %q %q", a.Version, program, o, profile, dir, extends,
		hostname)), nil
}

// sourceHash is a hash of a source, and of where it lies behind links: by that a profile may extend it or not.
func sourceHash(name string, data []byte) string {
	return encode.Hash(fmt.Appendf(nil, "%s\x00%s", source.Real(name), data))
}

func factsHash(f hardware.Facts) (string, error) {
	data, err := json.Marshal(f)
	return encode.Hash(data), err
}
