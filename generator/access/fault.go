package access

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// Fault is a way that is closed, with what opens it.
type Fault struct {
	// Node is the place in the profile, nil if there is none.
	Node      *profile.Node
	What, Fix string
	// Sure tells whether it holds whatever root's own password is.
	Sure bool
}

// lets is the rule about administrators who come by key: one of three.
const lets = "name the hash of a password by passwordSecret, give root the key (" + rootKey + "), " +
	"or let sudo do without a password (nixos: {security.sudo.wheelNeedsPassword: false})"

// rootKey gives root a key.
const rootKey = "nixos: {users.users.root.openssh.authorizedKeys.keys: […]}"

// Nobody returns the fault of a host on which nobody can log in and become root; nil
// where somebody can, or nothing says that nobody can. A password of root's that
// may be there is not counted: only root sees it.
func (h Host) Nobody(states States) *Fault {
	if h.Waived {
		return nil
	}
	root := h.Account(Root)
	asRoot := h.LogsIn(root, states(Root))
	if asRoot == Yes {
		return nil
	}
	var people, admins, in []Account
	for _, a := range h.Accounts {
		if a.Name == Root {
			continue
		}
		people = append(people, a)
		login := h.LogsIn(a, states(a.Name))
		if Both(login, h.BecomesRoot(a, states)) != No {
			return nil
		}
		if h.Admin(a) {
			admins = append(admins, a)
			if login != No {
				in = append(in, a)
			}
		}
	}
	f := h.explain(people, admins, in, states)
	f.Sure = asRoot == No
	return f
}

// explain words why none of the people gets in and up: admins may become root, and in of those log in.
func (h Host) explain(people, admins, in []Account, states States) *Fault {
	switch {
	case len(admins) == 0 && !slices.ContainsFunc(people, func(a Account) bool { return a.Declared }):
		what := "nobody can become root: the profile has no users, and root cannot log in"
		if len(people) == 0 {
			what = "nobody can log in: there are no users, and root cannot log in"
		}
		return &Fault{What: what, Fix: "add a user with admin: true, and a way to log in"}
	case len(admins) == 0:
		return &Fault{
			Node: people[0].Node, What: "no user of the profile may become root", Fix: "set admin: true on one",
		}
	}
	a := append(in, admins...)[0]
	s := states(a.Name)
	f := &Fault{
		Node: a.Node, What: fmt.Sprintf("%s could log in, but not become root: %s", a.Name, h.stuck(a, s)), Fix: lets,
	}
	if len(in) == 0 {
		f.What = "no administrator of the profile could log in: " + h.shut(a, s)
		f.Fix = "give one an SSH key and the host services: {openssh: {}}, or the hash of a password by passwordSecret"
	}
	if h.lacksFile(a, s) {
		f.Fix = fmt.Sprintf("--extra-files FOLDER with %s below it, or give root the key (%s)", a.PasswordFile, rootKey)
	}
	return f
}

// lacksFile tells whether a has a password by a file that would not be there.
func (h Host) lacksFile(a Account, s State) bool {
	return a.Password && a.PasswordFile != "" && s.File == No
}

// Admin tells whether a may become root, if it has what it is asked for.
func (h Host) Admin(a Account) bool {
	// Of somebody with a password, only membership is left to refuse.
	a.Password = true
	for way := range h.Ways {
		if answer, _ := h.Elevates(a, State{Exists: No}, way); answer == Yes {
			return true
		}
	}
	return false
}

// shut returns why a does not get in at all.
func (h Host) shut(a Account, s State) string {
	if a.Keys || s.Keys == Yes {
		why, _ := h.closed(a, s)
		return why
	}
	return h.without(a, s)
}

// without returns what a lacks.
func (h Host) without(a Account, s State) string {
	if h.lacksFile(a, s) {
		return fmt.Sprintf("the machine would not have %s, by which %s gets its password", a.PasswordFile, a.Name)
	}
	return a.Name + " has neither a password nor an SSH key"
}

