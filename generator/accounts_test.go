package generator_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// made generates a profile with one host; want is a part of its only problem, or of a
// notice with "note: " in front, or empty.
func made(t *testing.T, host, want string) *generator.Tree {
	t.Helper()
	fsys := fstest.MapFS{
		"profile.yaml": {Data: []byte("version: 1\nhosts:\n  atlas:\n    system: x86_64-linux\n    stateVersion: \"26.05\"\n    " + strings.ReplaceAll(host, "; ", "\n    ") + "\n")},
		"s.yaml":       {Data: []byte("p: ENC[AES256_GCM,data:QQ==,iv:QQ==,tag:QQ==,type:str]\nsops: {version: 3.9.0}\n")},
	}
	p, err := load(t, fsys)
	if err != nil {
		t.Fatal(err)
	}
	tree, err := generator.Generate(generator.Input{Profile: p, Schema: schemaRoot(t), Files: profile.FS{Files: fsys}})
	var problems profile.Problems
	switch {
	case errors.As(err, &problems):
		if want == "" || len(problems) != 1 || !strings.Contains(problems[0].Error(), want) {
			t.Errorf("problems %v, want %q", problems, want)
		}
		return nil
	case err != nil:
		t.Fatal(err)
	}
	var notes []string
	for _, n := range tree.Notices {
		bare := strings.Contains(n.Text, "no SSH key in the profile") && !strings.Contains(want, "in the profile")
		if !bare && !strings.Contains(n.Text, "boots the machine") && !strings.Contains(n.Text, "boot loader and disks are not known") {
			notes = append(notes, "note: "+n.Text)
		}
	}
	if got := strings.Join(notes, "; "); want == "" && got != "" || !strings.Contains(got, want) {
		t.Errorf("notices %q, want %q", got, want)
	}
	return tree
}

