package generator_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"go.yaml.in/yaml/v4"
	"pgregory.net/rapid"

	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/schema"
)

// allProblems is what loading and generating have against the profile in fsys, as the program asks both.
func allProblems(t testing.TB, fsys fs.FS) profile.Problems {
	t.Helper()
	var found, more profile.Problems
	p, err := load(t, fsys)
	if err != nil && !errors.As(err, &found) {
		t.Fatal(err)
	}
	if p != nil {
		_, err = generator.Generate(generator.Input{
			Profile: p, Schema: schemaRoot(t), Facts: facts(t, fsys, p), Files: profile.FS{Files: fsys}, Pins: goldenPins(t),
		})
		if err != nil && !errors.As(err, &more) && len(found) == 0 {
			t.Fatal(err)
		}
	}
	var all profile.Problems
	errors.As(profile.Join(found, more), &all)
	return all
}

// planted is a value of a profile that a fault can be planted at.
type planted struct {
	path   []string
	key    *yaml.Node // nil in a list
	value  *yaml.Node
	schema *schema.Node
	parent *schema.Node
}

// places are the values below n, and those of maps that the schema has keys for.
func places(n *yaml.Node, s *schema.Node, path []string) []planted {
	var out []planted
	if s == nil || n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		child := s.Property(strings.TrimPrefix(key.Value, "+"))
		if child == nil {
			child = s.Additional
		}
		if child == nil {
			continue
		}
		at := append(slices.Clip(path), key.Value)
		out = append(out, planted{at, key, value, child, s})
		out = append(out, places(value, child, at)...)
	}
	return out
}

// The marks of the two faults are on the lines of all that belongs to one.
const markOne, markTwo = "plantedone", "plantedtwo"

// below is the value at path in n, which is made where it is not there.
func below(n *yaml.Node, path ...string) *yaml.Node {
	for _, key := range path {
		if n.Kind != yaml.MappingNode {
			*n = yaml.Node{Kind: yaml.MappingNode}
		}
		i := slices.IndexFunc(n.Content, func(k *yaml.Node) bool { return k.Value == key })
		if i < 0 || i%2 == 1 {
			i = len(n.Content)
			n.Content = append(n.Content, scalar(key), scalar("~"))
		}
		n = n.Content[i+1]
	}
	return n
}

func scalar(text string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: text} }

// fault is a way to be at fault.
type fault struct {
	name string
	// says is a part of what is to be said.
	says string
	// plant puts it into the host, and returns where.
	plant func(host *yaml.Node, mark string) [][]string
}

// ofMeaning are faults that no single value shows.
var ofMeaning = []fault{
	{"bundle", "unknown bundle", func(host *yaml.Node, mark string) [][]string {
		key := "packages"
		if slices.ContainsFunc(host.Content, func(n *yaml.Node) bool { return n.Value == "+packages" }) {
			key = "+packages"
		}
		list := below(host, key)
		if list.Kind != yaml.SequenceNode {
			*list = yaml.Node{Kind: yaml.SequenceNode}
		}
		list.Content = append(list.Content, scalar("bundle:"+mark))
		return [][]string{{"packages"}, {"+packages"}}
	}},
	{"owner", "no account", func(host *yaml.Node, mark string) [][]string {
		*below(host, "secrets", mark, "file") = *scalar("/etc/secret")
		*below(host, "secrets", mark, "owner") = *scalar(mark)
		return [][]string{{"secrets", mark}}
	}},
	{"user", "no account", func(host *yaml.Node, mark string) [][]string {
		*below(host, "services", "openssh", "allowUsers") = yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{scalar(mark)}}
		return [][]string{{"services", "openssh", "allowUsers"}}
	}},
	{"locale", "character set", func(host *yaml.Node, mark string) [][]string {
		*below(host, "nixos", "i18n.extraLocales") = yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{scalar(mark)}}
		return [][]string{{"nixos", "i18n.extraLocales"}}
	}},
	{"ports", "is taken twice", func(host *yaml.Node, mark string) [][]string {
		for _, service := range []string{"grafana", "forgejo"} {
			port := below(host, "services", service, "port")
			*port = *scalar("48123")
			port.LineComment = mark
		}
		return [][]string{{"services", "grafana", "port"}, {"services", "forgejo", "port"}}
	}},
	{"secret", "secret", func(host *yaml.Node, mark string) [][]string {
		*below(host, "services", "tailscale", "authKeySecret") = *scalar(mark)
		return [][]string{{"services", "tailscale", "authKeySecret"}}
	}},
	{"clear text", "clear text", func(host *yaml.Node, mark string) [][]string {
		*below(host, "nixos", "services.x.adminPassword") = *scalar("Xq73" + mark)
		return [][]string{{"nixos", "services.x.adminPassword"}}
	}},
}