// stuck returns why an administrator that gets in does not become root.
func (h Host) stuck(a Account, s State) string {
	if h.lacksFile(a, s) {
		return h.without(a, s)
	}
	for _, way := range []string{"sudo", "doas", "run0"} {
		if h.Ways[way].On {
			return fmt.Sprintf("%s asks for a password, and %s has none", way, a.Name)
		}
	}
	return "the system has neither sudo nor doas nor run0"
}

// ShutOut returns the fault of an account that does not get in by ssh; nil where it
// does, or nothing says that it does not.
func (h Host) ShutOut(name string, s State) *Fault {
	a := h.Account(name)
	if h.OverSSH(a, s) != No {
		return nil
	}
	what, fix := h.closed(a, s)
	return &Fault{Node: a.Node, Sure: true, What: what, Fix: fix}
}

// closed returns why sshd does not let a in, and what opens it.
func (h Host) closed(a Account, s State) (why, fix string) {
	switch gate := h.shutting(a, s); {
	case !h.SSH.On:
		return "there is no sshd", "add services: {openssh: {}}"
	case h.there(a, s) == No:
		return "there is no account " + a.Name, "add it to users"
	case gate != nil:
		from := ""
		if s.From != "" {
			from = " from " + s.From
		}
		return fmt.Sprintf("%s of sshd does not let %s in%s", gate.list, a.Name, from), gate.fix
	case h.SSH.Reachable == No:
		return "the firewall lets nobody through to sshd", "set expose: true at services.openssh"
	case a.Name == Root && h.SSH.RootLogin != "yes" && !strings.HasSuffix(h.SSH.RootLogin, "-password"):
		return "sshd never lets root in: PermitRootLogin is " + h.SSH.RootLogin,
			"set permitRootLogin: prohibit-password at services.openssh"
	}
	why = fmt.Sprintf("sshd takes keys only, and %s has none", a.Name)
	if h.SSH.Passwords {
		why = a.Name + " has neither a password nor an SSH key"
	}
	if a.Name == Root {
		return why, "give root a key (" + rootKey + ")"
	}
	return why, "add sshKeys to the user, or passwordAuthentication: true to services.openssh"
}

// shutting returns the list of sshd_config(5) that does not let a in, nil for none.
func (h Host) shutting(a Account, s State) *gate {
	for _, g := range h.gates(a, s) {
		if g.passes == No {
			return &g
		}
	}
	return nil
}

// Stuck returns the fault of an account that does not become root by the command way;
// nil where it does, or nothing says that it does not.
func (h Host) Stuck(name string, s State, way string) *Fault {
	a := h.Account(name)
	answer, _ := h.Elevates(a, s, way)
	if h.or(answer) != No {
		return nil
	}
	f := &Fault{Node: a.Node, Sure: true, Fix: lets}
	switch {
	case !h.Ways[way].On:
		f.What, f.Fix = "there is no "+way, "set "+Enabling[way]
	case !h.Admin(a):
		f.What, f.Fix = name+" may not become root by "+way, "set admin: true on the user"
	default:
		f.What = fmt.Sprintf("%s asks for a password, and %s has none", way, name)
	}
	return f
}

// Enabling says how a system gets a way of becoming root.
var Enabling = map[string]string{
	"sudo": "nixos: {security.sudo.enable: true}",
	"doas": "nixos: {security.doas.enable: true}",
	"run0": "nixos: {security.polkit.enable: true}",
}

// ownWays are the words by which a module opens or closes ways, or takes in others.
var ownWays = lazyregexp.New(`\b(users|openssh|security|sudo|doas|imports|firewall)\b`)

// comments are those of Nix.
var comments = lazyregexp.New(`(?s)#[^\n]*|/\*.*?\*/`)

// Touched tells whether a module that somebody wrote, such as local.nix, may open or
// close ways: what it says is not read.
func Touched(module string) bool { return ownWays.MatchString(comments.ReplaceAllString(module, "")) }

// LocalNote tells of that.
const LocalNote = "unless local.nix, which is not checked, says otherwise"