// A name that stands for something else of the host must be one.
func TestReferences(t *testing.T) {
	const ada = "users: {ada: {admin: true}}; "
	for name, c := range map[string]struct{ host, want string }{
		"allowUsers":                                 {ada + "services: {openssh: {allowUsers: [adda]}}", `7:39: this host has no account "adda"; services.openssh.allowUsers names it; did you mean "ada"?`},
		"allowUsers of nobody":                       {ada + "services: {openssh: {allowUsers: [zoe]}}", "add it to users"},
		"allowUsers from an address":                 {ada + "services: {openssh: {allowUsers: [ada@192.0.2.*, \"*\", root]}}", ""},
		"allowUsers by an option":                    {ada + "services: {openssh: {allowUsers: [zoe]}}; nixos: {users.users.zoe.isNormalUser: true}", ""},
		"allowUsers of a forge":                      {ada + "services: {openssh: {allowUsers: [ada, forgejo]}, forgejo: {}}", ""},
		"user of jupyter":                            {ada + "services: {jupyter: {user: bob}}", `no account "bob"`},
		"user of jupyter, as it comes":               {ada + "services: {jupyter: {user: jupyter}}", ""},
		"user of syncthing":                          {ada + "services: {syncthing: {user: aad}}", `did you mean "ada"`},
		"device of a folder":                         {ada + "services: {syncthing: {devices: {phone: P56IOI7-MZJNU2Y-IQGDREY-DM2MGTI-MGL3BXN-PQ6W5BM-TBBZ4TJ-XZWICQ2}, folders: {a: {path: ~/a, devices: [phome]}}}}", `no device "phome"; services.syncthing.folders.a.devices names it; did you mean "phone"`},
		"site of a service":                          {ada + "services: {nginx: {sites: {a.example.org: {service: grafana, tls: false}}}}", `no service "grafana"; services.nginx.sites.a.example.org.service names it; add grafana: {} to services`},
		"role of a password":                         {ada + "services: {postgresql: {databases: [app], passwordSecrets: {apps: p}}}; secrets: {p: {file: /etc/p}}", `no role "apps"; services.postgresql.passwordSecrets names it; did you mean "app"`},
		"role of a password, as it comes":            {ada + "services: {postgresql: {passwordSecrets: {aidb: p, postgres: p}}}; secrets: {p: {file: /etc/p}}", ""},
		"owner":                                      {ada + "services: {grafana: {}}; secrets: {p: {file: /etc/p, owner: grafna}}", `did you mean "grafana"`},
		"owner that is like nobody":                  {ada + "secrets: {p: {file: /etc/p, owner: nobodyhere}}", `names it; use root, a user (ada), or a service's account`},
		"user that is like none":                     {ada + "services: {syncthing: {user: bob}}", "names it; add it to users, or add the service that creates it; the only user is ada"},
		"user that is like root":                     {ada + "services: {openssh: {allowUsers: [rooot]}}", "creates it; the only user is ada"},
		"owner that is no more":                      {ada + "secrets: {p: {file: /etc/p, owner: caddy}}", `no account "caddy"`},
		"owner by an option":                         {ada + "secrets: {p: {file: /etc/p, owner: caddy}}; nixos: {services.caddy.enable: true}", ""},
		"login of nobody":                            {ada + "desktop: {session: gnome, autoLogin: nobody}", `no user "nobody"`},
		"group":                                      {"users: {ada: {admin: true, groups: [dokcer, video]}}; services: {docker: {}}", `no group "dokcer"; users.ada.groups names it; did you mean "docker"`},
		"group of a service that is off":             {"users: {ada: {admin: true, groups: [docker]}}", "note: nothing in the profile makes the group docker"},
		"group that resembles another":               {"users: {ada: {admin: true, groups: [uinput]}}", "note: nothing in the profile makes the group uinput"},
		"group that is a word of another":            {"users: {ada: {admin: true, groups: [network]}}", "note: nothing in the profile makes the group network"},
		"group of one's own":                         {"users: {ada: {admin: true, groups: [band]}}; nixos: {users.groups.band: {}}", ""},
		"user of fleet, mistyped":                    {ada + "deployment: {targetUser: adaa}", `no user "adaa"; deployment.targetUser names it; did you mean "ada"`},
		"user of fleet, as it comes":                 {ada + "deployment: {targetUser: root}", ""},
		"user of fleet, of the machine's":            {ada + "deployment: {targetUser: operator}", ""},
		"name of NixOS":                              {"users: {messagebus: {admin: true}}", `a user cannot be called "messagebus"; NixOS makes an account of that name`},
		"name of a builder":                          {"users: {nixbld1: {admin: true}}", `"nixbld1"`},
		"name that is like a builder's":              {"users: {nixbldx: {admin: true}}", ""},
		"name of sshd's":                             {"users: {sshd: {admin: true}}; services: {openssh: {}}", `6:13: a user cannot be called "sshd"; services.openssh makes an account of that name`},
		"name of PostgreSQL's":                       {"users: {postgres: {admin: true}}; services: {postgresql: {}}", `"postgres"`},
		"name of PostgreSQL's, without it":           {"users: {postgres: {admin: true}}", ""},
		"name of a service's, which runs as another": {"users: {syncthing: {admin: true}, ada: {}}; services: {syncthing: {user: ada}}", ""},
		"name of ollama's":                           {"users: {ollama: {admin: true}}; services: {ollama: {modelsDir: /srv/m}}", `"ollama"`},
		"name of a dynamic user":                     {"users: {ollama: {admin: true}}; services: {ollama: {}}", ""},
		"name of a greeter":                          {"users: {gdm: {admin: true}}; desktop: gnome", "the desktop makes"},
		"equal uids":                                 {"users: {ada: {admin: true, uid: 1000}, eve: {uid: 1000}}", "the uid 1000 is taken twice; ada has it, too"},
		"equal uids by an option":                    {"users: {ada: {admin: true, uid: 1000}}; nixos: {users.users.zoe: {isNormalUser: true, uid: 1000}}", "taken twice"},
		"uid of a builder":                           {"users: {ada: {admin: true, uid: 30001}}", "NixOS uses it for nixbld1"},
		"owner of a user's password":                 {"users: {ada: {admin: true, passwordSecret: p}}; secrets: {p: {sops: true, owner: ada}}; sops: {file: ./s.yaml}", "secret p cannot have an owner"},
	} {
		t.Run(name, func(t *testing.T) { made(t, c.host, c.want) })
	}
}

