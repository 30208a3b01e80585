package profile

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"

	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// finding is a problem with what is needed to choose between alternatives.
type finding struct {
	Problem
	at      string   // instance location
	path    []string // of the value, of the map of a CodeMissing finding
	types   []string // expected, of a CodeType finding
	missing []string // of a CodeMissing finding
	either  []string // keys of the map at path of which there is one too many
	meant   string   // the key that one of a CodeUnknown finding is likely to stand for
	foreign bool     // the value has another type than all values allowed
	ofKey   bool     // the name of the key is wrong, not the value
	loose   bool     // a rule about a map or a list as a whole, of which no part is to blame
	silent  bool     // there is a problem about it already
}

// explainer turns a tree of validation errors into findings.
type explainer struct {
	schema  map[string]any
	root    *Node
	partial bool
	found   []finding
}

// problemsOf is what the findings have to say.
func problemsOf(findings []finding) Problems {
	var ps Problems
	for _, f := range findings {
		if !f.silent {
			ps = append(ps, f.Problem)
		}
	}
	return ps
}

// withoutFollowing leaves out that a key is missing where one of the same map is likely to be that one mistyped.
func withoutFollowing(findings []finding) []finding {
	unknown := map[string][]string{}
	for _, f := range findings {
		if f.Code == CodeUnknown && len(f.path) > 0 {
			at := dotted(f.path[:len(f.path)-1])
			unknown[at] = append(unknown[at], f.path[len(f.path)-1])
		}
	}
	for i, f := range findings {
		findings[i].silent = f.silent || slices.ContainsFunc(unknown[dotted(f.path)], func(key string) bool {
			return len(f.missing) > 0 && Nearest(key, f.missing) != ""
		})
	}
	return findings
}

// place is a value of the profile that an error is about.
type place struct {
	node *Node
	in   *Field // the entry that holds node; nil for the root and in lists
	name string // what to call it
	path []string
	// listed is true below a list, where nothing merges and null is data.
	listed bool
}

// takesBack reports whether n, of a patch, removes what it would inherit.
func (n *Node) takesBack() bool { return n.Kind == Null && !n.fresh }

// problem is one of the value of the place.
func (pl place) problem(code Code, what, why, hint string) Problem {
	return pl.node.problem("", code, what, why, hint)
}

// key is the place of the key that holds the value.
func (pl place) key() place {
	pl.node = &Node{Kind: String, Scalar: pl.in.Key, Pos: pl.in.KeyPos, width: len([]rune(pl.in.Key))}
	pl.name = "a key of the profile"
	if above := len(pl.path) - 2; above >= 0 {
		pl.name = "a key of " + printable(pl.path[above])
	}
	return pl
}

func (x *explainer) locate(pointer string) place {
	pl := place{node: x.root, name: "the profile"}
	for _, part := range location(pointer) {
		var next *Node
		switch pl.node.Kind {
		case Map:
			if f := pl.node.field(part); f != nil {
				next, pl.in, pl.name = f.Value, f, printable(part)
			}
		case List:
			if i, err := strconv.Atoi(part); err == nil && i < len(pl.node.Items) {
				if pl.in != nil {
					pl.name = "an entry of " + printable(pl.in.Key)
				}
				next, pl.in, pl.listed = pl.node.Items[i], nil, true
			}
		}
		if next == nil {
			return pl
		}
		pl.node = next
		pl.path = append(pl.path, part)
	}
	return pl
}

// location splits a JSON pointer of the library, which stands in an address.
func location(pointer string) []string {
	parts := splitPointer(pointer)
	for i, part := range parts {
		if s, err := url.PathUnescape(part); err == nil {
			parts[i] = s
		}
	}
	return parts
}

// part is a schema within the schema.
type part map[string]any

