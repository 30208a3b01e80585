// Mkindex writes the tables in data:
//
//	go run ./generator/index/mkindex [FOLDER]
//
// Without FOLDER, Nix evaluates the built-in pins; that takes the network, a GB of memory and a few minutes. FOLDER has
// lists that were made before, in a folder for each release, such as 26.05:
//
//	packages.json      names of attributes, as a list
//	options.json       options of NixOS by name: {type, default}, as names.nix or nixpkgs' nixosOptionsDoc makes them
//	home-options.json  the same of home-manager
//	sources.json       {"packages": {"of": "…", "narHash": "…"}, …}: what each list was made from
//
// Only names, types and defaults are taken: of types the beginning, of defaults those of one short line.
package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/index"
)

const (
	longestType    = 100
	longestDefault = 40
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("mkindex: ")
	var err error
	switch len(os.Args) {
	case 1:
		err = byNix()
	case 2:
		err = run(os.Args[1])
	default:
		err = errors.New("usage: mkindex [FOLDER]")
	}
	if err != nil {
		log.Fatal(err)
	}
}

func byNix() error {
	dir, err := os.MkdirTemp("", "mkindex")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := collect(dir); err != nil {
		return err
	}
	return run(dir)
}

// row is an entry with the releases that have it.
type row struct{ name, typ, def string }

// release is one of data/releases.json.
type release struct {
	Name    string                       `json:"name"`
	Sources map[string]map[string]string `json:"sources"`
}

func run(dir string) error {
	found, err := filepath.Glob(filepath.Join(dir, "*", "sources.json"))
	if err != nil || found == nil {
		return errors.Join(err, fmt.Errorf("%s has no release", dir))
	}
	var releases []release
	lists := map[string]map[row]int{}
	for bit, file := range found {
		r := release{Name: filepath.Base(filepath.Dir(file))}
		if err := read(file, &r.Sources); err != nil {
			return err
		}
		releases = append(releases, r)
		for _, kind := range []string{"packages", "options", "home-options"} {
			if lists[kind] == nil {
				lists[kind] = map[row]int{}
			}
			rows, err := rowsOf(filepath.Join(filepath.Dir(file), kind+".json"), kind)
			if err != nil {
				return err
			}
			for _, one := range rows {
				lists[kind][one] |= 1 << bit
			}
		}
	}
	types, defaults := map[string]int{}, map[string]int{}
	for kind, rows := range lists {
		if kind == "packages" {
			continue
		}
		for one := range rows {
			types[one.typ]++
			defaults[one.def]++
		}
	}
	t, d := numbered(types), numbered(defaults, "", index.OwnPackage)
	for kind, rows := range lists {
		text, err := encode(kind, rows, 1<<len(releases)-1, t, d)
		if err == nil {
			err = write(kind+".txt", text)
		}
		if err != nil {
			return err
		}
	}
	for name, numbers := range map[string]map[string]int{"types.txt": t, "defaults.txt": d} {
		texts := slices.SortedFunc(maps.Keys(numbers), func(a, b string) int { return numbers[a] - numbers[b] })
		if err := write(name, strings.Join(texts, "\n")+"\n"); err != nil {
			return err
		}
	}
	data, err := json.MarshalIndent(releases, "", "  ")
	if err != nil {
		return err
	}
	return write("releases.json", string(data)+"\n")
}

func write(name, text string) error {
	return os.WriteFile(filepath.Join("generator", "index", "data", name), []byte(text), 0o644)
}

func read(file string, into any) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(data, into); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	return nil
}

// attribute is what a package can be called in a profile.
var attribute = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_'+-]*$`)