// The profile is told where nobody would get in; what a machine may have of its own is not held against it.
func TestNobodyIsNoted(t *testing.T) {
	const disks = "; disks: {layout: ext4, devices: [/dev/disk/by-id/x]}"
	key := "sshKeys: [" + sshKey + "]"
	for name, c := range map[string]struct{ host, want string }{
		"an administrator":                   {"users: {ada: {admin: true}}", ""},
		"a user without anything":            {"users: {ada: {admin: true}, eve: {" + key + "}}", "note: ada has no password and no SSH key in the profile; unless"},
		"no users":                           {"services: {openssh: {}}", "note: by this profile alone, nobody can log in: there are no users"},
		"no administrator":                   {"users: {ada: {}}", "no user of the profile may become root"},
		"no passwords but declared ones":     {"users: {ada: {admin: true}}; mutableUsers: false", "ada has neither a password nor an SSH key"},
		"an account without sudo":            {"users: {ada: {admin: true, " + key + "}}; services: {openssh: {}}; mutableUsers: false", "ada could log in, but not become root: sudo asks for a password, and ada has none"},
		"to install, keys only":              {"users: {ada: {admin: true, " + key + "}}; services: {openssh: {}}" + disks, "note: on a machine installed from this profile, ada could log in, but not become root"},
		"to install, without asking":         {"users: {ada: {admin: true, " + key + "}}; services: {openssh: {}}; nixos: {security.sudo.wheelNeedsPassword: false}" + disks, ""},
		"to install, forced, in other words": {"users: {ada: {admin: true, " + key + "}}; services: {openssh: {}}; nixos: {security: {sudo: {wheelNeedsPassword: false}}}" + disks, ""},
		"to install, a key of root's":        {"users: {ada: {admin: true, " + key + "}}; services: {openssh: {}}; nixos: {users.extraUsers.root.openssh.authorizedKeys.keys: [" + sshKey + "]}" + disks, ""},
		"to install, a hash":                 {"users: {ada: {admin: true}}; nixos: {users.users.ada.hashedPassword: \"$y$x\"}" + disks, ""},
		"to install, a lock":                 {"users: {ada: {admin: true}}; nixos: {users.users.ada.hashedPassword: \"!\"}" + disks, "neither a password nor an SSH key"},
		"to install, a password by secret":   {"users: {ada: {admin: true, passwordSecret: p}}; secrets: {p: {file: /etc/p}}" + disks, ""},
		"by their own words":                 {"users: {ada: {}}; nixos: {users.allowNoPasswordLogin: true}", ""},
	} {
		t.Run(name, func(t *testing.T) { made(t, c.host, c.want) })
	}
}

const sshKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS ada"

// sops-nix decrypts the password of a user before it makes the user, if it is told.
func TestPasswordsAreThereBeforeUsers(t *testing.T) {
	for _, host := range []string{
		"users: {ada: {admin: true, passwordSecret: p}}", "users: {ada: {admin: true}}; nixos: {users.users.ada.hashedPasswordFile: {$secret: p}}",
	} {
		tree := made(t, host+"; secrets: {p: {sops: true}}; sops: {file: ./s.yaml}", "")
		if text := string(tree.File("hosts/atlas/configuration.nix")); !strings.Contains(text, "secrets.p.neededForUsers = true;") {
			t.Errorf("%s: %s", host, text)
		}
	}
}