// texts are those of a keyword's list, or its only one.
func (p part) texts(keyword string) []string {
	if s, ok := p[keyword].(string); ok {
		return []string{s}
	}
	list, _ := p[keyword].([]any)
	var out []string
	for _, v := range list {
		if s, ok := v.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

// within is the object of a keyword, nil if it has none.
func (p part) within(keyword string) part {
	m, _ := p[keyword].(map[string]any)
	return m
}

// text is the text of a keyword, "" if it has none.
func (p part) text(keyword string) string {
	s, _ := p[keyword].(string)
	return s
}

// keyword finds the schema that an error belongs to, and the keyword that failed.
func (x *explainer) keyword(e *jsonschema.ValidationError) (in part, keyword string) {
	_, pointer, _ := strings.Cut(e.AbsoluteKeywordLocation, "#")
	words := location(pointer)
	last := len(words) - 1
	if last < 0 {
		return x.schema, ""
	}
	if i := slices.Index(words, "dependencies"); i >= 0 { // what draft 7 calls dependentRequired
		words[i] = "dependentRequired"
	}
	if i := slices.Index(words, "dependentRequired"); i >= 0 {
		last = i // what follows is part of its value
	}
	var v any = x.schema
	for _, word := range words[:last] {
		switch below := v.(type) {
		case map[string]any:
			v = below[word]
		case []any:
			i, _ := strconv.Atoi(word) // the library counts
			v = below[i]
		}
	}
	in, _ = v.(map[string]any)
	return in, words[last]
}

// ofKeys reports whether e is about the name of a key.
func ofKeys(e *jsonschema.ValidationError) bool {
	parts := strings.Split(e.KeywordLocation, "/")
	for i, part := range parts {
		if part == "propertyNames" && (i == 0 || parts[i-1] != "properties" && parts[i-1] != "patternProperties") {
			return true
		}
	}
	return false
}

func (x *explainer) walk(e *jsonschema.ValidationError) {
	if len(x.found) > 2*maxProblems {
		return
	}
	pl := x.locate(e.InstanceLocation)
	if pl.node.bad {
		x.found = append(x.found, finding{at: e.InstanceLocation, path: pl.path, silent: true})
		return
	}
	if pl.node.takesBack() && !pl.listed && !ofKeys(e) {
		return
	}
	in, keyword := x.keyword(e)
	if keyword == "anyOf" || keyword == "oneOf" {
		x.alternatives(e, pl, in)
		return
	}
	if len(e.Causes) > 0 {
		for _, cause := range e.Causes {
			x.walk(cause)
		}
		return
	}
	if ofKeys(e) && pl.in != nil {
		pl = pl.key()
	}
	x.leaf(e, pl, in, keyword)
}

// add records what is wrong with the value at pl.
func (x *explainer) add(e *jsonschema.ValidationError, pl place, f finding) {
	f.at, f.path, f.ofKey = e.InstanceLocation, pl.path, ofKeys(e)
	f.loose = f.Code == CodeValue && (pl.node.Kind == Map || pl.node.Kind == List) && len(f.either) == 0
	f.Path = dotted(pl.path)
	x.found = append(x.found, f)
}

func (x *explainer) report(e *jsonschema.ValidationError, pl place, p Problem) {
	x.add(e, pl, finding{Problem: p})
}

// limits say what keywords want, with their value at %v.
var limits = map[string]string{
	"minimum": "it must be at least %v", "exclusiveMinimum": "it must be more than %v",
	"maximum": "it must be at most %v", "exclusiveMaximum": "it must be less than %v",
	"minLength": "it has at least %v characters", "maxLength": "it has at most %v characters",
	"minItems": "it has at least %v entries", "minProperties": "it has at least %v keys",
	"maxItems": "it has at most %v entries", "maxProperties": "it has at most %v keys",
	"multipleOf": "it must be a multiple of %v",
}

var singular = strings.NewReplacer(" 1 entries", " 1 entry", " 1 keys", " 1 key")

func (x *explainer) leaf(e *jsonschema.ValidationError, pl place, in part, keyword string) {
	n := pl.node
	code, why := CodeValue, ""
	switch keyword {
	case "type":
		x.add(e, pl, x.wrongType(pl, in, in.texts(keyword)))
		return
	case "enum":
		values, _ := in[keyword].([]any)
		x.add(e, pl, x.notAmong(pl, values))
		return
	case "const":
		x.add(e, pl, x.notAmong(pl, []any{in[keyword]}))
		return
	case "format":
		what, why, hint := wrongFormat(n.Str(), in.text(keyword))
		x.report(e, pl, pl.problem(CodeFormat, what, why, hint))
		return
	case "required":
		x.missing(e, pl, in, in.texts(keyword), cmp.Or(in.text("x-why"), "it is required"))
		return
	case "dependentRequired":
		for _, with := range slices.Sorted(maps.Keys(in.within(keyword))) {
			if pl.node.field(with) != nil {
				x.missing(e, pl, in, in.within(keyword).texts(with), with+" needs it")
			}
		}
		return
	case "additionalProperties", "unevaluatedProperties":
		x.unknown(e, pl, in.within("properties"))
		return
	case "uniqueItems":
		x.twice(e, pl)
		return
	case "pattern":
		x.report(e, pl, wrongPattern(pl, in.within("x-wants")))
		return
	case "not":
		why = cmp.Or(in.within(keyword).text("x-why"), "it is not allowed here")
	default:
		words, known := limits[keyword]
		switch {
		case !known:
			x.report(e, pl, pl.problem(CodeValue, pl.name+" is not allowed", e.Message, ""))
			return
		case x.partial && (keyword == "minItems" || keyword == "minProperties"):
			return
		case keyword == "minLength" && n.Str() == "":
			x.report(e, pl, pl.problem(CodeValue, pl.name+" is empty", "", "delete the key if it is not needed"))
			return
		}
		why = singular.Replace(fmt.Sprintf(words, in[keyword]))
	}
	x.report(e, pl, pl.problem(code, pl.name+" cannot be "+n.brief(), why, ""))
}

// wrongPattern words that the text at pl is not as its pattern wants it, which wants says.
func wrongPattern(pl place, wants part) Problem {
	s, example := pl.node.Str(), wants.text("example")
	p := pl.problem(CodeFormat, pl.name+" cannot be "+quoteShort(s), wants.text("text"), "")
	if noun := wants.text("noun"); noun != "" {
		p.What = quoteShort(s) + " is not a valid " + noun
	}
	switch hint := wants.text("hint"); {
	case hint != "":
		p.Hint = strings.ReplaceAll(hint, "%s", shellWord(s))
	case !strings.Contains(p.Why, example):
		p.Hint = "write it like " + example
	}
	return p
}

// shellWord is s as one word of a shell, shortened.
func shellWord(s string) string {
	if plainInFlow.MatchString(s) {
		return s
	}
	return quoteShort(s)
}

// kinds are the types of JSON Schema.
var kinds = map[string]Kind{
	"null": Null, "boolean": Bool, "integer": Int, "number": Float, "string": String, "array": List, "object": Map,
}

// wrongType words that the value at pl has none of the types of in.
func (x *explainer) wrongType(pl place, in part, types []string) finding {
	n := pl.node
	var names []string
	for _, t := range types {
		if t != "null" && t != "boolean" || len(types) == 1 {
			names = append(names, kinds[t].String())
		}
	}
	want := func(t string) bool { return slices.Contains(types, t) }
	if want("boolean") && len(types) > 1 {
		names = append(names, Bool.String())
	}
	found := n.brief()
	if n.Kind == Map || n.Kind == List {
		found = n.Kind.String()
	}
	p := pl.problem(CodeType, pl.name+" must be "+either(names)+", not "+found, "", "")
	f := finding{types: types, silent: n.torn, Problem: p}
	s := strings.ToLower(n.Str())
	unit := withUnit.FindStringSubmatch(s)
	switch {
	case n.Kind == Null:
		f.What, f.Why, f.Hint = pl.name+" has no value", "it must be "+either(names), "write one, or delete the key"
		if pl.in == nil {
			f.Hint = "write one, or delete the entry"
		}
	case want("boolean") && slices.Contains(meansTrue, cmp.Or(s, fmt.Sprint(n.Scalar))):
		f.Hint = "write true"
	case want("boolean") && slices.Contains(meansFalse, cmp.Or(s, fmt.Sprint(n.Scalar))):
		f.Hint = "write false"
	case want("string") && (n.Kind == Bool || n.Kind == Int || n.Kind == Float):
		f.Why, f.Hint = in.within("x-wants").text("text"), "put it in quotes if it is text"
		if f.Why != "" {
			f.Hint = "write it like " + in.within("x-wants").text("example")
		}
	case (want("integer") || want("number")) && n.Kind == String && coreInt.MatchString(s):
		f.Hint = "write " + s + " without quotes"
	case (want("integer") || want("number")) && unit != nil:
		f.Hint = "write " + unit[1] + ", without " + unit[2]
	case want("array") && n.Kind == Map:
		f.Hint = "start each entry with -"
	case want("array") && n.Kind != List:
		f.Hint = "write [" + strings.TrimSpace(flowText(n)) + "]"
	case want("object") && n.Kind == List:
		if pl.in != nil && n.width == 1 { // below its key
			f.Pos, f.width = pl.in.KeyPos, len([]rune(pl.in.Key))
		}
		f.Hint = x.asMap(n, in)
	case want("object") && n.Kind != Map:
		if keys := slices.Sorted(maps.Keys(in.within("properties"))); len(keys) > 0 {
			keys = slices.DeleteFunc(keys, func(key string) bool { return strings.HasPrefix(key, "+") })
			f.Hint = "write it as " + keys[0] + ": VALUE, or with another of its keys"
			if len(keys) <= 8 {
				f.Hint = "its keys are " + strings.Join(keys, ", ")
			}
		}
	}
	return f
}

// What people write for true and false.
var (
	meansTrue  = []string{"yes", "on", "y", "true", "enabled", "enable", "active", "1"}
	meansFalse = []string{"no", "off", "n", "false", "disabled", "disable", "none", "never", "0"}
)

// withUnit is a number with a unit.
var withUnit = lazyregexp.New(`^([0-9]+) ?([a-z%]+)$`)

// asMap is a hint how a list is written as the map that in describes, with its own entries.
func (x *explainer) asMap(list *Node, in part) string {
	others := x.resolved(in.within("additionalProperties"))
	var entries []string
	for _, item := range list.Items {
		name := item.Get("name").Str()
		switch {
		case item.Kind == String && (others != nil || in.within("properties")[item.Str()] != nil):
			entries = append(entries, flowText(item)+": {}")
		case name != "" && others != nil && others.within("properties")["name"] != nil:
			return fmt.Sprintf("write %q in place of %q, and the rest below it", name+":", "- name: "+name)
		case item.Kind == Map && len(item.Fields) > 0:
			return "leave out the dashes: a line is " + strconv.Quote(item.Fields[0].Key+": …")
		}
	}
	switch {
	case len(entries) == 0:
		return "write a line KEY: VALUE for each entry, without dashes"
	case list.width > 1: // in brackets
		return "write {" + strings.Join(entries, ", ") + "}"
	}
	hint := "write " + strconv.Quote(entries[0]) + " in place of " +
		strconv.Quote("- "+strings.TrimSuffix(entries[0], ": {}"))
	if len(entries) > 1 {
		hint += ", and so on"
	}
	return hint
}

// resolved is the schema that p refers to, p itself if it is one.
func (x *explainer) resolved(p part) part {
	for name := p.refers(); name != ""; name = p.refers() {
		p = part(x.schema).within("$defs").within(name)
	}
	return p
}

// flowText is a scalar as it may stand between brackets.
func flowText(n *Node) string {
	if s := n.Str(); n.Kind == String {
		if plainInFlow.MatchString(s) {
			return s
		}
		return quoteShort(s)
	}
	return n.brief()
}

var plainInFlow = lazyregexp.New(`^[A-Za-z][A-Za-z0-9_./+-]*$`)

func either(names []string) string {
	if len(names) == 0 {
		return "something else"
	}
	first, last := names[:len(names)-1], names[len(names)-1]
	switch {
	case len(first) == 0:
		return last
	case last == Bool.String():
		return strings.Join(first, ", ") + ", " + last
	}
	return strings.Join(first, ", ") + " or " + last
}

func (x *explainer) notAmong(pl place, values []any) finding {
	var names, texts, types []string
	foreign := true
	for _, v := range values {
		t := typeOf(v)
		types = append(types, t)
		foreign = foreign && t != typeOf(pl.node.Any())
		s := fmt.Sprint(v)
		if v == nil {
			s = "null"
		}
		names = append(names, s)
		if _, ok := v.(string); ok {
			texts = append(texts, s)
		}
	}
	p := pl.problem(CodeValue, pl.name+" cannot be "+pl.node.brief(), "", "")
	if what, hint := otherRelease(pl.node.Str(), texts); what != "" {
		p.What, p.Hint = what, hint
		return finding{types: types, foreign: foreign, Problem: p}
	}
	const few = 24
	switch {
	case len(names) == 1:
		p.Why = "it can only be " + names[0]
	case len(names) <= few:
		p.Why = "it is one of " + strings.Join(names, ", ")
	default:
		p.Why = fmt.Sprintf("it is one of %d names", len(names))
	}
	switch {
	case pl.node.Kind == String:
		p.Hint = Meant(x.meant(pl.node.Str(), texts))
	case pl.node.Kind != Map && pl.node.Kind != List && slices.Contains(texts, fmt.Sprint(pl.node.Scalar)):
		p.Hint = "put it in quotes: " + strconv.Quote(fmt.Sprint(pl.node.Scalar))
	}
	return finding{types: types, foreign: foreign, Problem: p}
}

// otherRelease words that a release of NixOS is none of those known, "" where s or they are no releases.
func otherRelease(s string, known []string) (what, hint string) {
	numbers := slices.DeleteFunc(slices.Clone(known), func(name string) bool { return name == "unstable" })
	other := func(name string) bool { return !releasePattern.MatchString(name) }
	if s == "unstable" || len(numbers) == 0 || other(s) || slices.ContainsFunc(numbers, other) {
		return "", ""
	}
	newest := slices.Max(numbers)
	if s < slices.Min(numbers) {
		return s + " is no longer supported", "write " + strconv.Quote(newest)
	}
	return s + " is not known to this version of quick-deploy",
		"update quick-deploy, or write " + strconv.Quote(newest)
}

// meant is the name that s is likely to stand for: another word for the same, the name in a path or with an address
// behind it, or the nearest.
func (x *explainer) meant(s string, names []string) string {
	word := strings.ToLower(s)
	for _, name := range []string{part(x.schema).within("x-synonyms").text(word), word, path.Base(word)} {
		if slices.Contains(names, name) {
			return name
		}
	}
	return Nearest(s, names)
}

// typeOf is the type of JSON Schema that v has.
func typeOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array"
	case map[string]any:
		return "object"
	}
	return "number"
}

