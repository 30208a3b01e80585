package preflight

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"

	"github.com/quick-deploy/quick-deploy/schema"
)

// keys finds services that would get another key for data that they have encrypted.
func keys(_ context.Context, m *Machine, t Target) []Finding {
	var out []Finding
	for _, s := range t.Services {
		e := s.Encryption
		if e == nil || s.Key == "" {
			continue
		}
		now, runs := m.keyInUse(s.Name, e)
		switch _, err := os.Stat(m.path(e.Data)); {
		case runs && now == s.Key, errors.Is(err, fs.ErrNotExist), err != nil && !runs:
			continue
		}
		if _, err := os.Stat(m.path(e.File)); err == nil && s.Key == e.Default && !runs {
			continue // this program made the key once, for this data
		}
		from := "with a key that is not known here"
		if runs {
			from = "with the key of the running system"
		}
		out = append(out, Finding{
			What: fmt.Sprintf("%s has data that is encrypted %s, and the profile gives it another: "+
				"it could no longer be decrypted", s.Name, from),
			Fix: fmt.Sprintf("name its present key by encryptionKeySecret; if it never had one of its own, --skip keys keeps "+
				"the publicly known one that %s came with before NixOS 26.05", s.Name),
		})
	}
	return out
}

var (
	unitScript = regexp.MustCompile(`(?m)^ExecStart=[@:+!-]*(/nix/store/[^\s"]+)`)
	configFile = regexp.MustCompile(`--?config[= ]["']?(/nix/store/[^\s"']+)`)
)

// keyInUse is what the configuration of a running service says about its key, and
// whether the running system has the service and tells.
func (m *Machine) keyInUse(service string, e *schema.Encryption) (string, bool) {
	text, ok := m.read("/etc/systemd/system/" + service + ".service")
	if !ok {
		return "", false
	}
	config := configFile.FindStringSubmatch(text)
	if config == nil {
		// NixOS puts a unit's script into a file of its own.
		if script := unitScript.FindStringSubmatch(text); script != nil {
			text, _ = m.read(script[1])
			config = configFile.FindStringSubmatch(text)
		}
	}
	if config == nil {
		return "", false
	}
	if text, ok = m.read(config[1]); !ok {
		return "", false
	}
	line := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(e.Setting) + `\s*=\s*(.*)$`).FindStringSubmatch(text)
	if line == nil {
		return "", true
	}
	return line[1], true
}