// ofSchema plants a fault that the schema finds, or reading alone, beside what is at taken.
func ofSchema(t *rapid.T, root *yaml.Node, s *schema.Node, taken [][]string) (at []string) {
	var free []planted
	for _, p := range places(root, s, nil) {
		// These decide whether there is anything to judge.
		last := p.path[len(p.path)-1]
		fixed := len(p.path) < 2 || len(p.schema.Types) == 0 || slices.Contains([]string{"version", "extends", "name"}, last) ||
			slices.Contains([]string{"hosts", "groups"}, p.path[len(p.path)-2]) && len(p.path) == 2
		overlaps := slices.ContainsFunc(taken, func(other []string) bool {
			n := min(len(other), len(p.path))
			return slices.Equal(other[:n], p.path[:n])
		})
		if !fixed && !overlaps {
			free = append(free, p)
		}
	}
	if len(free) == 0 {
		t.Skip("nothing to plant a fault at")
	}
	p := free[rapid.IntRange(0, len(free)-1).Draw(t, "place")]
	named := p.parent.Property(strings.TrimPrefix(p.key.Value, "+")) != nil
	switch kind := rapid.IntRange(0, 3).Draw(t, "kind"); {
	case kind == 0 && named:
		p.key.Value, p.key.HeadComment = p.key.Value+"q", ""
		*p.value = yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle, Content: []*yaml.Node{scalar(markOne)}}
		return p.path
	case kind == 1 && named && strings.HasSuffix(strings.ToLower(p.key.Value), "port"):
		*p.value = *scalar("99999999")
		p.value.LineComment = markOne
		return p.path
	case kind == 2 && p.value.Kind == yaml.ScalarNode:
		p.value.Anchor = markOne
		return p.path
	}
	list := func(n *yaml.Node) *yaml.Node {
		return &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle, Content: []*yaml.Node{n}}
	}
	*p.value = *list(list(list(scalar(markOne))))
	return p.path
}

// block makes each value stand on a line of its own.
func block(n *yaml.Node) {
	if len(n.Content) > 0 {
		n.Style &^= yaml.FlowStyle
	}
	for _, sub := range n.Content {
		block(sub)
	}
}