// wrongFormat says what is wrong with a text that has to be of a format of the schema.
func wrongFormat(s, name string) (what, why, hint string) {
	f, known := formats[name]
	if !known {
		f.noun = name
	}
	wrong := s
	if strings.HasPrefix(name, "xkb-") { // several with commas between
		wrong = cmp.Or(firstWrong(s, f.check), s)
	}
	if f.hint != nil {
		hint = f.hint(s)
	}
	return quoteShort(wrong) + " is not a valid " + f.noun, f.why, hint
}

// unknown reports each key of pl that is not known.
func (x *explainer) unknown(e *jsonschema.ValidationError, pl place, known part) {
	var names []string
	for _, name := range slices.Sorted(maps.Keys(known)) {
		if !strings.HasPrefix(name, "+") {
			names = append(names, name)
		}
	}
	for i := range pl.node.Fields {
		f := &pl.node.Fields[i]
		if _, ok := known[f.Key]; ok {
			continue
		}
		p := f.problem("", CodeUnknown, "unknown key "+strconv.Quote(f.Key), "", "")
		if pl.in != nil {
			p.What += " in " + pl.name
		}
		meant := ""
		if len(x.found) < maxProblems {
			meant = x.meant(f.Key, names)
			p.Hint = cmp.Or(Meant(meant), DidYouMean(f.Key, names))
		}
		sub := pl
		sub.path = append(pl.path[:len(pl.path):len(pl.path)], f.Key)
		x.add(e, sub, finding{Problem: p, meant: meant})
	}
}

