package generator

import (
	"path"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/mapping"
	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// users notes who has an account.
func (h *host) users() error {
	users := h.profile.Node.Get("users")
	if users == nil {
		return nil
	}
	shared := h.profile.Node.Get("userPackages")
	homed := func(user *profile.Node) bool {
		return user.Get("home") != nil || shared != nil && len(shared.Items) > 0
	}
	homes := 0
	for _, f := range users.Fields {
		if homed(f.Value) {
			homes++
		}
	}
	for _, f := range users.Fields {
		u := User{Name: f.Key, Home: homed(f.Value)}
		if admin := f.Value.Get("admin"); admin != nil {
			u.Admin = admin.Scalar == true
		}
		if u.Home {
			u.File = "home-" + f.Key + ".nix"
			if homes == 1 {
				u.File = "home.nix"
			}
		}
		h.summary.Users = append(h.summary.Users, u)
	}
	return nil
}

// homeFiles writes the home-manager configuration of each user who has one.
func (h *host) homeFiles() error {
	for i, u := range h.summary.Users {
		if !u.Home {
			continue
		}
		if err := h.homeFile(u); err != nil {
			return err
		}
		h.summary.Users[i].Packages, h.summary.Users[i].Files = h.homeContent(u)
	}
	return nil
}

// fileOptions are the options of home-manager that link files, each with the folder
// that their names begin in (its modules/files.nix and modules/misc/xdg.nix).
var fileOptions = map[string]string{
	"home.file": "", "xdg.configFile": ".config", "xdg.dataFile": ".local/share", "xdg.stateFile": ".local/state",
}

// homeContent is what is known of the packages and the files that a home brings.
func (h *host) homeContent(u User) (packages, files []string) {
	packages = []string{"home-manager"} // modules/home/base.nix
	version := ""
	for _, a := range h.homes[u.Name] {
		switch option := strings.Join(a.Path, "."); {
		case option == "home.stateVersion":
			text, _ := a.Value.(nix.Str)
			version = string(text)
		case option == "home.packages":
			list, _ := a.Value.(nix.List)
			for _, e := range list {
				if item, ok := e.(nix.Item); ok {
					e = item.Value
				}
				if ref, ok := e.(nix.Ref); ok && len(ref) > 1 {
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
		if use.User != u.Name {
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

func (h *host) homeFile(u User) error {
	node := h.profile.Node.Get("users", u.Name, "home")
	if node == nil {
		node = h.profile.Node.Get("users", u.Name)
	}
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
	as := h.homes[u.Name]
	set := func(n *profile.Node, v nix.Expr, path ...string) {
		as = append(as, mapping.Assignment{User: u.Name, Path: path, Value: v, Origin: n.Origin(), Node: n})
	}
	set(node, nix.Str(u.Name), "home", "username")
	set(node, nix.Str("/home/"+u.Name), "home", "homeDirectory")
	version := h.profile.Node.Get("users", u.Name, "home", "stateVersion")
	if version == nil {
		version = h.profile.Node.Get("stateVersion")
	}
	if version != nil {
		text, _ := version.Scalar.(string)
		// home-manager knows no release before this one (modules/misc/version.nix); a machine may be older.
		set(version, nix.Str(max(text, "18.09")), "home", "stateVersion")
	}
	h.rebuildAliases(u, set)
	h.homes[u.Name] = as
	have, _ := h.homeContent(u)
	if text := optionalComment(h.optional, have); text != "" {
		set(h.profile.Node.Get("optionalPackages"), nix.List{nix.Item{Comment: text}}, "home", "packages")
	}
	body, err := h.body(as)
	if err != nil {
		return err
	}
	body.Body = append([]nix.Binding{{Path: []string{"imports"}, Value: imports}}, body.Body...)
	return h.write(u.File, nix.File{Header: header, Body: nix.Module(body)})
}

// rebuildAliases gives the user's shells short names for the commands that
// rebuild this flake, by its folder and the host's name, so that they never
// build another one.
func (h *host) rebuildAliases(u User, set func(*profile.Node, nix.Expr, ...string)) {
	// The variable is also the twin of --flake; all three shells expand it alike.
	const dir = `"$QUICK_DEPLOY_FLAKE`
	host, home := "#"+h.profile.Name+`"`, "#"+u.Name+"@"+h.profile.Name+`"`
	node := h.profile.Node.Get("users", u.Name, "home")
	for _, shell := range []string{"bash", "fish", "zsh"} {
		n := node.Get(shell)
		if n == nil || n.Kind == profile.Bool && n.Scalar == false {
			continue
		}
		set(n, byDefault(nix.Interp{nix.Ref{"config", "xdg", "configHome"}, nix.Str("/nixos")}),
			"home", "sessionVariables", "QUICK_DEPLOY_FLAKE")
		// nixos-rebuild runs as the user and elevates what needs it: as root, git
		// refuses a checkout that belongs to somebody else.
		for _, a := range []struct{ name, command string }{
			{"hms", "home-manager switch --flake " + dir + home},
			{"nrb", "nixos-rebuild build --flake " + dir + host},
			{"nrs", "nixos-rebuild switch --sudo --flake " + dir + host},
			{"nrt", "nixos-rebuild test --sudo --flake " + dir + host},
			{"nfu", "nix flake update --flake " + dir + `"`},
			{"nfc", "nix flake check " + dir + `"`},
			{"nfd", "nix develop " + dir + `"`},
		} {
			set(n, byDefault(nix.Str(a.command)), "programs", shell, "shellAliases", a.name)
		}
	}
}

// byDefault is a value that a setting of the user's own replaces.
func byDefault(e nix.Expr) nix.Expr {
	return nix.Call{Fn: nix.Ref{"lib", "mkDefault"}, Args: []nix.Expr{e}}
}

// raw sets the options that the profile names by their own paths.
func (h *host) raw() error {
	for v := range h.visits("raw") {
		users := []string{v.Vars["user"]}
		switch {
		case len(v.Path) == 1 && v.Path[0] == "nixos":
			users = []string{""}
		case len(v.Path) == 1:
			users = nil
			for _, u := range h.summary.Users {
				if u.Home {
					users = append(users, u.Name)
				}
			}
			if len(users) == 0 {
				h.notice(v.Node, "home: sets options for nobody: no user has a home")
			}
		}
		for _, user := range users {
			as, err := mapping.Raw(v.Node, user, h.secretPath)
			if err != nil {
				return err
			}
			if h.in.Check == nil {
				h.unchecked += len(as)
			}
			for _, a := range as {
				if h.here(&a) {
					h.assign(a)
				}
			}
		}
	}
	return nil
}
