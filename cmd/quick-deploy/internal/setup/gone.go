package setup

import (
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/starter"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/generator/nix/syntax"
)

// maxGone is how many settings are named that a fresh start leaves behind.
const maxGone = 20

// probed are options of NixOS that the profile or the hardware says without the configuration.
var probed = []string{
	"imports", "networking.hostName", "time.timeZone", "i18n.defaultLocale", "system.stateVersion",
	"boot.loader.systemd-boot.enable", "boot.loader.efi.canTouchEfiVariables", "boot.loader.grub.enable",
	"boot.loader.grub.device", "boot.loader.grub.devices", "boot.loader.grub.useOSProber",
}

// gone is what the text of the configuration sets and a profile with these answers does not say.
func (g *Guide) gone(answers starter.Answers) []string {
	if g.config == "" {
		return nil
	}
	text, err := regular.Read(system.Inside(g.Root, g.config))
	if err != nil || path.Base(g.config) == "flake.nix" {
		return []string{"all that " + g.config + " sets"}
	}
	set, err := syntax.Settings(string(text), false)
	if err != nil {
		return []string{"all that " + g.config + " sets"}
	}
	// What keeps a machine from starting, or out of reach, comes first.
	rank := func(s syntax.Setting) int {
		first, _, _ := strings.Cut(s.Option, ".")
		return slices.Index([]string{"services", "networking", "boot", "console"}, first)
	}
	slices.SortStableFunc(set, func(x, y syntax.Setting) int { return rank(y) - rank(x) })
	var out []string
	for _, s := range set {
		switch {
		case s.Option == "imports" && strings.Trim(s.Value, "[] ") != "./hardware-configuration.nix":
			out = append(out, fmt.Sprintf("what it imports (line %d)", s.Line))
		case s.Value == `""`, expressed(s, answers):
		case isKeyboard(s.Option):
			out = append(out, fmt.Sprintf("%s = %s (line %d)", s.Option, term.Line(s.Value), s.Line))
		default:
			// The value may be a secret.
			out = append(out, fmt.Sprintf("%s (line %d)", s.Option, s.Line))
		}
	}
	if len(out) > maxGone {
		out = append(out[:maxGone], fmt.Sprintf("and %d more", len(out)-maxGone))
	}
	return out
}

// expressed tells whether a profile with these answers, or the hardware, says what a configuration sets.
func expressed(s syntax.Setting, answers starter.Answers) bool {
	account := strings.HasPrefix(s.Option, "users.users.") &&
		(strings.HasSuffix(s.Option, ".isNormalUser") || strings.HasSuffix(s.Option, ".description"))
	layout := isKeyboard(s.Option) && s.Value == fmt.Sprintf("%q", answers.Layout)
	return account || layout || slices.Contains(probed, s.Option)
}

// isKeyboard tells whether an option says what keyboard there is.
func isKeyboard(option string) bool {
	return option == "console.keyMap" || strings.HasPrefix(option, "services.xserver.xkb") ||
		option == "services.xserver.layout"
}

// sayGone names what a fresh start leaves behind.
func (g *Guide) sayGone(answers starter.Answers) {
	gone := g.gone(answers)
	if answers.Adopt != "" || len(gone) == 0 {
		return
	}
	g.Say("note: %s is not taken over. The first switch takes away what it sets beyond the profile: %s",
		g.config, strings.Join(gone, "; "))
	g.Say("note: quick-deploy init --adopt takes it over instead")
}