// missing reports those keys that are not there.
func (x *explainer) missing(e *jsonschema.ValidationError, pl place, in part, keys []string, why string) {
	for _, key := range keys {
		if x.partial || pl.node.field(key) != nil {
			continue
		}
		p := pl.problem(CodeMissing, pl.name+" lacks the key "+strconv.Quote(key), why, "add "+x.entry(in, key))
		if pl.in != nil {
			p.Pos, p.width = pl.in.KeyPos, len([]rune(pl.in.Key))
		}
		x.add(e, pl, finding{Problem: p, missing: []string{key}})
	}
}

// entry is the key as it may be written, with the value that the schema has for it.
func (x *explainer) entry(in part, key string) string {
	s := x.resolved(in.within("properties").within(key))
	examples, _ := s["examples"].([]any)
	for _, v := range append([]any{s["const"], s["default"]}, examples...) {
		switch v := v.(type) {
		case string:
			return key + ": " + flowText(&Node{Kind: String, Scalar: v})
		case json.Number, bool:
			return fmt.Sprintf("%s: %v", key, v)
		}
	}
	return key
}

// twice reports entries of a list that are there already.
func (x *explainer) twice(e *jsonschema.ValidationError, pl place) {
	seen := map[string]*Node{}
	for _, item := range pl.node.Items {
		key := item.fingerprint()
		if first := seen[key]; first != nil {
			x.report(e, pl, item.problem("", CodeValue, item.brief()+" is in the list twice",
				"it is already at "+first.Pos.String(), "delete one"))
			continue
		}
		seen[key] = item
	}
}

