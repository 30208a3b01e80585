package profile

import (
	"path"
	"slices"
	"strings"
)

// Select returns the hosts that patterns name, in the order of p.Hosts. A
// pattern is a host name or glob (web-*), @ and a tag or group (@canary), any
// of these behind ! to leave hosts out, or several separated by commas. With
// nothing but negations all other hosts are meant; without patterns, all.
// The error is Problems: a pattern that names nothing is a mistake, where all hosts are known.
func (p *Profile) Select(patterns ...string) ([]*Host, error) {
	var in, out []func(*Host) bool
	var problems Problems
	for _, list := range patterns {
		for pattern := range strings.SplitSeq(list, ",") {
			pattern = strings.TrimSpace(pattern)
			name, negated := strings.CutPrefix(pattern, "!")
			match, problem := p.matcher(strings.TrimSpace(name))
			switch {
			case problem != nil:
				problems = append(problems, *problem)
			case negated:
				out = append(out, match)
			default:
				in = append(in, match)
			}
		}
	}
	if err := problems.err(); err != nil {
		return nil, err
	}
	var hosts []*Host
	for _, h := range p.Hosts {
		if (len(in) == 0 || anyOf(in, h)) && !anyOf(out, h) {
			hosts = append(hosts, h)
		}
	}
	if len(hosts) == 0 && !p.Partial {
		return nil, Problems{{Code: CodeSelector, What: quoteShort(strings.Join(patterns, ",")) + " leaves no host"}}
	}
	return hosts, nil
}

// Selectable reports whether it is known which hosts a pattern means: not of a profile in which a host, or what it
// belongs to, is wrong.
func (p *Profile) Selectable() bool {
	return !p.unsure && !slices.ContainsFunc(p.Hosts, func(h *Host) bool {
		return h.node != nil && !(h.node.Known("tags") && h.node.Known("groups"))
	})
}

func anyOf(matchers []func(*Host) bool, h *Host) bool {
	return slices.ContainsFunc(matchers, func(m func(*Host) bool) bool { return m(h) })
}

// matcher is what one pattern means.
func (p *Profile) matcher(pattern string) (func(*Host) bool, *Problem) {
	if label, ok := strings.CutPrefix(pattern, "@"); ok {
		match := func(h *Host) bool { return slices.Contains(h.Tags, label) || slices.Contains(h.Groups, label) }
		if p.Partial || slices.ContainsFunc(p.Hosts, match) {
			return match, nil
		}
		hint := DidYouMean(label, p.labels())
		if slices.Contains(p.groups, label) {
			hint = "no host is in that group"
		}
		return nil, &Problem{Code: CodeSelector, What: "no host has the tag or group " + quoteShort(label), Hint: hint}
	}
	if _, err := path.Match(pattern, ""); err != nil || pattern == "" {
		return nil, &Problem{Code: CodeSelector, What: quoteShort(pattern) + " is not a pattern",
			Hint: "write host names, web-*, @tag, @group, and ! before what to leave out"}
	}
	match := func(h *Host) bool {
		ok, _ := path.Match(pattern, h.Name) // the pattern was checked above
		return ok
	}
	if p.Partial || slices.ContainsFunc(p.Hosts, match) {
		return match, nil
	}
	problem := &Problem{Code: CodeSelector, What: "unknown host " + quoteShort(pattern)}
	if strings.ContainsAny(pattern, `*?[\`) {
		problem.What = "no host matches " + quoteShort(pattern)
	}
	problem.Hint = DidYouMean(pattern, p.b.names)
	if slices.Contains(p.labels(), pattern) {
		problem.Hint = "did you mean @" + pattern + "?"
	}
	return nil, problem
}

// labels are all tags and groups, sorted.
func (p *Profile) labels() []string {
	all := slices.Clone(p.groups)
	for _, h := range p.Hosts {
		all = append(all, h.Tags...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}
