package schema

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Reference writes the description of every key as Markdown.
func Reference(w io.Writer, root *Node) error {
	r := &reference{w: w}
	r.printf("# The profile\n\n")
	r.printf("Written from the schema; a test keeps it fresh.\n\n")
	r.printf("Every list also exists with a `+` before its name, " +
		"which adds to the inherited list instead of replacing it.\n")
	r.section("Top level", root, "host", "defaults", "hosts", "groups")
	host := root.Properties["host"]
	r.section("A host", host, "services", "users")
	r.printf("\n`hosts.<host>`, `defaults`, `groups.<group>` and `host` all have these keys.\n")
	user := host.Properties["users"].Additional
	r.section("A user", user, "home")
	r.section("A user's home", user.Properties["home"])
	for _, name := range sortedKeys(user.Properties["home"].Properties) {
		if n := user.Properties["home"].Properties[name]; n.Home != nil {
			r.entry("home."+name, n, n.Home.Docs)
		}
	}
	r.printf("\n## Services\n")
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
		r.entry("services."+name, n, n.Service.Docs, facts...)
	}
	return r.err
}

type reference struct {
	w   io.Writer
	err error
}

func (r *reference) printf(format string, args ...any) {
	if r.err == nil {
		_, r.err = fmt.Fprintf(r.w, format, args...)
	}
}

func (r *reference) section(title string, n *Node, skip ...string) {
	r.printf("\n## %s\n\n%s\n", title, n.Description)
	r.table(n, skip...)
}

// entry writes what an entry of the catalogue is and the keys that it has.
func (r *reference) entry(name string, n *Node, docs string, facts ...string) {
	r.printf("\n### %s\n\n%s\n", name, n.Description)
	if docs != "" {
		facts = append(facts, "see <"+docs+">")
	}
	if len(facts) > 0 {
		r.printf("\n%s.\n", strings.Join(facts, "; "))
	}
	r.table(n)
}

// table writes one row for each key below n; of those to skip, and of entries of the catalogue, without what is below.
func (r *reference) table(n *Node, skip ...string) {
	rows := rows(n, "", skip)
	if len(rows) == 0 {
		return
	}
	r.printf("\n| key | value | meaning | sets |\n| --- | --- | --- | --- |\n%s", strings.Join(rows, ""))
}

func rows(n *Node, prefix string, skip []string) []string {
	var out []string
	for _, key := range sortedKeys(n.Properties) {
		c := n.Properties[key]
		out = append(out, row(prefix+key, c, slices.Concat(c.Rules, n.rulesWith(key))))
		if c.Home != nil || slices.Contains(skip, key) {
			continue
		}
		out = append(out, rows(c, prefix+key+".", nil)...)
	}
	if n.Additional != nil && n.Key != "" {
		out = append(out, rows(n.Additional, prefix+"<"+n.Key+">.", nil)...)
	}
	if n.Items != nil {
		out = append(out, rows(n.Items, strings.TrimSuffix(prefix, ".")+"[].", nil)...)
	}
	return out
}

func row(key string, n *Node, rules []Rule) string {
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
	return fmt.Sprintf("| `%s` | %s | %s | %s |\n", key, kind(n), cell(meaning), strings.Join(sets, ", "))
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

func cell(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "|", `\|`), "\n", " ")
}

func compact(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	s := string(data)
	if text, ok := v.(string); ok {
		s = text
	}
	return strings.ReplaceAll(s, "|", `\|`)
}
