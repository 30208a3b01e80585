package health

import (
	"context"
)

// Kind is what a check looks at. A file of its own registers each.
type Kind string

// look looks once. The text is what was seen, the error why it is not as it should be: one that
// wraps errUnknown says that nothing could be seen.
type look func(ctx context.Context, c *Checker, check Check) (string, error)

// kinds are the kinds, each with how to look; nil for those that systemd tells about.
var kinds = map[Kind]look{}

// remotely are the kinds of which commands and connections tell all, and no file.
var remotely = map[Kind]bool{}

// here registers a kind that reads files of this machine.
func here(name Kind, look look) Kind {
	kinds[name] = look
	return name
}

// anywhere registers a kind that works through ssh as well.
func anywhere(name Kind, look look) Kind {
	remotely[name] = true
	return here(name, look)
}

// Remote reports whether checks of the kind can be made through ssh.
func (k Kind) Remote() bool { return remotely[k] }
