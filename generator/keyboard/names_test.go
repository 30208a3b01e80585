package keyboard

import (
	"bufio"
	"cmp"
	"encoding/xml"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/sebdah/goldie/v2"
)

// The tables are those of what the build of a NixOS machine reads: the data of xkeyboard-config, the keymaps of
// kbd, and systemd's table that leads from the ones to the others. Only names are taken. Where these packages of
// nixpkgs lie, variables say: QUICK_DEPLOY_TEST_XKB, QUICK_DEPLOY_TEST_KBD and QUICK_DEPLOY_TEST_SYSTEMD.
func TestNames(t *testing.T) {
	xkb, kbd := os.Getenv("QUICK_DEPLOY_TEST_XKB"), os.Getenv("QUICK_DEPLOY_TEST_KBD")
	systemd := os.Getenv("QUICK_DEPLOY_TEST_SYSTEMD")
	if xkb == "" || kbd == "" || systemd == "" {
		t.Skip("no variables name xkeyboard-config, kbd and systemd")
	}
	names, err := readXKB(filepath.Join(xkb, "share/X11/xkb"))
	if err != nil {
		t.Fatal(err)
	}
	keymaps, err := readKeymaps(filepath.Join(kbd, "share/keymaps"))
	if err != nil {
		t.Fatal(err)
	}
	console, err := readModelMap(filepath.Join(systemd, "share/systemd/kbd-model-map"), names)
	if err != nil {
		t.Fatal(err)
	}
	var layouts []string
	for name, variants := range names.layouts {
		layouts = append(layouts, strings.Join(append([]string{name}, sorted(variants)...), " "))
	}
	slices.Sort(layouts)
	for name, lines := range map[string][]string{
		"layouts": layouts, "options": sorted(names.options), "models": sorted(names.models),
		"keymaps": sorted(keymaps), "console": console,
	} {
		goldie.New(t, goldie.WithFixtureDir("data"), goldie.WithNameSuffix(".txt"), goldie.WithDiffEngine(goldie.ClassicDiff)).
			Assert(t, name, []byte(strings.Join(lines, "\n")+"\n"))
	}
}

type set map[string]bool

func sorted(s set) []string {
	var out []string
	for name := range s {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// xkbNames are the names of one release of xkeyboard-config.
type xkbNames struct {
	layouts map[string]set // variants by layout
	options set
	models  set
}

func readXKB(dir string) (xkbNames, error) {
	n := xkbNames{layouts: map[string]set{}, options: set{}, models: set{}}
	for _, file := range []string{"base.xml", "base.extras.xml"} {
		if err := n.registry(filepath.Join(dir, "rules", file)); err != nil {
			return n, err
		}
	}
	for layout := range n.layouts {
		if err := n.symbols(dir, layout); err != nil {
			return n, err
		}
	}
	return n, n.rules(filepath.Join(dir, "rules", "evdev"))
}

// registry reads what desktops offer (rules/xkb.dtd).
func (n xkbNames) registry(file string) error {
	type item struct {
		Name string `xml:"configItem>name"`
	}
	var doc struct {
		Models  []item `xml:"modelList>model"`
		Layouts []struct {
			item
			Variants []item `xml:"variantList>variant"`
		} `xml:"layoutList>layout"`
		Options []item `xml:"optionList>group>option"`
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if err := xml.Unmarshal(data, &doc); err != nil {
		return fmt.Errorf("read %s: %w", file, err)
	}
	for _, m := range doc.Models {
		n.models[m.Name] = true
	}
	for _, o := range doc.Options {
		n.options[o.Name] = true
	}
	for _, l := range doc.Layouts {
		n.add(l.Name)
		for _, v := range l.Variants {
			n.add(l.Name, v.Name)
		}
	}
	return nil
}

func (n xkbNames) add(layout string, variants ...string) {
	if n.layouts[layout] == nil {
		n.layouts[layout] = set{}
	}
	for _, v := range variants {
		n.layouts[layout][v] = true
	}
}

var section = regexp.MustCompile(`(?m)^[^/\n]*\bxkb_symbols\s+"([^"]+)"`)

// symbols adds the variants that compile and that no desktop offers. A layout
// without symbols, as custom, is the user's to make.
func (n xkbNames) symbols(dir, layout string) error {
	data, err := os.ReadFile(filepath.Join(dir, "symbols", layout))
	if os.IsNotExist(err) {
		delete(n.layouts, layout)
		return nil
	}
	for _, m := range section.FindAllStringSubmatch(string(data), -1) {
		n.add(layout, m[1])
	}
	return err
}

// rules adds the names that only the rules know: those that it translates for
// old configurations, and options that are not offered.
func (n xkbNames) rules(file string) error {
	data, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var columns []string
	for line := range strings.Lines(string(data)) {
		line, _, _ = strings.Cut(line, "//")
		left, _, rule := strings.Cut(line, "=")
		fields := strings.Fields(left)
		switch {
		case !rule || len(fields) == 0 || fields[0] == "!" && len(fields) > 1 && strings.HasPrefix(fields[1], "$"):
		case fields[0] == "!":
			columns = fields[1:]
		case len(fields) == len(columns):
			n.rule(columns, fields)
		}
	}
	return nil
}

func (n xkbNames) rule(columns, fields []string) {
	of := map[string]string{}
	for i, c := range columns {
		if !strings.HasPrefix(fields[i], "$") && fields[i] != "*" {
			of[c] = fields[i]
		}
	}
	if option := of["option"]; option != "" {
		n.options[option] = true
	}
	if layout := of["layout"]; layout != "" {
		n.add(layout)
		if v := of["variant"]; v != "" {
			n.add(layout, v)
		}
	}
}

func readKeymaps(dir string) (set, error) {
	out := set{}
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if name, ok := strings.CutSuffix(strings.TrimSuffix(filepath.Base(path), ".gz"), ".map"); ok {
			out[name] = true
		}
		return err
	})
	return out, err
}

// readModelMap drops the model and Ctrl+Alt+Backspace, which are the same in all lines
// that matter. Of a keymap with two lines systemd takes the first.
func readModelMap(file string, n xkbNames) ([]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var out []string
	seen := set{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) != 5 || strings.HasPrefix(fields[0], "#") || seen[fields[0]] {
			continue
		}
		seen[fields[0]] = true
		options := slices.DeleteFunc(strings.Split(fields[4], ","), func(o string) bool {
			return o == "terminate:ctrl_alt_bksp" || !strings.Contains(o, ":")
		})
		line := []string{fields[0], fields[1], n.variant(fields[1], fields[3]), strings.Join(options, ",")}
		for i := range line {
			line[i] = cmp.Or(line[i], "-")
		}
		out = append(out, strings.Join(line, " "))
	}
	slices.Sort(out)
	return out, nil
}

// variant is what of the variants a layout has: the table names some that xkeyboard-config
// no longer has, and one beside the layout that it is of.
func (n xkbNames) variant(layout, variant string) string {
	layouts, variants := strings.Split(layout, ","), strings.Split(variant, ",")
	out := make([]string, len(layouts))
	for i, l := range layouts {
		for _, v := range variants {
			if n.layouts[l][v] {
				out[i] = v
			}
		}
	}
	if !slices.ContainsFunc(out, func(v string) bool { return v != "" }) {
		return ""
	}
	return strings.Join(out, ",")
}