// alternatives explains anyOf and oneOf by the branch that fits the value best.
func (x *explainer) alternatives(e *jsonschema.ValidationError, pl place, in part) {
	if len(e.Causes) == 0 { // oneOf, and more than one branch holds
		x.tooMany(e, pl, in)
		return
	}
	var branches [][]finding
	for _, cause := range e.Causes {
		sub := explainer{schema: x.schema, root: x.root, partial: x.partial}
		sub.walk(cause)
		if len(sub.found) == 0 {
			return // a branch that other layers may complete
		}
		branches = append(branches, sub.found)
	}
	var fit [][]finding
	var types []string
	for _, b := range branches {
		if mismatch := ofType(b, e.InstanceLocation); mismatch != nil {
			types = append(types, mismatch.types...)
			continue
		}
		fit = append(fit, b)
	}
	switch {
	case len(fit) == 0:
		slices.Sort(types)
		x.add(e, pl, x.wrongType(pl, in, slices.Compact(types)))
	case allMissing(fit):
		var keys []string
		for _, b := range fit {
			keys = append(keys, b[0].missing...)
		}
		f := fit[0][0]
		f.What = pl.name + " needs one of " + strings.Join(keys, ", ")
		f.Why, f.Hint, f.missing = "", "add "+either(keys), keys
		x.found = append(x.found, f)
	default:
		best := fit[0]
		for _, b := range fit[1:] {
			if len(b) < len(best) {
				best = b
			}
		}
		x.found = append(x.found, joined(best, fit, e.InstanceLocation)...)
	}
}

