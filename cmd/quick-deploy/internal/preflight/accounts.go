package preflight

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/generator/access"
)

var accounts = Check{
	Name: "accounts", acting: true,
	Doc: "you and at least one administrator can still log in and become root, also in the way that this run does",
	find: func(ctx context.Context, v *visit) {
		if len(v.to.Access.Accounts) == 0 {
			return
		}
		defer v.soften()
		h, states := v.readAccounts(ctx)
		nobody := h.Nobody(states)
		if f := nobody; f != nil {
			what := f.What
			if !f.Sure {
				what += " (whether root has a password, only root sees)"
			}
			v.blocker(f.Fix, "%s", what)
		}
		if v.User != "" && v.User != access.Root && !h.Account(v.User).Declared {
			if why := v.whyRemoved(h, v.User); why != "" {
				v.blocker("add it to users", "your account %s is not in the profile and would be removed (%s)", v.User, why)
			}
		}
		for _, a := range h.Accounts {
			if a.Declared {
				v.lookAtAccount(h, a, states(a.Name), nobody != nil && h.Admin(a))
			}
		}
		if v.to.Activates {
			v.lookAtElevation(h, states)
		}
	},
}

// lookAtAccount looks at one account that the system declares; said tells that a finding says already that it cannot
// log in.
func (v *visit) lookAtAccount(h access.Host, a access.Account, s access.State, said bool) {
	if !h.Mutable && !a.Password && s.Password == access.Yes {
		// update-users-groups.pl writes "!" over it, which no system before it undoes.
		v.warning("keep its hash and name it by passwordSecret, or leave mutableUsers on",
			"the password of %s would be erased for good (users.mutableUsers is off)", a.Name)
	}
	if said || a.Name == access.Root || h.LogsIn(a, s) != access.No {
		return
	}
	f := v.find(Warning, "give it sshKeys or a passwordSecret in the profile",
		"%s could not log in: it has no password, and no SSH key that is accepted", a.Name)
	if h.Mutable {
		f.Fix = "sudo passwd " + a.Name + ", or " + f.Fix
	}
	if a.Name == v.User {
		f.Severity = Blocker
	}
}

// soften makes warnings of what the user's own module may have seen to.
func (v *visit) soften() {
	text, err := os.ReadFile(filepath.Join(v.FlakeDir, "hosts", v.to.Name, "local.nix"))
	if err != nil || !access.Touched(string(text)) {
		return
	}
	for i := range v.found {
		v.found[i].Severity = Warning
		v.found[i].What += ", " + access.LocalNote
	}
}

// lookAtElevation looks whether the way by which this run becomes root is there until the end:
// the new system is activated first, and is made the default, or put back, afterwards.
func (v *visit) lookAtElevation(h access.Host, states access.States) {
	if access.Enabling[v.Elevation] == "" || v.User == "" || v.User == access.Root {
		return
	}
	f := h.Stuck(v.User, states(v.User), v.Elevation)
	if f == nil {
		return
	}
	fix := f.Fix
	for _, way := range []string{"sudo", "run0", "doas"} {
		if way != v.Elevation && v.has(way) && h.Stuck(v.User, states(v.User), way) == nil {
			fix += ", or --elevate " + way
		}
	}
	v.blocker(fix, "this run becomes root by %s, which the new system refuses: %s", v.Elevation, f.What)
}

// whyRemoved returns why NixOS removes an account that the system does not declare; "" if it does not
// (update-users-groups.pl).
func (m *Machine) whyRemoved(h access.Host, name string) string {
	if !h.Mutable {
		return "users.mutableUsers is off"
	}
	if slices.Contains(m.system().Declared(), name) {
		return "the running configuration declares it"
	}
	return ""
}

