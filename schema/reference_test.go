package schema

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Section is a part of the reference: a heading, what stands below it, and the keys there.
type Section struct {
	Title, Text string
	// Minor says that it belongs to the section before.
	Minor bool
	Keys  []Key
}

// Key is what the reference says about a key. Code in it stands between backticks, as in Markdown.
type Key struct{ Path, Kind, Meaning, Sets string }

// Reference describes every key.
func Reference(root *Node) []Section {
	host := root.Property("host")
	user := host.Property("users").Additional
	home := user.Property("home")
	out := []Section{
		section("Top level", root, "host", "defaults", "hosts", "groups"),
		section("A host", host, "services", "users"),
		{Text: "`hosts.<host>`, `defaults`, `groups.<group>` and `host` all have these keys."},
		section("A user", user, "home"),
		section("A user's home", home),
	}
	for name, n := range home.All() {
		if n.Home != nil {
			out = append(out, entry("home."+name, n, n.Home.Docs))
		}
	}
	out = append(out, Section{Title: "Services"})
	for name, n := range host.Property("services").All() {
		var facts []string
		for _, p := range n.Service.Ports {
			facts = append(facts, fmt.Sprintf("%s port %d", p.Protocol, p.Port))
		}
		for _, need := range n.Service.Needs {
			facts = append(facts, "needs "+need)
		}
		out = append(out, entry("services."+name, n, n.Service.Docs, facts...))
	}
	return out
}

// Lists is what the reference says about all lists.
const Lists = "Every list also exists with a `+` before its name, " +
	"which adds to the inherited list instead of replacing it."

// markdown is the reference as a page of the documentation.
func markdown(sections []Section) []byte {
	var b bytes.Buffer
	b.WriteString("# The profile\n\nWritten from the schema; a test keeps it fresh.\n\n" + Lists + "\n")
	for _, s := range sections {
		if s.Title != "" {
			fmt.Fprintf(&b, "\n%s %s\n", map[bool]string{false: "##", true: "###"}[s.Minor], s.Title)
		}
		if s.Text != "" {
			fmt.Fprintf(&b, "\n%s\n", s.Text)
		}
		if len(s.Keys) > 0 {
			b.WriteString("\n| key | value | meaning | sets |\n| --- | --- | --- | --- |\n")
		}
		for _, k := range s.Keys {
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", k.Path, cell(k.Kind), cell(k.Meaning), k.Sets)
		}
	}
	return b.Bytes()
}

// manual is the reference as a manual page, in the macros of man(7).
func manual(sections []Section) []byte {
	var b bytes.Buffer
	// Words stay whole and lines ragged: names of options are searched for and copied.
	b.WriteString(".nr HY 0\n.TH QUICK\\-DEPLOY.YAML 5\n.nh\n.ad l\n.SH NAME\n" +
		"quick\\-deploy.yaml \\- a NixOS machine, or a fleet, in one file\n.SH DESCRIPTION\n" + roff(Lists) + "\n")
	for _, s := range sections {
		switch {
		case s.Minor:
			fmt.Fprintf(&b, ".SS %s\n", roff(s.Title))
		case s.Title != "":
			fmt.Fprintf(&b, ".SH %s\n", roff(strings.ToUpper(s.Title)))
		default:
			b.WriteString(".PP\n")
		}
		for line := range strings.Lines(s.Text) {
			if line = strings.TrimSuffix(line, "\n"); line == "" {
				line = ".PP"
			} else {
				line = roff(line)
			}
			b.WriteString(line + "\n")
		}
		for _, k := range s.Keys {
			if k.Sets != "" {
				k.Meaning += " Sets " + k.Sets + "."
			}
			fmt.Fprintf(&b, ".TP\n%s (%s)\n%s\n", roff("`"+k.Path+"`"), roff(k.Kind), roff(strings.ReplaceAll(k.Meaning, "\n", " ")))
		}
	}
	return b.Bytes()
}

