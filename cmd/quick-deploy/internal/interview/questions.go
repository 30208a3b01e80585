package interview

import (
	"fmt"
	"slices"
	"strings"

	"charm.land/huh/v2"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/starter"
)

// question is what is asked at a time: one thing, or a few that belong together.
type question struct {
	fields []huh.Field
	// hide tells, once the answers before are in, that there is nothing to ask.
	hide func() bool
}

// draft is the answers while they are being given.
type draft struct {
	*Session
	starter.Answers
	right bool // what the machine told is right
	write bool
	// keys are those chosen of the keys that were found, extra is one typed in.
	useKeys bool
	extra   string
	// names are the services as typed in plain mode.
	names string
}

func newDraft(s *Session) *draft {
	return &draft{
		Session: s, Answers: s.Answers, right: true, write: true, useKeys: true,
		names: strings.Join(s.Answers.Services, " "),
	}
}

// answers are the answers as they stand.
func (d *draft) answers() starter.Answers {
	a := d.Answers
	a.SSHKeys, a.Services = slices.Clone(a.SSHKeys), slices.Clone(a.Services)
	if d.Plain {
		if !d.Given["service"] {
			a.Services = words(d.names)
		}
		if !d.useKeys {
			a.SSHKeys = nil
		}
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
	qs := []question{{fields: []huh.Field{
		huh.NewConfirm().Title("Is this right?").Description(strings.Join(d.Found, "\n")).
			Affirmative("Yes").Negative("Change it").Value(&d.right),
	}}}
	facts := []huh.Field{
		d.input("hostname", "Host name", "", &d.Hostname),
		d.input("timezone", "Time zone", "as in Europe/Berlin", &d.Timezone),
		d.input("locale", "Locale", "as in de_DE.UTF-8", &d.Locale),
		d.input("layout", "Keyboard layout", "as in de or us", &d.Layout),
		d.input("user", "Your user name", "", &d.User),
	}
	complete := d.User != "" && d.Timezone != ""
	qs = append(qs, question{facts, func() bool { return d.right && complete }})
	if !d.Given["preset"] {
		qs = append(qs, question{fields: []huh.Field{d.preset()}})
	}
	if !d.Given["desktop"] {
		qs = append(qs, question{[]huh.Field{d.desktop()}, func() bool { return d.chosen().Desktop == "none" }})
	}
	if !d.Given["service"] {
		qs = append(qs, question{fields: []huh.Field{d.services()}})
	}
	qs = append(qs, d.identity()...)
	if !d.Given["ssh-key"] {
		qs = append(qs, question{fields: d.sshKeys()})
	}
	return append(qs, question{fields: []huh.Field{
		huh.NewConfirm().Title("Write " + d.Path + "?").
			Description("Nothing else is changed: quick-deploy diff shows what it leads to.").
			Affirmative("Write").Negative("Discard").Value(&d.write),
	}})
}

// chosen is the preset chosen last.
func (d *draft) chosen() Preset {
	for _, p := range d.Presets {
		if p.Name == d.Preset {
			return p
		}
	}
	return Preset{}
}

// input is a line of text that the schema checks.
func (d *draft) input(name, title, hint string, value *string) huh.Field {
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

func (d *draft) preset() huh.Field {
	var options []huh.Option[string]
	for _, p := range d.Presets {
		options = append(options, huh.NewOption(p.Name+": "+p.Summary, p.Name))
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
	return s.DescriptionFunc(func() string {
		name := d.chosen().Desktop
		if name == "" {
			name = "none"
		}
		return "the preset says: " + name
	}, &d.Preset)
}

func (d *draft) services() huh.Field {
	if d.Plain {
		title := "Services, by name (? lists them):"
		if d.names != "" {
			title = "Services, by name (? lists them) [" + d.names + ", " + nothing + " for none]:"
		}
		return huh.NewInput().Title(title).Value(&d.names).Validate(d.checkServices)
	}
	var options []huh.Option[string]
	for _, c := range d.Session.Services {
		options = append(options, huh.NewOption(c.Name+"  "+c.Summary, c.Name))
	}
	return huh.NewMultiSelect[string]().Title("Which services?").Options(options...).Value(&d.Answers.Services).Height(14).
		DescriptionFunc(func() string {
			if got := d.chosen().Services; len(got) > 0 {
				return "x chooses, / searches; with the preset anyway: " + strings.Join(got, ", ")
			}
			return "x chooses, / searches"
		}, &d.Preset)
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
		if err := d.Check("service", name); err != nil {
			return err
		}
	}
	return nil
}

// identity asks who commits, as far as that is not known.
func (d *draft) identity() []question {
	var fields []huh.Field
	if !d.Given["name"] {
		fields = append(fields, d.input("name", "Your full name, also for git", "may stay empty", &d.Name))
	}
	if !d.Given["email"] {
		fields = append(fields, d.input("email", "Your e-mail address for git", "may stay empty", &d.Email))
	}
	if len(fields) == 0 {
		return nil
	}
	return []question{{fields: fields}}
}

func (d *draft) sshKeys() []huh.Field {
	another := d.input("ssh-key", "A public ssh key that may log in", "may stay empty", &d.extra)
	if len(d.Keys) == 0 {
		return []huh.Field{another}
	}
	another = d.input("ssh-key", "Another public ssh key", "may stay empty", &d.extra)
	if d.Plain {
		if len(d.SSHKeys) == 0 {
			return []huh.Field{another}
		}
		list := fmt.Sprintf("These keys may log in now:\n%s\nLet them log in?", strings.Join(short(d.SSHKeys), "\n"))
		return []huh.Field{huh.NewConfirm().Title(list).Value(&d.useKeys), another}
	}
	var options []huh.Option[string]
	for i, label := range short(d.Keys) {
		options = append(options, huh.NewOption(label, d.Keys[i]))
	}
	return []huh.Field{
		huh.NewMultiSelect[string]().Title("Which keys may log in over ssh?").Options(options...).Value(&d.SSHKeys),
		another,
	}
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