// readAccounts returns the host with the people of the machine that stay on it, and what the
// machine knows of each.
func (v *visit) readAccounts(ctx context.Context) (access.Host, access.States) {
	h := v.to.Access
	h.Accounts = slices.Clone(h.Accounts)
	people := v.system().Passwd()
	for name, p := range people {
		if p.Person && !h.Account(name).Declared && v.whyRemoved(h, name) == "" {
			h.Accounts = append(h.Accounts, access.Account{Name: name, Groups: p.Groups})
		}
	}
	slices.SortFunc(h.Accounts, func(a, b access.Account) int { return strings.Compare(a.Name, b.Name) })
	passwords := v.passwords(ctx)
	return h, func(name string) access.State {
		p, exists := people[name]
		switch {
		case people == nil:
			return access.State{Keys: v.authorized("/home/" + name)}
		case !exists:
			return access.State{Exists: access.No, Password: access.No, Keys: v.authorized("/home/" + name)}
		}
		return access.State{Exists: access.Yes, Password: passwords[name], Keys: v.authorized(p.Home)}
	}
}

// passwords tells of which accounts a password is accepted: of all as root or in a
// fixture, which may read shadow(5), else of the caller, of whom passwd tells.
func (m *Machine) passwords(ctx context.Context) map[string]access.Answer {
	out := map[string]access.Answer{}
	if shadow := m.system().Shadow(); shadow != nil {
		for name, hash := range shadow {
			out[name] = access.Of(access.Accepts(string(hash)))
		}
		return out
	}
	if m.Root != "/" || m.User == "" {
		return out
	}
	// passwd(1), -S: the second word is P with a usable password, NP without one, L if locked.
	res, err := m.Runner.Run(ctx, run.Command{Name: "passwd", Args: []string{"-S", m.User}, Timeout: 5 * time.Second})
	if f := strings.Fields(res.Stdout); err == nil && len(f) > 1 && f[0] == m.User {
		switch f[1] {
		case "P", "NP":
			out[m.User] = access.Yes
		case "L", "LK":
			out[m.User] = access.No
		}
	}
	return out
}

// authorized tells whether ~/.ssh/authorized_keys has a key, as far as it can be seen.
func (m *Machine) authorized(home string) access.Answer {
	keys, known := m.system().AuthorizedKeys(home)
	if !known {
		return access.Unknown
	}
	return access.Of(len(keys) > 0)
}

var ssh = Check{
	Name: "ssh", acting: true,
	Doc: "a run over SSH does not lock itself out: sshd, its key or password, address, port, firewall",
	// SSH_CONNECTION: client address, client port, server address, server port (ssh(1)).
	find: func(ctx context.Context, v *visit) {
		c := strings.Fields(v.Environ("SSH_CONNECTION"))
		if len(c) != 4 || len(v.to.Access.Accounts) == 0 {
			return
		}
		defer v.soften()
		h, states := v.readAccounts(ctx)
		caller := states(v.User)
		caller.From = c[0]
		if shut := h.ShutOut(v.User, caller); v.User != "" && shut != nil {
			v.blocker(shut.Fix+"; or run it at the machine and --skip ssh",
				"this run comes over SSH, and the next login would be refused: %s", shut.What)
			if !h.SSH.On {
				return
			}
		}
		if port, err := strconv.Atoi(c[3]); err == nil && !slices.Contains(h.SSH.Ports, port) {
			v.warning("keep both ports until the new one has been tried",
				"this run comes over SSH to port %d, the profile's sshd listens on %s", port, join(h.SSH.Ports))
		}
		here := func(address string) bool { return listens(address, c[2]) }
		if len(h.SSH.Addresses) > 0 && !slices.ContainsFunc(h.SSH.Addresses, here) {
			v.blocker("add that address to services.openssh.listenAddresses",
				"this run comes over SSH to %s, and the profile's sshd listens on %s",
				c[2], strings.Join(h.SSH.Addresses, ", "))
		}
	},
}

// listens tells whether a server on the address a is reached at the address to. A name may be any.
func listens(a, to string) bool {
	ip := net.ParseIP(strings.Trim(a, "[]"))
	return ip == nil || ip.IsUnspecified() || ip.Equal(net.ParseIP(to))
}

func join(numbers []int) string {
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(numbers), "[]"), " ", ", ")
}