// roff has roff show a line as it is, what stands between backticks in bold.
func roff(s string) string {
	parts := strings.Split(strings.NewReplacer(`\`, `\e`, "-", `\-`).Replace(s), "`")
	for i, part := range parts {
		if strings.HasPrefix(part, ".") || strings.HasPrefix(part, "'") {
			part = `\&` + part
		}
		if i%2 == 1 {
			part = `\fB` + part + `\fR`
		}
		parts[i] = part
	}
	return strings.Join(parts, "")
}

func section(title string, n *Node, skip ...string) Section {
	return Section{Title: title, Text: n.Description, Keys: keys(n, "", skip)}
}

// entry says what an entry of the catalogue is, and the keys that it has.
func entry(name string, n *Node, docs string, facts ...string) Section {
	s := Section{Title: name, Text: n.Description, Minor: true, Keys: keys(n, "", nil)}
	if docs != "" {
		facts = append(facts, "see <"+docs+">")
	}
	if len(facts) > 0 {
		s.Text += "\n\n" + strings.Join(facts, "; ") + "."
	}
	return s
}

// keys are the keys below n, each followed by its own unless skip names it or it is an entry of the catalogue.
func keys(n *Node, prefix string, skip []string) []Key {
	var out []Key
	for name, c := range n.All() {
		out = append(out, describe(prefix+name, c, slices.Concat(c.Rules, n.rulesWith(name))))
		if c.Home != nil || slices.Contains(skip, name) {
			continue
		}
		out = append(out, keys(c, prefix+name+".", nil)...)
	}
	if n.Additional != nil && n.Key != "" {
		out = append(out, keys(n.Additional, prefix+"<"+n.Key+">.", nil)...)
	}
	if n.Items != nil {
		out = append(out, keys(n.Items, strings.TrimSuffix(prefix, ".")+"[].", nil)...)
	}
	return out
}

func describe(path string, n *Node, rules []Rule) Key {
	meaning := n.Description
	if n.Default != nil {
		meaning += " Default: `" + compact(n.Default) + "`."
	}
	if len(n.Examples) > 0 {
		meaning += " Example: `" + compact(n.Examples[0]) + "`."
	}
	var sets []string
	for _, rule := range rules {
		for _, target := range []string{rule.Option, rule.Home} {
			if target != "" && !slices.Contains(sets, "`"+target+"`") {
				sets = append(sets, "`"+target+"`")
			}
		}
	}
	return Key{path, kind(n), meaning, strings.Join(sets, ", ")}
}

func kind(n *Node) string {
	if len(n.Enum) > 0 {
		values := make([]string, len(n.Enum))
		for i, v := range n.Enum {
			values[i] = "`" + compact(v) + "`"
		}
		return strings.Join(values, " ")
	}
	if n.Service != nil || n.Home != nil {
		return "object"
	}
	if len(n.Types) == 0 {
		return "any of several"
	}
	if n.Types[0] == "array" && n.Items != nil && len(n.Items.Types) == 1 {
		return "list of " + n.Items.Types[0]
	}
	return strings.Join(n.Types, " or ")
}

func compact(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	if text, ok := v.(string); ok {
		return text
	}
	return string(data)
}

// rulesWith are the rules of n whose value is made from the key and others. A rule with no more
// than a condition on it is not among them.
func (n *Node) rulesWith(key string) []Rule {
	var found []Rule
	for _, r := range n.Rules {
		if namesKey(r.Value, key) {
			found = append(found, r)
		}
	}
	return found
}

// namesKey reports whether template t holds the value of key.
func namesKey(t any, key string) bool {
	switch t := t.(type) {
	case string:
		return t == "$value."+key || strings.HasPrefix(t, "$value."+key+".")
	case []any:
		return slices.ContainsFunc(t, func(item any) bool { return namesKey(item, key) })
	case map[string]any:
		for _, part := range t {
			if namesKey(part, key) {
				return true
			}
		}
	}
	return false
}

func cell(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "|", `\|`), "\n", " ")
}
