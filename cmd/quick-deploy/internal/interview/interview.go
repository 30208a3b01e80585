// Package interview asks a new user the few things that a machine cannot tell
// about itself, and shows beside the questions what the answers lead to.
//
// On a capable terminal it is a form; elsewhere, and for screen readers, the
// same questions are plain lines.
package interview

import (
	"context"
	"io"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/catalogue"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/starter"
	"github.com/quick-deploy/quick-deploy/schema"
)

// Preset is a profile to start from.
type Preset struct {
	schema.Preset
	// Desktop is what the preset says about the desktop, Services what it runs.
	Desktop  string
	Services []string
}

// Session is one interview.
type Session struct {
	// Answers are what is proposed; an answer that was given keeps its question from being asked.
	Answers starter.Answers
	// Given tells by the flag's name which answers are no proposals.
	Given map[string]bool
	// Found says in lines what the machine told about itself.
	Found []string
	// Path is the profile that will be written.
	Path string

	Presets  []Preset
	Desktops []string
	Services []catalogue.Service
	// Keys are public ssh keys that were found.
	Keys []string

	// Check says why value cannot be the answer called name; nil if it can.
	Check func(name, value string) error
	// Preview is what the answers lead to.
	Preview func(starter.Answers) Preview
	// Builds says that what is written can be built and switched to here.
	Builds bool

	In  io.Reader
	Out io.Writer
	// Plain asks line by line.
	Plain bool
	// Size is the size of the terminal in columns and lines.
	Size func() (width, height int)
}

// Ask asks, and returns the answers and whether to go on with a build. The error is a fault that says with
// which code to exit: interrupted, or usage where the answers ended too early.
func (s *Session) Ask(ctx context.Context) (_ starter.Answers, build bool, err error) {
	d := newDraft(s)
	questions := d.questions()
	if s.Plain {
		err = s.plain(ctx, d, questions)
	} else {
		err = s.form(ctx, d, questions)
	}
	if err != nil {
		return starter.Answers{}, false, err
	}
	return d.answers(), d.next == nextBuild, nil
}
