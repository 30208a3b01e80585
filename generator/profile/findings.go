package profile

import (
	"cmp"
	"fmt"
	"math/big"
	"net/url"
	"regexp"
	"slices"
	"sort"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v5"
)

// finding is a problem with what is needed to choose between alternatives.
type finding struct {
	Problem
	at      string   // instance location
	types   []string // expected, of a CodeType finding
	missing []string // of a CodeMissing finding
	foreign bool     // the value has another type than all values allowed
}

// explainer turns a tree of validation errors into findings.
type explainer struct {
	schema  *compiled
	root    *Node
	partial bool
	found   []finding
}

func (x *explainer) problems() Problems {
	ps := make(Problems, len(x.found))
	for i, f := range x.found {
		ps[i] = f.Problem
	}
	return ps
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

// ofKey is one of the key of the place, or else of its value.
func (pl place) ofKey(code Code, what, why, hint string) Problem {
	if pl.in != nil {
		return Problem{Pos: pl.in.KeyPos, width: len([]rune(pl.in.Key)), Code: code, What: what, Why: why, Hint: hint}
	}
	return pl.problem(code, what, why, hint)
}

func (x *explainer) locate(pointer string) place {
	pl := place{node: x.root, name: "the profile"}
	for _, part := range splitPointer(pointer) {
		if s, err := url.PathUnescape(part); err == nil {
			part = s
		}
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

// keyword splits the location of an error into the schema it belongs to and
// the keyword that failed.
func (x *explainer) keyword(e *jsonschema.ValidationError) (*jsonschema.Schema, string) {
	loc := e.AbsoluteKeywordLocation
	if p := x.schema.parts[loc]; p != nil {
		if strings.HasSuffix(loc, "/not") {
			return p, "not"
		}
		return p, ""
	}
	keyword := ""
	for {
		i := strings.LastIndexByte(loc, '/')
		if i < 0 {
			return nil, keyword
		}
		keyword = loc[i+1:]
		loc = loc[:i]
		if p := x.schema.parts[loc]; p != nil {
			return p, keyword
		}
	}
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
	if pl.node.bad || pl.node.takesBack() && !pl.listed && !ofKeys(e) {
		return
	}
	part, keyword := x.keyword(e)
	if keyword == "anyOf" || keyword == "oneOf" {
		x.alternatives(e, pl, part)
		return
	}
	if len(e.Causes) > 0 && keyword != "minContains" {
		for _, cause := range e.Causes {
			x.walk(cause)
		}
		return
	}
	if part == nil {
		part = &jsonschema.Schema{}
	}
	if ofKeys(e) {
		x.badKey(e, pl, part, keyword)
		return
	}
	x.leaf(e, pl, part, keyword)
}

// add records what is wrong with the value at pl.
func (x *explainer) add(e *jsonschema.ValidationError, pl place, f finding) {
	f.at = e.InstanceLocation
	f.Path = dotted(pl.path)
	x.found = append(x.found, f)
}

func (x *explainer) report(e *jsonschema.ValidationError, pl place, p Problem) {
	x.add(e, pl, finding{Problem: p})
}

func (x *explainer) leaf(e *jsonschema.ValidationError, pl place, part *jsonschema.Schema, keyword string) {
	n := pl.node
	refuse := func(why string) {
		x.report(e, pl, pl.problem(CodeValue, pl.name+" cannot be "+n.brief(), why, ""))
	}
	switch keyword {
	case "":
		x.report(e, pl, pl.ofKey(CodeUnknown, "the key "+strconv.Quote(pl.name)+" is not allowed here", "", "delete it"))
	case "type":
		x.add(e, pl, wrongType(n, part.Types))
	case "enum", "const":
		x.add(e, pl, notAmong(pl, allowed(part)))
	case "format":
		what, why, hint := wrongFormat(n.Str(), part.Format)
		x.report(e, pl, pl.problem(CodeFormat, what, why, hint))
	case "pattern":
		x.report(e, pl, pl.problem(CodeFormat, pl.name+" cannot be "+n.brief(), patternWhy(part), ""))
	case "required", "dependentRequired":
		x.missing(e, pl, part, keyword)
	case "additionalProperties", "unevaluatedProperties":
		x.unknown(e, pl, part)
	case "minimum":
		refuse("the least is " + number(part.Minimum))
	case "maximum":
		refuse("the most is " + number(part.Maximum))
	case "exclusiveMinimum":
		refuse("it is more than " + number(part.ExclusiveMinimum))
	case "exclusiveMaximum":
		refuse("it is less than " + number(part.ExclusiveMaximum))
	case "multipleOf":
		refuse("it is a multiple of " + number(part.MultipleOf))
	case "minLength":
		if n.Str() == "" {
			x.report(e, pl, pl.problem(CodeValue, pl.name+" is empty", "", "delete the key if it is not needed"))
			return
		}
		refuse(fmt.Sprintf("it has at least %d characters", part.MinLength))
	case "maxLength":
		refuse(fmt.Sprintf("it has at most %d characters", part.MaxLength))
	case "minItems":
		if !x.partial {
			refuse("it has at least " + count(part.MinItems, "entry", "entries"))
		}
	case "maxItems":
		refuse("it has at most " + count(part.MaxItems, "entry", "entries"))
	case "minProperties":
		if !x.partial {
			refuse("it has at least " + count(part.MinProperties, "key", "keys"))
		}
	case "maxProperties":
		refuse("it has at most " + count(part.MaxProperties, "key", "keys"))
	case "uniqueItems":
		x.twice(e, pl)
	case "minContains", "contains":
		refuse("an entry that it needs is missing")
	case "not":
		refuse(cmp.Or(part.Description, "it is not allowed here"))
	default:
		x.report(e, pl, pl.problem(CodeValue, pl.name+" is not allowed", e.Message, ""))
	}
}

// kinds are the types of JSON Schema as messages call them.
var kinds = map[string]string{
	"null": "nothing", "boolean": "true or false", "integer": "a whole number", "number": "a number",
	"string": "text", "array": "a list", "object": "a map",
}

func wrongType(n *Node, types []string) finding {
	var names []string
	for _, t := range types {
		if t != "null" || len(types) == 1 {
			names = append(names, kinds[t])
		}
	}
	found := n.brief()
	if n.Kind == Map || n.Kind == List {
		found = n.Kind.String()
	}
	f := finding{types: types, Problem: n.problem("", CodeType, "expected "+either(names)+", found "+found, "", "")}
	want := func(t string) bool { return slices.Contains(types, t) }
	s := strings.ToLower(n.Str())
	switch {
	case n.Kind == Null:
		f.Hint = "write a value, or delete the key"
	case want("boolean") && n.Kind == String && slices.Contains([]string{"yes", "on", "y", "true"}, s):
		f.Hint = "write true"
	case want("boolean") && n.Kind == String && slices.Contains([]string{"no", "off", "n", "false"}, s):
		f.Hint = "write false"
	case want("string") && (n.Kind == Bool || n.Kind == Int || n.Kind == Float):
		f.Hint = "put it in quotes if it is text"
	case (want("integer") || want("number")) && n.Kind == String && coreInt.MatchString(s):
		f.Hint = "write " + s + " without quotes"
	case want("array") && n.Kind != Map && n.Kind != List:
		f.Hint = "write [" + strings.TrimSpace(flowText(n)) + "]"
	}
	return f
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

var plainInFlow = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_./+-]*$`)

func either(names []string) string {
	switch len(names) {
	case 0:
		return "something else"
	case 1:
		return names[0]
	}
	return strings.Join(names[:len(names)-1], ", ") + " or " + names[len(names)-1]
}

func allowed(part *jsonschema.Schema) []any {
	if len(part.Constant) > 0 {
		return part.Constant
	}
	return part.Enum
}

func notAmong(pl place, values []any) finding {
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
		if near := Nearest(pl.node.Str(), texts); near != "" {
			p.Hint = "did you mean " + strconv.Quote(near) + "?"
		}
	case pl.node.Kind != Map && pl.node.Kind != List && slices.Contains(texts, fmt.Sprint(pl.node.Scalar)):
		p.Hint = "put it in quotes: " + strconv.Quote(fmt.Sprint(pl.node.Scalar))
	}
	return finding{types: types, foreign: foreign, Problem: p}
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
	return quoteShort(wrong) + " is no " + f.noun, f.why, hint
}

// shapes are the commonest patterns of the schema in words.
var shapes = map[string]string{
	`^[a-z][a-z0-9-]*$`:          "it is lower-case letters, digits and -, a letter first",
	`^[a-z_][a-z0-9_-]*$`:        "it is lower-case letters, digits, _ and -, no digit first",
	`^[A-Z][A-Z0-9_]*$`:          "it is upper-case letters, digits and _, a letter first",
	`^[A-Za-z0-9_-]+$`:           "it is letters, digits, _ and -",
	`^[^\s]+$`:                   "it has no blanks",
	`^https?://[^\s]+$`:          "it is an address that begins with http:// or https://",
	`^https?://[^\s]+/$`:         "it is an address that begins with http:// or https:// and ends with /",
	`^[0-9]+(kB|MB|GB)$`:         "it is a size such as 512MB or 4GB",
	`^[0-9]+(kb|mb|gb)$`:         "it is a size such as 512mb or 4gb",
	`^[0-9]+h$`:                  "it is a number of hours such as 720h",
	`^([0-9]+(ms|[smhdwy]))+$`:   "it is a time such as 15d or 1h30m",
	`^[A-Za-z_][A-Za-z0-9_.-]*$`: "it is letters, digits, _, . and -, a letter first",
	`^bundle:[a-z][a-z0-9-]*$`:   "it is a bundle such as bundle:cli",
	`^[A-Za-z_][A-Za-z0-9_'-]*(\.[A-Za-z_][A-Za-z0-9_'-]*)*$`: "it is the name of a package in nixpkgs, which " +
		"begins with a letter or _",
	`^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$`:     "it is OWNER/MODEL, as on Hugging Face",
	`^([01][0-9]|2[0-3]):[0-5][0-9]$`:       "it is a time of day such as 04:30",
	`^(nodev|/dev/.+)$`:                     "it is a disk below /dev, or nodev",
	`^/dev/disk/by-id/[A-Za-z0-9._:+=@-]+$`: "it is the name of a disk below /dev/disk/by-id",
	`^[a-z0-9.-]+(:[0-9]+)?/[A-Za-z0-9_./-]+:[A-Za-z0-9_.-]+(@sha256:[0-9a-f]{64})?$`: "it is an image with its " +
		"registry and tag, as in docker.io/library/redis:7.4",
}

func patternWhy(part *jsonschema.Schema) string {
	if part.Pattern == nil {
		return ""
	}
	if words := shapes[part.Pattern.String()]; words != "" {
		return words
	}
	if len(part.Examples) > 0 {
		return fmt.Sprintf("it looks like %v", part.Examples[0])
	}
	return "it has to match " + part.Pattern.String()
}

// badKey explains a key that propertyNames refuses. pl is the value of the
// key; all positions are those of the key.
func (x *explainer) badKey(e *jsonschema.ValidationError, pl place, part *jsonschema.Schema, keyword string) {
	if pl.in == nil {
		return
	}
	key := pl.in.Key
	named := pl
	named.node = &Node{Kind: String, Scalar: key, Pos: pl.in.KeyPos, width: len([]rune(key))}
	named.name = "a key of " + parentName(pl.path)
	x.leaf(e, named, part, keyword)
}

func parentName(path []string) string {
	if len(path) < 2 {
		return "the profile"
	}
	return printable(path[len(path)-2])
}

// unknown reports each key of pl that the schema does not know.
func (x *explainer) unknown(e *jsonschema.ValidationError, pl place, part *jsonschema.Schema) {
	var names []string
	for name := range part.Properties {
		if !strings.HasPrefix(name, "+") {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	for i := range pl.node.Fields {
		f := &pl.node.Fields[i]
		if _, ok := part.Properties[f.Key]; ok || matchesAny(part, f.Key) {
			continue
		}
		p := f.problem("", CodeUnknown, "there is no key "+strconv.Quote(f.Key), "", "")
		if pl.in != nil {
			p.What += " in " + pl.name
		}
		if len(x.found) < maxProblems {
			p.Hint = DidYouMean(f.Key, names)
		}
		sub := pl
		sub.path = append(pl.path[:len(pl.path):len(pl.path)], f.Key)
		x.report(e, sub, p)
	}
}

func matchesAny(part *jsonschema.Schema, key string) bool {
	for pattern := range part.PatternProperties {
		if pattern.MatchString(key) {
			return true
		}
	}
	return false
}

// missing reports keys that are required.
func (x *explainer) missing(e *jsonschema.ValidationError, pl place, part *jsonschema.Schema, keyword string) {
	if x.partial {
		return
	}
	report := func(key, why string) {
		p := pl.ofKey(CodeMissing, pl.name+" lacks the key "+strconv.Quote(key), why, "add "+key)
		x.add(e, pl, finding{Problem: p, missing: []string{key}})
	}
	if keyword == "required" {
		for _, key := range part.Required {
			if pl.node.field(key) == nil {
				report(key, cmp.Or(part.Description, "it is required"))
			}
		}
		return
	}
	for with, keys := range part.DependentRequired {
		if pl.node.field(with) == nil {
			continue
		}
		for _, key := range keys {
			if pl.node.field(key) == nil {
				report(key, with+" needs it")
			}
		}
	}
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
func (x *explainer) alternatives(e *jsonschema.ValidationError, pl place, part *jsonschema.Schema) {
	if len(e.Causes) == 0 { // oneOf, and more than one branch holds
		x.tooMany(e, pl, part)
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
		x.add(e, pl, wrongType(pl.node, slices.Compact(types)))
	case allMissing(fit):
		var keys []string
		for _, b := range fit {
			keys = append(keys, b[0].missing...)
		}
		f := fit[0][0]
		f.What = pl.name + " needs one of " + strings.Join(keys, ", ")
		f.Why, f.Hint = "", "add "+either(keys)
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
func (x *explainer) tooMany(e *jsonschema.ValidationError, pl place, part *jsonschema.Schema) {
	var keys []string
	if part != nil {
		for _, b := range part.OneOf {
			for _, key := range b.Required {
				if f := pl.node.field(key); f != nil && !f.Value.takesBack() {
					keys = append(keys, key)
				}
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
	x.report(e, pl, pl.node.field(keys[1]).problem("", CodeValue, pl.name+" has "+strings.Join(keys, " and "),
		"only one of them can be there", "delete "+either(keys)))
}

func number(r *big.Rat) string {
	if r == nil {
		return ""
	}
	if r.IsInt() {
		return r.Num().String()
	}
	return r.FloatString(6)
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
