package app

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/preflight"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/access"
)

// The preflight checks that fleet has, too: it has not looked at the machine.
const (
	checkAccounts = "accounts"
	checkSSH      = "ssh"
)

// closed is a way into a machine, or up, that its new system does not have.
type closed struct {
	check string
	access.Fault
}

// deployable are the ways that the next roll-out, or putting this one back, would
// lack on a machine that runs already. What the machine has of its own counts as there.
func deployable(h generator.Host) []closed {
	var out []closed
	if f := h.Access.Nobody(access.Elsewhere); f != nil && f.Sure {
		out = append(out, closed{checkAccounts, *f})
	}
	return append(out, comesBack(h, access.Elsewhere)...)
}

// installable are the ways that a machine would lack which has nothing but its system, and
// the files that the folder extra brings; "" for none.
func installable(h generator.Host, extra string) []closed {
	f := h.Access.Nobody(anew(h, extra))
	if f == nil {
		return nil
	}
	return []closed{{checkAccounts, *f}}
}

// anew are the states of a machine that has nothing but its system, and the files that the folder extra brings.
func anew(h generator.Host, extra string) access.States {
	return func(name string) access.State {
		state := access.Anew(name)
		if file := h.Access.Account(name).PasswordFile; file != "" {
			state.File = access.Of(extra != "" && exists(filepath.Join(extra, file)))
		}
		return state
	}
}

// comesBack tells whether the user that fleet logs in as gets in by ssh, and becomes root
// by sudo without being asked: nobody could answer.
func comesBack(h generator.Host, states access.States) []closed {
	user := h.Deployment.User
	account := h.Access.Account(user)
	if f := h.Access.ShutOut(user, states(user)); f != nil {
		f.What = fmt.Sprintf("fleet logs in as %s, who would be refused from then on: %s", user, f.What)
		return []closed{{checkSSH, *f}}
	}
	byPassword := h.Access.SSH.Passwords && h.Access.SSH.RootLogin == "yes"
	if user == access.Root && !account.Keys && !h.Access.Other && !byPassword {
		return []closed{{checkSSH, access.Fault{
			What: "root has no SSH key in the profile; keys that the running configuration declares go, " +
				"those in /root/.ssh/authorized_keys stay",
		}}}
	}
	if user == access.Root || h.Access.Other || !account.Declared {
		return nil // of an account of the machine's own, what sudo asks it is not known
	}
	answer, asks := h.Access.Elevates(account, states(user), "sudo")
	if answer != access.No && !asks {
		return nil
	}
	f := h.Access.Stuck(user, states(user), "sudo")
	if f == nil {
		f = &access.Fault{
			Sure: true, What: fmt.Sprintf("sudo asks %s for a password", user),
			Fix: "set nixos: {security.sudo.wheelNeedsPassword: false}, or deploy as root",
		}
	}
	f.What = fmt.Sprintf("fleet logs in as %s, who could no longer become root: %s", user, f.What)
	return []closed{{checkAccounts, *f}}
}

// keepWays refuses to close the ways into machines, unless the check is skipped by name. What
// may be a closed way and may not is told of. A dry run refuses nothing.
func keepWays(a *App, hosts []string, g *Generated, skip []string, find func(generator.Host) []closed) error {
	chosen := map[string]bool{}
	for _, name := range hosts {
		chosen[name] = true
	}
	refused := map[closed][]string{} // the hosts of each
	var order []closed
	unsure := map[string][]string{}
	for _, h := range g.Flake.Hosts {
		if !chosen[h.Name] {
			continue
		}
		found := find(h)
		own := false
		if len(found) > 0 {
			text, err := os.ReadFile(filepath.Join(g.Tree.Dir(), "hosts", h.Name, "local.nix"))
			own = err == nil && access.Touched(string(text))
		}
		for _, c := range found {
			switch {
			case slices.Contains(skip, c.check):
				a.Say("skipped: %s: %s: %s", h.Name, c.check, c.What)
			case own:
				unsure[c.What+", "+access.LocalNote] = append(unsure[c.What+", "+access.LocalNote], h.Name)
			case !c.Sure:
				unsure[c.What] = append(unsure[c.What], h.Name)
			default:
				if refused[c] == nil {
					order = append(order, c)
				}
				refused[c] = append(refused[c], h.Name)
			}
		}
	}
	for _, what := range slices.Sorted(maps.Keys(unsure)) {
		a.Say("note: %s: %s", strings.Join(some(unsure[what]), ", "), what)
	}
	var refusal preflight.Refusal
	for _, c := range order {
		refusal.Blockers = append(refusal.Blockers, preflight.Finding{
			Check: c.check, Severity: preflight.Blocker, Fix: c.Fix,
			What: strings.Join(some(refused[c]), ", ") + ": " + c.What,
		})
	}
	if a.DryRun {
		for _, b := range refusal.Blockers {
			a.Say("%s", b)
		}
		return nil
	}
	return refusal.Fault()
}

// some are the first few of all, and how many more there are.
func some(all []string) []string {
	const few = 5
	if n := len(all) - few; n > 0 {
		return append(slices.Clone(all[:few]), fmt.Sprintf("and %d more", n))
	}
	return all
}
