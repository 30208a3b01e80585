package losses

import (
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// rule is who may become root, and for what.
type rule struct {
	who      string // ada, %wheel, :wheel
	what     string // commands; ALL or "" is everything
	freely   bool   // without a password
	anything bool
}

var (
	// sudoers(5): %wheel ALL=(ALL:ALL) NOPASSWD:SETENV: ALL
	sudoRule = lazyregexp.New(`^(\S+)\s+\S+?\s*=\s*(?:\([^)]*\))?\s*((?:[A-Z]+:\s*)*)(.+)$`)
	// Comments, includes and what is no rule: Defaults, User_Alias and the like.
	sudoOther = lazyregexp.New(`^(?:#|@|Defaults|\w+_Alias\b)`)
	blanks    = lazyregexp.New(`\s+`)
	// doas.conf(5): permit nopass keepenv :wheel as root cmd reboot
	doasRule = lazyregexp.New(`^permit\s+(.*?)(:?[\w.-]+)(?:\s+as\s+\S+)?(?:\s+cmd\s+(.+))?$`)
	doasEnv  = lazyregexp.New(`setenv\s*\{[^}]*\}`)
)

func sudoRules(text string) []rule {
	var out []rule
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		m := sudoRule.FindStringSubmatch(line)
		if m == nil || sudoOther.MatchString(line) {
			continue
		}
		for command := range strings.SplitSeq(m[3], ",") {
			command = blanks.ReplaceAllString(strings.TrimSpace(command), " ")
			out = append(out, rule{m[1], command, strings.Contains(m[2], "NOPASSWD"), command == "ALL"})
		}
	}
	return out
}

func doasRules(text string) []rule {
	var out []rule
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(doasEnv.ReplaceAllString(line, ""))
		if m := doasRule.FindStringSubmatch(line); m != nil {
			out = append(out, rule{m[2], strings.TrimSpace(m[3]), slices.Contains(strings.Fields(m[1]), "nopass"), m[3] == ""})
		}
	}
	return out
}

// compareRoot compares who may become root by sudo, doas and polkit. root's own rules
// and those of accounts that go are no losses of their own.
func (c *comparison) compareRoot() {
	ways := []struct {
		name, file string
		rules      func(string) []rule
	}{{"sudo", "etc/sudoers", sudoRules}, {"doas", "etc/doas.conf", doasRules}}
	kept := map[string]bool{}
	for _, w := range ways {
		kept[w.name] = c.new.Text(w.file) != ""
	}
	for _, w := range ways {
		old := w.rules(c.old.Text(w.file))
		if len(old) > 0 && !kept[w.name] {
			if kept["sudo"] || kept["doas"] {
				c.lose(w.name, "%s is removed; another way to become root remains", w.name)
			} else {
				c.block(LockOut, w.name, "%s is removed, and people became root with it", w.name)
			}
			continue
		}
		now := w.rules(c.new.Text(w.file))
		for _, r := range old {
			group := strings.HasPrefix(r.who, "%") || strings.HasPrefix(r.who, ":")
			if r.who != "root" && (group || !c.accountGoes(r.who)) {
				c.compareRule(w.name, r, now)
			}
		}
	}
	c.comparePolkit()
}

func (c *comparison) compareRule(way string, r rule, now []rule) {
	same := func(o rule) bool { return o.who == r.who && (o.anything || o.what == r.what) }
	who := strings.TrimLeft(r.who, "%:")
	what := "everything"
	if !r.anything {
		what = r.what
	}
	switch {
	case !slices.ContainsFunc(now, same):
		c.block(LockOut, way+":"+who, "%s: the rule that lets %s run %s as root is removed", way, who, what)
	case r.freely && !slices.ContainsFunc(now, func(o rule) bool { return same(o) && o.freely }):
		c.block(LockOut, way+":"+who, "%s asks %s for a password before %s", way, who, what)
	}
}

const polkitRules = "etc/polkit-1/rules.d/10-nixos.rules"

var quoted = lazyregexp.New(`"([^"]+)"`)

// comparePolkit finds rules that are gone, by their own text. They let people do
// something without a password; none is needed to log in or to become root.
func (c *comparison) comparePolkit() {
	chunks := func(text string) []string {
		var out []string
		for chunk := range strings.SplitSeq(blanks.ReplaceAllString(text, " "), "polkit.add") {
			if strings.HasPrefix(chunk, "Rule") {
				out = append(out, strings.TrimSpace(chunk))
			}
		}
		return out
	}
	for _, chunk := range without(chunks(c.old.Text(polkitRules)), chunks(c.new.Text(polkitRules))) {
		about := "a custom one"
		if m := quoted.FindStringSubmatch(chunk); m != nil {
			about = "about " + m[1]
		}
		c.lose("polkit", "a polkit rule is removed: %s", about)
	}
}