// ofType is the finding that the value itself has the wrong type.
func ofType(findings []finding, at string) *finding {
	for i := range findings {
		if (findings[i].Code == CodeType || findings[i].foreign) && findings[i].at == at {
			return &findings[i]
		}
	}
	return nil
}

func allMissing(branches [][]finding) bool {
	for _, b := range branches {
		if len(b) != 1 || len(b[0].missing) == 0 {
			return false
		}
	}
	return true
}

// joined words branches that each refuse the value as such as one problem.
func joined(best []finding, branches [][]finding, at string) []finding {
	var whys []string
	for _, b := range branches {
		if len(b) != 1 || b[0].at != at || b[0].Code != CodeFormat && b[0].Code != CodeValue {
			return best
		}
		if b[0].Why != "" && !slices.Contains(whys, b[0].Why) {
			whys = append(whys, b[0].Why)
		}
	}
	f := best[0]
	f.Why = strings.Join(whys, ", or ")
	return []finding{f}
}

// tooMany is a value for which more than one branch of oneOf holds.
func (x *explainer) tooMany(e *jsonschema.ValidationError, pl place, in part) {
	var keys []string
	branches, _ := in["oneOf"].([]any)
	for _, b := range branches {
		branch, _ := b.(map[string]any)
		for _, key := range part(branch).texts("required") {
			if f := pl.node.field(key); f != nil && !f.Value.takesBack() {
				keys = append(keys, key)
			}
		}
	}
	if len(keys) < 2 {
		if x.partial {
			return
		}
		x.report(e, pl, pl.problem(CodeValue, pl.name+" can be read in two ways", e.Message, ""))
		return
	}
	x.add(e, pl, finding{either: keys, Problem: pl.node.field(keys[1]).problem("", CodeValue,
		pl.name+" has "+strings.Join(keys, " and "), "only one of them can be there", "delete "+either(keys))})
}
