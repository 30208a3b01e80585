package preflight

import (
	"context"
	"errors"
	"io/fs"
	"regexp"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
	"github.com/quick-deploy/quick-deploy/schema"
)

var keys = Check{
	Name: "keys", acting: true,
	Doc: "every service keeps the key that its data is encrypted with",
	find: func(_ context.Context, v *visit) {
		sys := v.system()
		for _, s := range v.to.Services {
			if s.Info.Encryption == nil || s.Key == "" {
				continue
			}
			e := s.Info.Encryption
			now, runs := keyInUse(sys, s.Name, e)
			switch _, err := sys.Stat(e.Data); {
			case runs && now == s.Key, errors.Is(err, fs.ErrNotExist), err != nil && !runs:
				continue
			}
			if _, err := sys.Stat(e.File); err == nil && s.Key == e.Default && !runs {
				continue // this program made the key once, for this data
			}
			from := "with a key that is not known here"
			if runs {
				from = "with the key of the running system"
			}
			v.blocker("name its present key by encryptionKeySecret; if it never had one of its own, "+
				"--skip keys keeps the publicly known one that "+s.Name+" came with before NixOS 26.05",
				"%s has data that is encrypted %s, and the profile gives it another: it could no longer be decrypted",
				s.Name, from)
		}
	},
}

var (
	unitScript = lazyregexp.New(`(?m)^ExecStart=[@:+!-]*(/nix/store/[^\s"]+)`)
	configFile = lazyregexp.New(`--?config[= ]["']?(/nix/store/[^\s"']+)`)
)

// keyInUse returns what the configuration of a running service says about its key, and
// whether the running system has the service and tells.
func keyInUse(sys system.Machine, service string, e *schema.Encryption) (string, bool) {
	text := sys.Text("/etc/systemd/system/" + service + ".service")
	config := configFile.FindStringSubmatch(text)
	// NixOS puts a unit's script into a file of its own.
	if script := unitScript.FindStringSubmatch(text); config == nil && script != nil {
		config = configFile.FindStringSubmatch(sys.Text(script[1]))
	}
	if config == nil {
		return "", false
	}
	if text = sys.Text(config[1]); text == "" {
		return "", false
	}
	line := regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(e.Setting) + `\s*=\s*(.*)$`).FindStringSubmatch(text)
	if line == nil {
		return "", true
	}
	return line[1], true
}
