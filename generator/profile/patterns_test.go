package profile

import (
	"encoding/json"
	"errors"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/schema"
)

// patternAt is a pattern of the schema, and a profile with a text in its place.
type patternAt struct {
	at      string
	pattern string
	wants   part
	profile func(text string) map[string]any
}

// patternsOf finds the patterns below s, a schema whose place in a profile is filled by put.
func patternsOf(d *schema.Document, s part, at string, put func(v any) map[string]any, seen []string) []patternAt {
	var out []patternAt
	if name := s.refers(); name != "" {
		if slices.Contains(seen, name) {
			return nil
		}
		return patternsOf(d, d.Definition(name), at, put, append(slices.Clip(seen), name))
	}
	here := func(s part, put func(v any) map[string]any) {
		if pattern := s.text("pattern"); pattern != "" {
			out = append(out, patternAt{at, pattern, s.within("x-wants"), func(text string) map[string]any { return put(text) }})
		}
	}
	here(s, put)
	if names := s.within("propertyNames"); names != nil {
		here(names, func(v any) map[string]any { return put(map[string]any{v.(string): map[string]any{}}) })
	}
	for _, keyword := range []string{"anyOf", "oneOf", "allOf"} {
		branches, _ := s[keyword].([]any)
		for _, b := range branches {
			out = append(out, patternsOf(d, b.(map[string]any), at, put, seen)...)
		}
	}
	props := s.within("properties")
	for _, key := range slices.Sorted(maps.Keys(props)) {
		if strings.HasPrefix(key, "+") || at == "" && slices.Contains([]string{"host", "defaults", "groups"}, key) {
			continue
		}
		below := func(v any) map[string]any { return put(map[string]any{key: v}) }
		out = append(out, patternsOf(d, props.within(key), at+"."+key, below, seen)...)
	}
	if others := s.within("additionalProperties"); others != nil {
		name := "x"
		if example := s.within("propertyNames").within("x-wants").text("example"); example != "" {
			name = example
		}
		below := func(v any) map[string]any { return put(map[string]any{name: v}) }
		out = append(out, patternsOf(d, others, at+".NAME", below, seen)...)
	}
	if items := s.within("items"); items != nil {
		below := func(v any) map[string]any { return put([]any{v}) }
		out = append(out, patternsOf(d, items, at+"[]", below, seen)...)
	}
	return out
}

// TestNoMessageShowsAPattern writes something wrong at each place of a profile that has a pattern: the message says in
// words what is wanted, and shows no regular expression.
func TestNoMessageShowsAPattern(t *testing.T) {
	s, err := schema.Root()
	if err != nil {
		t.Fatal(err)
	}
	put := func(v any) map[string]any { return v.(map[string]any) }
	all := patternsOf(s.Doc, s.Doc.Top, "", put, nil)
	if len(all) < 100 {
		t.Fatalf("%d places found", len(all))
	}
	class := regexp.MustCompile(`[\^\\$]|\[[^\]]*-[^\]]*\]|\{[0-9],`)
	for _, p := range all {
		text, example := p.wants.text("text"), p.wants.text("example")
		pattern := regexp.MustCompile(p.pattern)
		if text == "" || !pattern.MatchString(example) {
			t.Errorf("%s: wants %q, as in %q, which does not match", p.at, text, example)
		}
		i := slices.IndexFunc([]string{"wr öng!", "", "wr öng: 1!", "!\nö"}, func(bad string) bool { return !pattern.MatchString(bad) })
		if i < 0 {
			t.Errorf("%s: every text matches", p.at)
			continue
		}
		doc := p.profile([]string{"wr öng!", "", "wr öng: 1!", "!\nö"}[i])
		doc["version"] = 1
		data, err := json.Marshal(doc)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Load(Memory{"p.yaml": string(data)}, "p.yaml", s)
		var problems Problems
		if !errors.As(err, &problems) || !strings.Contains(err.Error(), text) {
			t.Errorf("%s: %s: %v lacks %q", p.at, data, err, text)
		}
		for _, problem := range problems {
			said := strings.NewReplacer(`\n`, "", `\"`, "").Replace(problem.message())
			if class.MatchString(said) {
				t.Errorf("%s: %s", p.at, problem)
			}
		}
	}
}
