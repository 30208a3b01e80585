package schema

import (
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
	host := root.Properties["host"]
	user := host.Properties["users"].Additional
	home := user.Properties["home"]
	out := []Section{
		section("Top level", root, "host", "defaults", "hosts", "groups"),
		section("A host", host, "services", "users"),
		{Text: "`hosts.<host>`, `defaults`, `groups.<group>` and `host` all have these keys."},
		section("A user", user, "home"),
		section("A user's home", home),
	}
	for _, name := range sortedKeys(home.Properties) {
		if n := home.Properties[name]; n.Home != nil {
			out = append(out, entry("home."+name, n, n.Home.Docs))
		}
	}
	out = append(out, Section{Title: "Services"})
	services := host.Properties["services"]
	for _, name := range sortedKeys(services.Properties) {
		n := services.Properties[name]
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
	for _, name := range sortedKeys(n.Properties) {
		c := n.Properties[name]
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
