// Command mkpins brings the pins that are built into the program to the newest
// revisions of what they name. It takes Nix and a network.
//
// What an input brings along is read from its own flake.lock, as Nix reports
// it; which of those inputs are redirected stays as the file says, except that
// every nixpkgs becomes ours.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/flake"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("mkpins: ")
	file := flag.String("file", "generator/flake/pins.json", "file to bring up to date")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *file, metadata); err != nil {
		log.Fatal(err)
	}
}

// asker returns what nix flake metadata --json prints about a flake reference.
type asker func(ctx context.Context, url string) ([]byte, error)

func metadata(ctx context.Context, url string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "nix", "--extra-experimental-features", "nix-command flakes",
		"flake", "metadata", "--json", "--no-write-lock-file", "--refresh", url)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("ask Nix: %w", err)
	}
	return out, nil
}

func run(ctx context.Context, name string, ask asker) error {
	data, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	file, err := flake.ReadPinFile(data)
	if err != nil {
		return err
	}
	groups := []map[string]flake.PinEntry{file.Optional}
	for _, release := range slices.Sorted(maps.Keys(file.Releases)) {
		groups = append(groups, file.Releases[release])
	}
	for _, inputs := range groups {
		for _, name := range slices.Sorted(maps.Keys(inputs)) {
			entry, err := refresh(ctx, inputs[name], ask)
			if err != nil {
				return fmt.Errorf("%s (%s): %w", name, inputs[name].URL, err)
			}
			inputs[name] = entry
		}
	}
	if err := check(file.Pins()); err != nil {
		return err
	}
	out, err := encode(file)
	if err != nil || bytes.Equal(out, data) {
		return err
	}
	return os.WriteFile(name, out, 0o644)
}

func encode(file flake.PinFile) ([]byte, error) {
	data, err := json.MarshalIndent(file, "", "  ")
	return append(data, '\n'), err
}

// check locks everything for every release: what the program could not write
// must not be built into it.
func check(pins flake.Pins) error {
	for _, release := range pins.Releases() {
		inputs, err := pins.Inputs(release, pins.Names(release)...)
		if err != nil {
			return err
		}
		if _, err := flake.Lock(inputs); err != nil {
			return fmt.Errorf("release %s: %w", release, err)
		}
	}
	return nil
}

// node is a node of a lock file (src/libflake/lockfile.cc of Nix).
type node struct {
	Flake    *bool                      `json:"flake"`
	Inputs   map[string]json.RawMessage `json:"inputs"` // a node's name, or a path to follow
	Locked   source                     `json:"locked"`
	Original map[string]any             `json:"original"`
}

// source is the part of a locked input that a pin holds.
type source struct {
	Rev          string `json:"rev"`
	NarHash      string `json:"narHash"`
	LastModified int64  `json:"lastModified"`
}

// edge is where an input of a node leads: to the node called name, or else
// along a path from the flake whose lock file it is.
func edge(raw json.RawMessage) (name string, follows []string, err error) {
	if err = json.Unmarshal(raw, &name); err != nil {
		err = json.Unmarshal(raw, &follows)
	}
	return name, follows, err
}

// refresh is the entry at the newest revision of its URL.
func refresh(ctx context.Context, old flake.PinEntry, ask asker) (flake.PinEntry, error) {
	data, err := ask(ctx, old.URL)
	if err != nil {
		return old, err
	}
	var now struct {
		Locked source `json:"locked"`
		Locks  struct {
			Nodes map[string]node `json:"nodes"`
			Root  string          `json:"root"`
		} `json:"locks"`
	}
	if err := json.Unmarshal(data, &now); err != nil {
		return old, fmt.Errorf("read what Nix says: %w", err)
	}
	entry := flake.PinEntry{
		URL: old.URL, Source: old.Source,
		Rev: now.Locked.Rev, NarHash: now.Locked.NarHash, LastModified: now.Locked.LastModified,
	}
	for _, name := range slices.Sorted(maps.Keys(now.Locks.Nodes[now.Locks.Root].Inputs)) {
		target, redirected := old.Follows[name]
		if !redirected && name == "nixpkgs" {
			target, redirected = "nixpkgs", true
		}
		if redirected {
			entry.Follows = with(entry.Follows, name, target)
			continue
		}
		child, follows, err := edge(now.Locks.Nodes[now.Locks.Root].Inputs[name])
		if err != nil {
			return old, fmt.Errorf("input %s: %w", name, err)
		}
		if child == "" {
			return old, fmt.Errorf("input %s follows %s: redirect it in the file", name, strings.Join(follows, "/"))
		}
		nested, err := nest(now.Locks.Nodes, child, nil, []string{name})
		if err != nil {
			return old, err
		}
		entry.Inputs = with(entry.Inputs, name, nested)
	}
	return entry, nil
}

// nest is the node called name as an input of the flake at the path parent, at
// its own path at; both count from the flake whose lock file it is.
func nest(nodes map[string]node, name string, parent, at []string) (flake.PinEntry, error) {
	n := nodes[name]
	url, err := flake.FormatRef(n.Original)
	if err != nil {
		return flake.PinEntry{}, fmt.Errorf("input %s: %w", strings.Join(at, "/"), err)
	}
	entry := flake.PinEntry{
		URL: url, Source: n.Flake != nil && !*n.Flake,
		Rev: n.Locked.Rev, NarHash: n.Locked.NarHash, LastModified: n.Locked.LastModified,
	}
	for _, input := range slices.Sorted(maps.Keys(n.Inputs)) {
		path := append(slices.Clone(at), input)
		child, follows, err := edge(n.Inputs[input])
		if err != nil {
			return entry, fmt.Errorf("input %s: %w", strings.Join(path, "/"), err)
		}
		if child != "" {
			nested, err := nest(nodes, child, at, path)
			if err != nil {
				return entry, err
			}
			entry.Inputs = with(entry.Inputs, input, nested)
			continue
		}
		// A redirection counts from the flake that declares it, and a file of
		// pins knows of the parent only.
		if len(follows) <= len(parent) || !slices.Equal(follows[:len(parent)], parent) {
			return entry, fmt.Errorf("input %s is redirected by a flake further up, to %s",
				strings.Join(path, "/"), strings.Join(follows, "/"))
		}
		entry.Follows = with(entry.Follows, input, strings.Join(follows[len(parent):], "/"))
	}
	return entry, nil
}

// with adds an entry to a map that may be nil.
func with[V any](m map[string]V, key string, value V) map[string]V {
	if m == nil {
		m = map[string]V{}
	}
	m[key] = value
	return m
}