// TestTwoFaults plants two faults of different stages in golden profiles: both are found at once, and nothing else.
func TestTwoFaults(t *testing.T) {
	s := schemaRoot(t)
	var names []string
	texts := map[string][]byte{}
	cases, err := filepath.Glob(filepath.Join(goldenDir, "*", "profile.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range cases {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(filepath.Dir(file))
		names = append(names, name)
		texts[name] = data
	}
	once := func(rt *rapid.T) {
		name := rapid.SampledFrom(names).Draw(rt, "case")
		var doc yaml.Node
		if err := yaml.Unmarshal(texts[name], &doc); err != nil {
			rt.Fatal(err)
		}
		root := doc.Content[0]
		block(root)
		host, at := below(root, "host"), []string{"host"}
		if host.Kind != yaml.MappingNode {
			root.Content = root.Content[:len(root.Content)-2]
			hosts := below(root, "hosts")
			host, at = hosts.Content[1], []string{"hosts", hosts.Content[0].Value}
		}
		f := rapid.SampledFrom(ofMeaning).Draw(rt, "meaning")
		var taken [][]string
		for _, path := range f.plant(host, markTwo) {
			taken = append(taken, append(slices.Clip(at), path...))
		}
		block(root)
		where := ofSchema(rt, root, s, taken)
		var text bytes.Buffer
		if err := yaml.NewEncoder(&text).Encode(&doc); err != nil {
			rt.Fatal(err)
		}
		fsys := overlay{os.DirFS(filepath.Join(goldenDir, name)), text.Bytes()}
		lines := strings.Split(text.String(), "\n")
		seen := map[string]int{}
		for _, p := range allProblems(t, fsys) {
			line := ""
			if p.Pos.File == "profile.yaml" && p.Pos.Line > 0 {
				line = lines[p.Pos.Line-1]
			}
			switch {
			case strings.Contains(line, markOne) || strings.Contains(p.Error(), markOne):
				seen[markOne]++
			case strings.Contains(line, markTwo) && strings.Contains(p.Error(), f.says):
				seen[markTwo]++
			default:
				rt.Errorf("%s at %v: %s\nfollows from something else: %s", f.name, where, p, line)
			}
		}
		// Where a name comes from is not known where that is wrong: accounts come of services and options, too.
		services, last := slices.Index(where, "services"), where[len(where)-1]
		silent := slices.Contains([]string{"groups", "secrets"}, last) || f.says == "no account" &&
			(slices.Contains([]string{"users", "user", "nixos"}, last) || services >= 0 && len(where) <= services+2)
		if seen[markOne] == 0 || seen[markTwo] == 0 && !silent {
			rt.Errorf("%s at %v: %v found of\n%s", f.name, where, seen, text.String())
		}
	}
	// rapid checks a hundred.
	for range 5 {
		rapid.Check(t, once)
	}
}

// overlay is a folder with another profile.
type overlay struct {
	fs.FS
	profile []byte
}

func (o overlay) Open(name string) (fs.File, error) {
	if name == "profile.yaml" {
		return fstest.MapFS{name: {Data: o.profile}}.Open(name)
	}
	return o.FS.Open(name)
}

// slipsOfSyntax break a line of YAML; %s is its indentation.
var slipsOfSyntax = []string{
	"\t%splantedone: 1", "%splantedone: @x", "%splantedone: \"x", "%splantedone: 'x", "%splantedone: [a, b", "%splantedone: {a: b",
	"%splantedone: a: b", "%splantedone", "%s plantedone: 1", "%s- plantedone", "%splantedone: \"a\" b", "%s}plantedone", "%splantedone: |x",
	"%splantedone: %%x", "%s*plantedone", "%splantedone: \"\\q\"", "%s   plantedone: 1",
}

// TestSyntaxAndMore breaks a line of golden profiles with a fault of meaning elsewhere: the mistake is told, nothing is
// told that comes of it, and most of the time the other one is, too.
func TestSyntaxAndMore(t *testing.T) {
	cases, err := filepath.Glob(filepath.Join(goldenDir, "*", "profile.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	both, all := 0, 0
	once := func(rt *rapid.T) {
		file := rapid.SampledFrom(cases).Draw(rt, "case")
		data, err := os.ReadFile(file)
		if err != nil {
			rt.Fatal(err)
		}
		var doc yaml.Node
		if err := yaml.Unmarshal(data, &doc); err != nil {
			rt.Fatal(err)
		}
		root := doc.Content[0]
		block(root)
		host := below(root, "host")
		if host.Kind != yaml.MappingNode {
			root.Content = root.Content[:len(root.Content)-2]
			host = below(root, "hosts").Content[1]
		}
		f := rapid.SampledFrom(ofMeaning).Draw(rt, "meaning")
		f.plant(host, markTwo)
		block(root)
		var text bytes.Buffer
		if err := yaml.NewEncoder(&text).Encode(&doc); err != nil {
			rt.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")
		at := rapid.IntRange(1, len(lines)-1).Draw(rt, "line")
		line := lines[at]
		slip := rapid.SampledFrom(slipsOfSyntax).Draw(rt, "slip")
		lines = slices.Insert(lines, at, fmt.Sprintf(slip, line[:len(line)-len(strings.TrimLeft(line, " "))]))
		broken := strings.Join(lines, "\n") + "\n"
		if yaml.Unmarshal([]byte(broken), &yaml.Node{}) == nil {
			rt.Skip("that is YAML")
		}
		found := allProblems(t, overlay{os.DirFS(filepath.Dir(file)), []byte(broken)})
		one, two := 0, 0
		for _, p := range found {
			switch {
			case p.Code == profile.CodeSyntax || p.Code == profile.CodeKey || p.Code == profile.CodeFeature:
				one++
			case strings.Contains(p.Error(), markOne): // the line is a key that nobody knows, too
			case strings.Contains(p.Error(), f.says):
				two++
			default:
				rt.Errorf("%s\nfollows from something else: %s\n%s", p, lines[max(p.Pos.Line-1, 0)], broken)
			}
		}
		if one == 0 {
			rt.Errorf("%v found of\n%s", found, broken)
		}
		if all++; one > 0 && two > 0 {
			both++
		}
		if one > 1 {
			rt.Errorf("more than one mistake: %v in\n%s", found, broken)
		}
	}
	for range 3 {
		rapid.Check(t, once)
	}
	if both*2 < all {
		t.Errorf("both were found %d times of %d", both, all)
	}
	t.Logf("both were found %d times of %d", both, all)
}

// TestEveryFaultAtOnce has a fault of each kind in one profile: none hides another.
func TestEveryFaultAtOnce(t *testing.T) {
	host := &yaml.Node{Kind: yaml.MappingNode}
	*below(host, "stateVersion") = yaml.Node{Kind: yaml.ScalarNode, Value: "26.05", Style: yaml.DoubleQuotedStyle}
	for i, f := range ofMeaning {
		f.plant(host, fmt.Sprintf("planted%d", i))
	}
	*below(host, "desktop") = *scalar("kde")
	*below(host, "services", "gitea", "port") = *scalar("99999")
	*below(host, "services", "redis", "maxMemory") = *scalar("2 gigs")
	*below(host, "timezon") = *scalar("UTC")
	*below(host, "hardware", "facts") = *scalar("./gone.json")
	hosts := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{scalar("atlas"), host}}
	root := &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{scalar("version"), scalar("1"), scalar("hosts"), hosts}}
	var text bytes.Buffer
	if err := yaml.NewEncoder(&text).Encode(root); err != nil {
		t.Fatal(err)
	}
	text.WriteString("fleet: @x\n")
	found := allProblems(t, overlay{fstest.MapFS{}, text.Bytes()}).Error()
	for _, f := range ofMeaning {
		if !strings.Contains(found, f.says) {
			t.Errorf("%s is not in\n%s", f.name, found)
		}
	}
	for _, says := range []string{
		`did you mean "plasma"?`, "port cannot be 99999", "maxMemory cannot be", `did you mean "timezone"?`, "a value cannot start with @",
	} {
		if !strings.Contains(found, says) {
			t.Errorf("%s is not in\n%s", says, found)
		}
	}
}
