package interview

import (
	"fmt"
	"slices"
	"strings"

	"charm.land/huh/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/catalogue"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/starter"
)

// question is one thing that is asked.
type question struct {
	// field is made when it is asked in plain mode, and before all questions in a form.
	field func() huh.Field
	// hide tells, once the answers before are in, that there is nothing to ask.
	hide func() bool
}

// draft is the answers while they are being given.
type draft struct {
	*Session
	starter.Answers
	right bool // what the machine told is right
	next  string
	// useKeys says, in plain mode, that the keys that were found may log in; extra is one typed in.
	useKeys bool
	extra   string
	// picked are the services that run, those of the preset called base among them.
	picked []string
	base   string
	list   *huh.MultiSelect[string] // of picked, nil in plain mode
	keys   *huh.MultiSelect[string] // of SSHKeys
	width  int                      // of a question, columns
	// names are the services as typed in plain mode.
	names string
}

// What to do with the answers in the end.
const (
	nextBuild   = "build"
	nextWrite   = "write"
	nextDiscard = "discard"
)

func newDraft(s *Session) *draft {
	d := &draft{Session: s, Answers: s.Answers, right: true, next: nextWrite, useKeys: true}
	if s.Builds {
		d.next = nextBuild
	}
	d.names = strings.Join(s.Answers.Services, " ")
	for _, name := range s.Answers.NoServices {
		d.names = strings.TrimSpace(d.names + " " + nothing + name)
	}
	return d
}

// answers are the answers as they stand.
func (d *draft) answers() starter.Answers {
	a := d.Answers
	a.SSHKeys = slices.Clone(a.SSHKeys)
	switch {
	case d.Given["service"]:
	case d.Plain:
		a.Services, a.NoServices = d.named()
	default:
		a.Services, a.NoServices = d.beside()
	}
	if d.Plain && !d.useKeys {
		a.SSHKeys = nil
	}
	for _, p := range []*string{&a.Timezone, &a.Locale, &a.Layout, &a.User, &a.Name, &a.Email} {
		*p = typed(*p)
	}
	a.Settle(d.Session.Answers)
	if key := typed(d.extra); key != "" && !slices.Contains(a.SSHKeys, key) {
		a.SSHKeys = append(a.SSHKeys, key)
	}
	return a
}

// named are the services as they were typed, and those of the preset that are not to run.
func (d *draft) named() (more, without []string) {
	for _, name := range words(d.names) {
		if no, ok := strings.CutPrefix(name, nothing); ok {
			without = append(without, no)
		} else {
			more = append(more, name)
		}
	}
	return more, without
}

// beside are the services that are picked beside those of the preset, and those of the preset that are not.
func (d *draft) beside() (more, without []string) {
	if d.base == "" { // nobody was asked yet
		return d.Answers.Services, d.Answers.NoServices
	}
	base, now := d.presetCalled(d.base).Services, d.presetCalled(d.Preset).Services
	for _, c := range d.Session.Services {
		switch picked := slices.Contains(d.picked, c.Name); {
		case picked && !slices.Contains(base, c.Name) && !slices.Contains(now, c.Name):
			more = append(more, c.Name)
		case !picked && d.base == d.Preset && slices.Contains(base, c.Name):
			without = append(without, c.Name)
		}
	}
	return more, without
}

// pick shows as chosen what the preset brings and what was chosen before.
func (d *draft) pick() {
	if d.base == d.Preset || d.list == nil {
		return
	}
	more, without := d.beside()
	mine := slices.Concat(d.presetCalled(d.Preset).Services, more)
	d.picked = slices.DeleteFunc(mine, func(name string) bool { return slices.Contains(without, name) })
	d.base = d.Preset
	d.list.Options(d.serviceOptions()...)
}

