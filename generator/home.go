package generator

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/mapping"
	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/generator/release"
)

// users notes who has an account.
func (h *host) users() error {
	shared := len(h.node.Get("userPackages").Texts()) > 0
	for name, n := range h.node.Get("users").All() {
		u := User{Name: name, Admin: n.Get("admin").Is(true), Home: shared || n.Get("home") != nil}
		if u.Home {
			u.File = "home-" + name + ".nix"
		}
		h.summary.Users = append(h.summary.Users, u)
	}
	homes := h.withHome()
	if len(homes) > 0 {
		h.inputs["home-manager"] = true
	}
	if len(homes) == 1 {
		homes[0].File = "home.nix"
	}
	return nil
}

// withHome are the users for whom home-manager runs.
func (h *host) withHome() []*User {
	var out []*User
	for i := range h.summary.Users {
		if h.summary.Users[i].Home {
			out = append(out, &h.summary.Users[i])
		}
	}
	return out
}

// homeFiles writes the home-manager configuration of each user who has one.
func (h *host) homeFiles() error {
	var wrong []error
	for _, u := range h.withHome() {
		wrong = append(wrong, h.homeFile(u))
		u.Packages, u.Files = h.homeContent(u.Name)
	}
	return profile.Join(wrong...)
}

// fileOptions are the options of home-manager that link files, each with the folder
// that their names begin in (its modules/files.nix and modules/misc/xdg.nix).
var fileOptions = map[string]string{
	"home.file": "", "xdg.configFile": ".config", "xdg.dataFile": ".local/share", "xdg.stateFile": ".local/state",
}

// homeContent is what is known of the packages and the files that a home brings.
func (h *host) homeContent(user string) (packages, files []string) {
	packages = []string{"home-manager"} // modules/home/base.nix
	version := ""
	for _, a := range h.homes[user] {
		switch option := strings.Join(a.Path, "."); {
		case option == "home.stateVersion":
			text, _ := a.Value.(nix.Str)
			version = string(text)
		case option == "home.packages":
			list, _ := a.Value.(nix.List)
			for _, e := range list {
				if ref, ok := bare(e).(nix.Ref); ok && len(ref) > 1 {
					packages = append(packages, strings.Join(ref[1:], "."))
				}
			}
		case len(a.Path) > 2 && a.Path[len(a.Path)-1] != "enable":
			if dir, ok := fileOptions[strings.Join(a.Path[:2], ".")]; ok {
				files = append(files, path.Join(dir, a.Path[2]))
			}
		}
	}
	for _, use := range h.mapped.Homes {
		if use.User != user {
			continue
		}
		packages, files = append(packages, use.Home.Packages...), append(files, use.Home.Files...)
		for before, more := range use.Home.FilesBefore {
			if version < before {
				files = append(files, more...)
			}
		}
	}
	slices.Sort(packages)
	slices.Sort(files)
	return slices.Compact(packages), slices.Compact(files)
}

func (h *host) homeFile(u *User) error {
	user := h.node.Get("users", u.Name)
	home := user.Get("home")
	h.modules["home/base.nix"] = true
	imports := nix.List{nix.Path("../../modules/home/base.nix")}
	for _, use := range h.mapped.Homes {
		if use.User != u.Name {
			continue
		}
		module := "home/" + use.Name + ".nix"
		h.modules[module] = true
		imports = append(imports, nix.Item{Value: nix.Path("../../modules/" + module), Origin: use.Node.Origin()})
	}
	node := cmp.Or(home, user)
	h.setHome(u.Name, node, nix.Str(u.Name), "home", "username")
	h.setHome(u.Name, node, nix.Str("/home/"+u.Name), "home", "homeDirectory")
	if version := cmp.Or(home.Get("stateVersion"), h.node.Get("stateVersion")); version != nil {
		if version == home.Get("stateVersion") {
			h.notNewer(version)
		}
		// home-manager knows no release before this one (modules/misc/version.nix); a machine may be older.
		h.setHome(u.Name, version, nix.Str(max(version.Str(), "18.09")), "home", "stateVersion")
	}
	h.rebuildAliases(u.Name, home)
	have, _ := h.homeContent(u.Name)
	if text := optionalComment(h.optional, have); text != "" {
		h.setHome(u.Name, h.node.Get("optionalPackages"), nix.List{nix.Item{Comment: text}}, "home", "packages")
	}
	return h.writeModule(u.File, imports, h.homes[u.Name])
}

// rebuildAliases gives the user's shells short names for the commands that
// rebuild this flake, by its folder and the host's name, so that they never
// build another one.
func (h *host) rebuildAliases(user string, home *profile.Node) {
	// The variable is also the twin of --flake; all three shells expand it alike.
	const dir = `"$QUICK_DEPLOY_FLAKE`
	host := "#" + h.profile.Name + `"`
	for _, shell := range []string{"bash", "fish", "zsh"} {
		n := home.Get(shell)
		if n == nil || n.Is(false) {
			continue
		}
		h.setHome(user, n, byDefault(nix.Interp{nix.Ref{"config", "xdg", "configHome"}, nix.Str("/nixos")}),
			"home", "sessionVariables", "QUICK_DEPLOY_FLAKE")
		// nixos-rebuild runs as the user and elevates what needs it: as root, git
		// refuses a checkout that belongs to somebody else.
		for _, a := range []struct{ name, command string }{
			{"hms", "home-manager switch --flake " + dir + "#" + user + "@" + h.profile.Name + `"`},
			{"nrb", "nixos-rebuild build --flake " + dir + host},
			{"nrs", "nixos-rebuild switch --sudo --flake " + dir + host},
			{"nrt", "nixos-rebuild test --sudo --flake " + dir + host},
			{"nfu", "nix flake update --flake " + dir + `"`},
			{"nfc", "nix flake check " + dir + `"`},
			{"nfd", "nix develop " + dir + `"`},
		} {
			h.setHome(user, n, byDefault(nix.Str(a.command)), "programs", shell, "shellAliases", a.name)
		}
	}
}

// byDefault is a value that a setting of the user's own replaces.
func byDefault(e nix.Expr) nix.Expr {
	return nix.Call{Fn: nix.Ref{"lib", "mkDefault"}, Args: []nix.Expr{e}}
}

// raw sets the options that the profile names by their own paths.
func (h *host) raw() error {
	var wrong []error
	for v := range h.visits("raw") {
		users := []string{v.Vars["user"]}
		switch {
		case len(v.Path) == 1 && v.Path[0] == "nixos":
			users = []string{""}
		case len(v.Path) == 1:
			users = nil
			for _, u := range h.withHome() {
				users = append(users, u.Name)
			}
			if len(users) == 0 {
				h.notice(v.Node, "home: sets options for nobody: no user has a home")
			}
		}
		for _, user := range users {
			as, err := mapping.Raw(v.Node, user, h.secretPath)
			wrong = append(wrong, err)
			for _, a := range as {
				if _, moved := release.Moved(h.channel.release, user != "", a.Path); !moved { // assign tells of that
					h.checkOption(v.Node, a)
				}
				if h.here(&a) {
					h.assign(a)
				}
			}
		}
	}
	return profile.Join(wrong...)
}
