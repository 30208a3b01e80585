package starter

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Fill sets the answers that the answers file in data gives; those that it
// does not name stay as they are. The error says line and column.
func Fill(a *Answers, data []byte) error {
	before := *a
	loader, err := yaml.NewLoader(bytes.NewReader(data), yaml.WithKnownFields())
	if err == nil {
		err = loader.Load(a)
	}
	var at *yaml.LoadError
	switch {
	case errors.As(err, &at):
		what, _, _ := strings.Cut(at.Message, " not found in type")
		return fmt.Errorf("read the answers: [%d:%d] %s", at.Mark.Line, at.Mark.Column, what)
	case err != nil && !errors.Is(err, io.EOF):
		return fmt.Errorf("read the answers: %w", err)
	}
	a.Settle(before)
	return nil
}

// Settle drops the variant of the layout that there was before, where another took its place.
func (a *Answers) Settle(before Answers) {
	if a.Layout != before.Layout && a.Variant == before.Variant {
		a.Variant = ""
	}
}

// File is an answers file that holds every answer, so that the machine it is
// read on does not matter.
func File(a Answers) ([]byte, error) {
	w := &writer{}
	w.line(0, "# quick-deploy init --answers FILE gives these answers again.")
	for _, p := range []struct{ key, value string }{
		{"preset", a.Preset}, {"release", a.Release}, {"hostname", a.Hostname}, {"state-version", a.StateVersion},
		{"timezone", a.Timezone}, {"locale", a.Locale}, {"layout", a.Layout},
		{"variant", a.Variant}, {"keyboard-options", a.Options}, {"desktop", a.Desktop},
		{"user", a.User}, {"name", a.Name}, {"email", a.Email}, {"shell", a.Shell}, {"home", a.Home}, {"adopt", a.Adopt},
		{"file-systems", a.FileSystems}, {"loader", a.Loader},
	} {
		w.line(0, p.key+": "+w.scalar(p.value))
	}
	for _, l := range []struct {
		key   string
		items []string
	}{{"ssh-key", a.SSHKeys}, {"service", a.Services}, {"package", a.Packages}} {
		if len(l.items) == 0 {
			w.line(0, l.key+": []")
			continue
		}
		w.line(0, l.key+":")
		for _, item := range l.items {
			w.line(1, "- "+w.scalar(item))
		}
	}
	if len(a.Others) == 0 {
		w.line(0, "others: []")
	} else {
		w.line(0, "others:")
	}
	for _, o := range a.Others {
		w.line(1, "- user: "+w.scalar(o.User))
		w.line(2, "name: "+w.scalar(o.Name))
		w.line(2, "shell: "+w.scalar(o.Shell))
		w.line(2, fmt.Sprintf("admin: %v", o.Admin))
	}
	return []byte(w.text.String()), w.err
}