// serviceOptions are the services, those that are picked first, so that all of them are seen at once.
func (d *draft) serviceOptions() []huh.Option[string] {
	all := slices.Clone(d.Session.Services)
	rank := func(c catalogue.Service) int {
		if slices.Contains(d.picked, c.Name) {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(all, func(a, b catalogue.Service) int { return rank(a) - rank(b) })
	wide := 0
	for _, c := range all {
		wide = max(wide, len(c.Name))
	}
	var options []huh.Option[string]
	for _, c := range all {
		options = append(options, d.option(fmt.Sprintf("%-*s  %s", wide, c.Name, c.Summary), c.Name))
	}
	return options
}

// option is an item of a list of several, cut to one line.
func (d *draft) option(label, value string) huh.Option[string] {
	const around = 9 // border, cursor, box, and a blank at the end
	return huh.NewOption(ansi.Truncate(label, max(d.width-around, 1), "…"), value)
}

// keyOptions are the keys that were found.
func (d *draft) keyOptions() []huh.Option[string] {
	var options []huh.Option[string]
	for i, label := range short(d.Keys) {
		options = append(options, d.option(label, d.Keys[i]))
	}
	return options
}

// resize fits the lists into that many columns and rows. New options end a search, so they come with other
// columns only: a terminal may tell its size late, and again.
func (d *draft) resize(columns, rows int) {
	other := d.width != columns
	d.width = columns
	if d.list != nil {
		if d.list.Height(rows); other {
			d.list.Options(d.serviceOptions()...)
		}
	}
	if d.keys != nil {
		if d.keys.Height(min(rows, len(d.Keys)+1)); other {
			d.keys.Options(d.keyOptions()...)
		}
	}
}

// nothing is what stands for an empty answer where there is a proposal.
const nothing = "-"

func typed(s string) string {
	if s = strings.TrimSpace(s); s == nothing {
		return ""
	}
	return s
}

func words(s string) []string {
	return strings.FieldsFunc(typed(s), func(r rune) bool { return r == ' ' || r == ',' })
}

func (d *draft) questions() []question {
	qs := []question{{field: func() huh.Field {
		return huh.NewConfirm().Title("Is this right?").Description(strings.Join(d.Found, "\n")).
			Affirmative("Yes").Negative("Change it").Value(&d.right)
	}}}
	// What the machine tells is asked only where it is not known, or not right.
	known := func(complete bool) func() bool { return func() bool { return d.right && complete } }
	complete := known(d.User != "" && d.Timezone != "")
	qs = append(qs,
		question{d.input("hostname", "Host name", "", &d.Hostname), complete},
		question{d.input("timezone", "Time zone", "as in Europe/Berlin", &d.Timezone), complete},
		question{d.input("locale", "Locale", "as in de_DE.UTF-8", &d.Locale), complete},
		question{d.input("layout", "Keyboard layout", "as in de or us", &d.Layout), complete},
		question{d.input("user", "Your user name", "", &d.User), complete})
	if !d.Given["preset"] {
		qs = append(qs, question{field: d.preset})
	}
	if !d.Given["desktop"] {
		qs = append(qs, question{d.desktop, func() bool {
			got := d.presetCalled(d.Preset).Desktop
			return got == "" || got == "none"
		}})
	}
	if !d.Given["service"] {
		qs = append(qs, question{d.services, func() bool {
			d.pick()
			return false
		}})
	}
	if !d.Given["name"] {
		name := d.input("name", "Your full name, also for git", "may stay empty", &d.Name)
		qs = append(qs, question{name, known(d.Name != "")})
	}
	if !d.Given["email"] {
		email := d.input("email", "Your e-mail address for git", "may stay empty", &d.Email)
		qs = append(qs, question{email, known(d.Email != "")})
	}
	if !d.Given["ssh-key"] {
		qs = append(qs, d.sshKeys()...)
	}
	return append(qs, question{field: d.end})
}

// presetCalled is a preset by its name.
func (d *draft) presetCalled(name string) Preset {
	for _, p := range d.Presets {
		if p.Name == name {
			return p
		}
	}
	return Preset{}
}

// input is a line of text that the schema checks.
func (d *draft) input(name, title, hint string, value *string) func() huh.Field {
	return func() huh.Field {
		proposed := *value
		field := huh.NewInput().Value(value).Validate(func(s string) error {
			if d.Plain && strings.TrimSpace(s) == "" {
				s = proposed
			}
			if s = typed(s); s == "" && name != "hostname" && name != "user" {
				return nil
			}
			return d.Check(name, s)
		})
		if !d.Plain {
			return field.Title(title).Description(hint)
		}
		switch {
		case proposed != "" && (name == "hostname" || name == "user"):
			title += " [" + proposed + "]:"
		case proposed != "":
			title += " [" + proposed + ", " + nothing + " for none]:"
		case hint != "":
			title += " (" + hint + "):"
		default:
			title += ":"
		}
		return field.Title(title)
	}
}

func (d *draft) preset() huh.Field {
	var options []huh.Option[string]
	for _, p := range d.Presets {
		options = append(options, huh.NewOption(p.Summary, p.Name))
	}
	return huh.NewSelect[string]().Title(d.with("What is this machine for?", d.Preset)).
		Options(options...).Value(&d.Preset)
}

// with adds, in plain mode, what an empty line answers.
func (d *draft) with(title, proposed string) string {
	if d.Plain && proposed != "" {
		return title + " [" + proposed + "]"
	}
	return title
}

func (d *draft) desktop() huh.Field {
	options := []huh.Option[string]{huh.NewOption("what the preset says", "")}
	for _, name := range d.Desktops {
		options = append(options, huh.NewOption(name, name))
	}
	proposed := d.Desktop
	if proposed == "" {
		proposed = "what the preset says"
	}
	s := huh.NewSelect[string]().Title(d.with("Which desktop?", proposed)).Options(options...).Value(&d.Desktop)
	if d.Plain {
		return s
	}
	return s.DescriptionFunc(func() string { return "the preset says: " + d.presetCalled(d.Preset).Desktop }, &d.Preset)
}

func (d *draft) services() huh.Field {
	if d.Plain {
		title := "Services, by name (? lists them"
		if got := d.presetCalled(d.Preset).Services; len(got) > 0 {
			title += "; " + nothing + "NAME leaves out one of the preset's: " + strings.Join(got, ", ")
		}
		if title += ")"; d.names != "" {
			title += " [" + d.names + ", " + nothing + " for none]"
		}
		return huh.NewInput().Title(title + ":").Value(&d.names).Validate(d.checkServices)
	}
	d.list = huh.NewMultiSelect[string]().Title("Which services?").Value(&d.picked).
		Description("what the preset brings is chosen")
	d.pick()
	return d.list
}

// checkServices checks the services that were typed, and lists all of them where that was asked.
func (d *draft) checkServices(s string) error {
	if strings.TrimSpace(s) == "?" {
		var list strings.Builder
		for _, c := range d.Session.Services {
			fmt.Fprintf(&list, "%s: %s\n", c.Name, c.Summary)
		}
		return fmt.Errorf("%s", strings.TrimSuffix(list.String(), "\n"))
	}
	for _, name := range words(s) {
		if err := d.Check("service", strings.TrimPrefix(name, nothing)); err != nil {
			return err
		}
	}
	return nil
}

// sshKeys ask for the keys that may log in: for those that were found, else, where ssh runs, for one.
func (d *draft) sshKeys() []question {
	another := question{d.input("ssh-key", "A public ssh key that may log in", "may stay empty", &d.extra), func() bool {
		runs := slices.Concat(d.presetCalled(d.Preset).Services, d.answers().Services)
		return len(d.SSHKeys) > 0 && d.useKeys || len(d.Keys) == 0 && !slices.Contains(runs, "openssh")
	}}
	switch {
	case len(d.Keys) == 0, d.Plain && len(d.SSHKeys) == 0:
		return []question{another}
	case d.Plain:
		list := fmt.Sprintf("These keys may log in now:\n%s\nLet them log in?", strings.Join(short(d.SSHKeys), "\n"))
		return []question{{field: func() huh.Field { return huh.NewConfirm().Title(list).Value(&d.useKeys) }}, another}
	}
	return []question{{field: func() huh.Field {
		d.keys = huh.NewMultiSelect[string]().Title("Which keys may log in over ssh?").Value(&d.SSHKeys)
		return d.keys
	}}, another}
}

// end asks what to do with the answers.
func (d *draft) end() huh.Field {
	var options []huh.Option[string]
	if d.Builds {
		options = append(options, huh.NewOption("Write it, build it, and show what would change", nextBuild))
	}
	options = append(options, huh.NewOption("Write it", nextWrite), huh.NewOption("Discard it", nextDiscard))
	title := d.with("Write "+d.Path+"?", options[0].Key)
	s := huh.NewSelect[string]().Title(title).Options(options...).Value(&d.next)
	if d.Builds {
		s.Description("Building changes nothing on the machine. You are asked before it is activated.")
	}
	return s
}

// short are keys as one recognises them: kind, end of the key, comment.
func short(keys []string) []string {
	out := make([]string, len(keys))
	for i, key := range keys {
		parts := strings.SplitN(key, " ", 3)
		if len(parts) > 1 && len(parts[1]) > 8 {
			parts[1] = "…" + parts[1][len(parts[1])-8:]
		}
		out[i] = strings.Join(parts, " ")
	}
	return out
}
