package setup

import (
	"os"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/machine"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

// propose puts into the answers what the configuration says. The login shells stay with
// it: NixOS takes a shell from one place only.
func (ad *adoption) propose(g *Guide) {
	m, p := ad.machine, &g.proposed
	p.Adopt, p.Preset = ad.config.Dir, ""
	p.Release = releaseFor(g, m.Release)
	if ad.machine.Root != "" && !ad.otherHardware {
		p.FileSystems = "none"
	}
	over := hardware.Overrides{Mode: "probe", FileSystems: p.FileSystems, Release: p.Release}
	if d, err := hardware.Decide(g.facts, over); err != nil || string(d.Loader.Kind) != m.Loader {
		p.Loader = "none"
	}
	for _, v := range []struct {
		name, value string
		into        *string
	}{
		{"hostname", m.Hostname, &p.Hostname}, {"timezone", m.Timezone, &p.Timezone}, {"locale", m.Locale, &p.Locale},
		{"layout", m.Keyboard.Layout, &p.Layout}, {"", m.StateVersion, &p.StateVersion},
	} {
		if v.value != "" && (v.name == "" || g.check(v.name, v.value) == nil) {
			*v.into = v.value
		}
	}
	// They stay with the configuration, as whatever else it says of the keyboard.
	p.Variant, p.Options = "", ""
	// A layout of the profile makes the console follow it, against a keymap of its own. One that NixOS
	// only falls back to is none to say.
	if ad.defines("console", "keyMap") || !ad.defines("services", "xserver", "xkb", "layout") {
		p.Layout = ""
	}
	p.Services = nil
	for _, s := range m.Services {
		p.Services = append(p.Services, s.Name)
	}
	p.Desktop = ""
	if len(m.Desktops) > 0 {
		p.Desktop = strings.TrimRight(m.Desktops[0], "6")
	}
	ad.people(g)
}

// releaseFor is the release of the profile for a machine of a release: its own where there is one, unstable
// for what comes after the newest, and else the newest.
func releaseFor(g *Guide, release string) string {
	switch {
	case slices.Contains(g.node.Property("release").Enum, any(release)):
		return release
	case release > generator.DefaultRelease():
		return "unstable"
	}
	return generator.DefaultRelease()
}

// people are the accounts: first who runs this, else an administrator.
func (ad *adoption) people(g *Guide) {
	users := slices.Clone(ad.machine.Users)
	rank := func(u machine.User) int {
		switch {
		case u.Name == os.Getenv("USER"):
			return 0
		case u.Admin:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(users, func(x, y machine.User) int { return rank(x) - rank(y) })
	p := &g.proposed
	p.User, p.Shell, p.SSHKeys, p.Others, p.Home = "", "", nil, nil, ""
	for i, u := range users {
		if i == 0 {
			p.User, p.Name, p.SSHKeys = u.Name, u.Description, u.Keys
			// Two home-managers for one home would overwrite each other's files.
			if slices.Contains(ad.machine.Homes, u.Name) {
				p.Home = "none"
			}
			continue
		}
		p.Others = append(p.Others, machine.User{Name: u.Name, Description: u.Description, Admin: u.Admin})
	}
	for _, u := range g.machine.Users {
		if u.Name == p.User {
			person := machine.ReadPerson(g.Root, u)
			p.Email = person.GitEmail
		}
	}
}