func rowsOf(file, kind string) (rows []row, err error) {
	if kind == "packages" {
		var names []string
		if err := read(file, &names); err != nil {
			return nil, err
		}
		for _, name := range names {
			if attribute.MatchString(name) && !strings.HasPrefix(name, "__") {
				rows = append(rows, row{name: name})
			}
		}
		return rows, nil
	}
	var options map[string]struct {
		Type    string
		Default json.RawMessage
	}
	if err := read(file, &options); err != nil {
		return nil, err
	}
	for name, o := range options {
		if strings.HasPrefix(name, "_module.") || strings.Contains(name, "._module.") {
			continue
		}
		rows = append(rows, row{name, short(o.Type), defaultOf(name, o.Default)})
	}
	return rows, nil
}

// short is a type as it is kept.
func short(kind string) string {
	kind = strings.Join(strings.Fields(kind), " ")
	kind = strings.NewReplacer("“", `"`, "”", `"`, "‘", "'", "’", "'").Replace(kind)
	kind = strings.TrimSuffix(kind, " (read only)")
	if len(kind) <= longestType {
		return kind
	}
	kind = kind[:longestType]
	return strings.ToValidUTF8(kind[:max(strings.LastIndexAny(kind, " "), longestType/2)], "") + "…"
}

// reference is a link of the manual to an option.
var reference = regexp.MustCompile(`^\[[^]]*\]\(#opt-([A-Za-z0-9_.<>-]+)\)$`)

// defaultOf is a default as it is kept: Nix that fits in a line, "" for all else. Texts of the manual are not kept.
func defaultOf(name string, data json.RawMessage) string {
	var text string
	if json.Unmarshal(data, &text) != nil {
		var o struct {
			Type string `json:"_type"`
			Text string `json:"text"`
		}
		if json.Unmarshal(data, &o) != nil || o.Type == "literalMD" {
			return ""
		}
		text = o.Text
	}
	text = strings.TrimSpace(text)
	if m := reference.FindStringSubmatch(text); m != nil {
		text = "config." + m[1]
	}
	switch {
	case text == "pkgs."+before(name):
		return index.OwnPackage
	case len(text) > longestDefault || strings.ContainsAny(text, "\n\t") || isProse(text),
		strings.Contains(text, "<derivation "), strings.Contains(text, "<function"):
		return ""
	}
	return text
}

func before(name string) string {
	name = name[:max(0, strings.LastIndexByte(name, '.'))]
	return name[strings.LastIndexByte(name, '.')+1:]
}

// words are three words of a sentence.
var words = regexp.MustCompile(`^[A-Za-z]?[a-z]+,? [a-z]+ [a-z]+`)

// isProse tells words of the manual from Nix.
func isProse(text string) bool {
	first, _, _ := strings.Cut(text, " ")
	return words.MatchString(text) && first != "if" && first != "let" && first != "with" || strings.Contains(text, "](")
}

// numbered numbers texts, the given ones first and then those that are there most often.
func numbered(count map[string]int, first ...string) map[string]int {
	for i, text := range first {
		count[text] = 1<<30 - i
	}
	order := slices.SortedFunc(maps.Keys(count), func(a, b string) int {
		return cmp.Or(count[b]-count[a], cmp.Compare(a, b))
	})
	out := map[string]int{}
	for i, text := range order {
		out[text] = i
	}
	return out
}

// encode writes a list in the form that package index describes in format.go.
func encode(kind string, rows map[row]int, all int, types, defaults map[string]int) (string, error) {
	order := slices.SortedFunc(maps.Keys(rows), func(a, b row) int {
		return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.typ, b.typ), cmp.Compare(a.def, b.def))
	})
	var out index.Writer
	for _, one := range order {
		numbers := ""
		if kind != "packages" {
			typ, ok := index.Number(types[one.typ])
			def, also := index.Number(defaults[one.def])
			if !ok || !also {
				return "", errors.New("there are too many types or defaults: have fewer kept")
			}
			if numbers = typ; one.def != "" {
				numbers += def
			}
		}
		releases := rows[one]
		if releases == all {
			releases = 0
		}
		out.Add(one.name, numbers, releases)
	}
	return out.String(), nil
}
