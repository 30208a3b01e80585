package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/preflight"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

const aKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS ada"

// The kinds of ways in and up, for a switch at the machine by its user ada, for fleet deploy
// and for fleet install. Each says a part of what refuses it; "" is fine, "?" a note.
func TestWaysInAndUp(t *testing.T) {
	const (
		passwd   = "root:x:0:0::/root:/bin/sh\nada:x:1000:100:Ada:/home/ada:/bin/sh\n"
		rootKey  = "users.users.root.openssh.authorizedKeys.keys: [" + aKey + "]"
		noSudo   = "sudo asks for a password, and ada has none"
		keyOnly  = "users: {ada: {admin: true, sshKeys: [" + aKey + "]}}; services: {openssh: {}}"
		password = "root:!:1::\nada:$6$a$b:1::\n"
		locked   = "root:!:1::\nada:!:1::\n"
	)
	live := map[string]string{"etc/passwd": passwd, "etc/shadow": password, "var/lib/nixos/declarative-users": "ada root"}
	keyed := map[string]string{"etc/passwd": passwd, "etc/shadow": locked, "home/ada/.ssh/authorized_keys": aKey}
	for name, c := range map[string]struct {
		host                    string
		files                   map[string]string
		way                     string // of becoming root; sudo without one
		atKeyboard              bool   // the switch does not come over ssh
		switched, deploy, setup string
	}{
		"passwords, and sshd takes them": {
			host: "users: {ada: {admin: true}}; services: {openssh: {passwordAuthentication: true}}", files: live,
			deploy: "?", setup: "no administrator of the profile could log in: ada has neither",
		},
		"passwords, and sshd takes keys only": {
			host: "users: {ada: {admin: true}}; services: {openssh: {}}", files: live,
			switched: "the next login would be refused: sshd takes keys only, and ada has none", deploy: "?", setup: "ada has neither",
		},
		"passwords, at the keyboard": {
			host: "users: {ada: {admin: true}}", files: live, atKeyboard: true, deploy: "there is no sshd", setup: "ada has neither",
		},
		"a password of the profile": {
			host:  "users: {ada: {admin: true, passwordSecret: p, sshKeys: [" + aKey + "]}}; secrets: {p: {file: /etc/p}}; services: {openssh: {}}",
			files: live, deploy: "?", setup: "the machine would not have /etc/p, by which ada gets its password",
		},
		"a password of the profile, whose file comes along": {
			host:  "users: {ada: {admin: true, passwordSecret: p}}; secrets: {p: {file: /etc/p}}; services: {openssh: {}}",
			files: map[string]string{"etc/passwd": passwd, "etc/shadow": password, "home/ada/.ssh/authorized_keys": aKey, "extra/etc/p": "hash"}, deploy: "?",
		},
		"a password of the profile that comes too late": {
			host:  "users: {ada: {admin: true, passwordSecret: p, sshKeys: [" + aKey + "]}}; secrets: {p: {file: /etc/p}}; services: {openssh: {}}",
			files: keyed, switched: noSudo, deploy: "?", setup: "the machine would not have /etc/p",
		},
		"keys only, and sudo asks": {host: keyOnly, files: keyed, switched: noSudo, deploy: "?", setup: "ada could log in, but not become root: " + noSudo},
		"keys only, and sudo does not ask": {
			host: keyOnly + "; nixos: {security.sudo.wheelNeedsPassword: false}", files: keyed, deploy: "?",
		},
		"keys only, and a rule that does not ask": {
			host:  keyOnly + "; nixos: {security.sudo.extraRules: [{users: [ada], commands: [{command: ALL, options: [NOPASSWD]}]}]}",
			files: keyed, deploy: "?",
		},
		"keys only, and the agent stands for the password": {
			host: keyOnly + "; nixos: {security.pam.sshAgentAuth.enable: true}", files: keyed, deploy: "?",
		},
		"keys only, and root has the key": {
			host: keyOnly + "; nixos: {" + rootKey + "}", files: keyed, switched: noSudo,
		},
		"keys only, and nobody sees the passwords": {
			host: keyOnly, files: map[string]string{"etc/passwd": passwd}, deploy: "?", setup: noSudo,
		},
		"keys that only the running configuration declares": {
			host:     "users: {ada: {admin: true}}; services: {openssh: {}}",
			files:    map[string]string{"etc/passwd": passwd, "etc/shadow": password, "etc/ssh/authorized_keys.d/ada": aKey},
			switched: "sshd takes keys only, and ada has none", deploy: "?", setup: "ada has neither",
		},
		"keys in a home that sshd does not read": {
			host:     "users: {ada: {admin: true}}; services: {openssh: {}}; nixos: {services.openssh.authorizedKeysInHomedir: false}",
			files:    map[string]string{"etc/passwd": passwd, "etc/shadow": password, "home/ada/.ssh/authorized_keys": aKey},
			switched: "sshd takes keys only, and ada has none", deploy: "sshd takes keys only, and root has none", setup: "ada has neither",
		},
		"allowUsers without the caller": {
			host:  "users: {ada: {admin: true, sshKeys: [" + aKey + "]}, eve: {sshKeys: [" + aKey + "]}}; services: {openssh: {allowUsers: [eve]}}; nixos: {" + rootKey + "}",
			files: live, switched: "AllowUsers of sshd does not let ada in from 198.51.100.7", deploy: "AllowUsers of sshd does not let root in",
			setup: "no administrator of the profile could log in: AllowUsers of sshd does not let ada in",
		},
		"allowUsers from another address": {
			host:  "users: {ada: {admin: true, sshKeys: [" + aKey + "]}}; services: {openssh: {allowUsers: [ada@192.0.2.*, root]}}; nixos: {" + rootKey + "}",
			files: live, switched: "AllowUsers of sshd does not let ada in from 198.51.100.7",
		},
		"allowUsers from the caller's network": {
			host:  "users: {ada: {admin: true, sshKeys: [" + aKey + "]}}; services: {openssh: {allowUsers: [ada@198.51.100.0/24, r*]}}; nixos: {" + rootKey + "}",
			files: live,
		},
		"allowGroups of all users": {
			host:  "users: {ada: {admin: true, sshKeys: [" + aKey + "]}}; services: {openssh: {}}; nixos: {" + rootKey + ", services.openssh.settings.AllowGroups: [users]}",
			files: live, deploy: "AllowGroups of sshd does not let root in", setup: noSudo,
		},
		"no users": {
			host: "services: {openssh: {}}", files: live,
			switched: "your account ada is not in the profile and would be removed", deploy: "?", setup: "nobody can log in: there are no users",
		},
		"no users, where the machine's own stay": {
			host:   "services: {openssh: {}}",
			files:  map[string]string{"etc/passwd": passwd, "etc/group": "wheel:x:1:ada\n", "etc/shadow": password, "home/ada/.ssh/authorized_keys": aKey},
			deploy: "?", setup: "nobody can log in",
		},
		"nobody in wheel": {
			host: "users: {ada: {sshKeys: [" + aKey + "]}}; services: {openssh: {}}", files: live,
			switched: "no user of the profile may become root", deploy: "?", setup: "no user of the profile may become root",
		},
		"nobody in wheel but another": {
			host:  "users: {ada: {sshKeys: [" + aKey + "]}, eve: {admin: true, sshKeys: [" + aKey + "], passwordSecret: p}}; secrets: {p: {file: /etc/p}}; services: {openssh: {}}",
			files: live, switched: "this run becomes root by sudo, which the new system refuses: ada may not become root by sudo", deploy: "?",
			setup: "the machine would not have /etc/p, by which eve",
		},
		"doas, which goes": {
			host: keyOnly, files: live, way: "doas", switched: "this run becomes root by doas, which the new system refuses: there is no doas", deploy: "?", setup: noSudo,
		},
		"doas, which stays": {host: keyOnly + "; nixos: {security.doas.enable: true}", files: live, way: "doas", deploy: "?", setup: noSudo},
		"run0, which goes": {
			host: keyOnly + "; nixos: {security.polkit.enable: false}", files: live, way: "run0", switched: "there is no run0", deploy: "?", setup: noSudo,
		},
		"sudo, which goes": {
			host: keyOnly + "; nixos: {security.sudo.enable: false}", files: live, switched: "there is no sudo", deploy: "?", setup: "run0 asks for a password",
		},
		"a run over ssh, and no sshd": {host: "users: {ada: {admin: true}}", files: live, switched: "the next login would be refused: there is no sshd", deploy: "there is no sshd", setup: "ada has neither"},
		"a firewall before sshd": {
			host: "users: {ada: {admin: true, sshKeys: [" + aKey + "]}}; services: {openssh: {expose: false}}", files: live,
			switched: "the firewall lets nobody through to sshd", deploy: "the firewall lets nobody through", setup: "the firewall lets nobody through",
		},
		"a firewall that lets a tunnel through": {
			host: "users: {ada: {admin: true, sshKeys: [" + aKey + "]}}; services: {openssh: {expose: false}, tailscale: {}}", files: live,
			deploy: "?", setup: noSudo,
		},
		"another port":     {host: "users: {ada: {admin: true, sshKeys: [" + aKey + "]}}; services: {openssh: {port: 2222}}", files: live, switched: "?", deploy: "?", setup: noSudo},
		"root only by key": {host: "services: {openssh: {}}; nixos: {" + rootKey + "}", files: map[string]string{"etc/passwd": passwd, "etc/group": "wheel:x:1:ada\n", "home/ada/.ssh/authorized_keys": aKey}},
		"root, whom sshd refuses": {
			host:  "users: {ada: {admin: true, sshKeys: [" + aKey + "]}}; services: {openssh: {permitRootLogin: \"no\"}}; nixos: {" + rootKey + "}",
			files: live, deploy: "PermitRootLogin is no", setup: noSudo,
		},
		"passwords that are declared only, and none is": {
			host: "users: {ada: {admin: true}}; mutableUsers: false; services: {openssh: {}}", files: live,
			switched: "no administrator of the profile could log in", deploy: "?", setup: "ada has neither",
		},
		"a user of fleet whom sudo asks": {
			host: "users: {ada: {admin: true, sshKeys: [" + aKey + "]}}; services: {openssh: {}}; deployment: {targetUser: ada}", files: live,
			deploy: "fleet logs in as ada, who could no longer become root: sudo asks ada for a password", setup: noSudo,
		},
		"a user of fleet whom sudo does not ask": {
			host:  "users: {ada: {admin: true, sshKeys: [" + aKey + "]}}; services: {openssh: {}}; deployment: {targetUser: ada}; nixos: {security.sudo.wheelNeedsPassword: false}",
			files: live,
		},
		"a container":     {host: "users: {ada: {}}; nixos: {boot.isContainer: true}", files: map[string]string{"etc/passwd": passwd}, atKeyboard: true},
		"nobody, as told": {host: "users: {ada: {}}; nixos: {users.allowNoPasswordLogin: true}", files: map[string]string{}, atKeyboard: true, way: "none", deploy: "there is no sshd"},
	} {
		t.Run(name, func(t *testing.T) {
			g := planned(t, "  "+strings.ReplaceAll(c.host, "; ", "\n  ")+"\n")
			root := t.TempDir()
			for name, text := range c.files {
				path := filepath.Join(root, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			way := c.way
			if way == "" {
				way = "sudo"
			}
			m := &preflight.Machine{
				Root: root, User: "ada", UID: 1000, Elevation: way, Runner: &run.Exec{},
				Environ: func(name string) string {
					if name == "SSH_CONNECTION" && !c.atKeyboard {
						return "198.51.100.7 50000 203.0.113.7 22"
					}
					return ""
				},
			}
			r, err := preflight.Run(t.Context(), m, target(g, "atlas", deploy.Switch), preflight.Options{Acting: true, Only: []string{checkAccounts, checkSSH}})
			if err != nil {
				t.Fatal(err)
			}
			var refused, noted []string
			for _, f := range r.Findings {
				if f.Severity == preflight.Blocker {
					refused = append(refused, f.What)
				} else {
					noted = append(noted, f.What)
				}
			}
			expect(t, "switch", c.switched, refused, noted)
			for step, ways := range map[string][]closed{"fleet deploy": deployable(g.host("atlas")), "fleet install": installable(g.host("atlas"), filepath.Join(root, "extra"))} {
				refused, noted = nil, nil
				for _, w := range ways {
					if w.Sure {
						refused = append(refused, w.What)
					} else {
						noted = append(noted, w.What)
					}
				}
				want := c.deploy
				if step == "fleet install" {
					want = c.setup
				}
				expect(t, step, want, refused, noted)
			}
		})
	}
}

func expect(t *testing.T, step, want string, refused, noted []string) {
	t.Helper()
	got := strings.Join(refused, "; ")
	switch want {
	case "":
		if len(refused)+len(noted) > 0 {
			t.Errorf("%s is refused: %q, noted %q", step, refused, noted)
		}
	case "?":
		if len(refused) > 0 || len(noted) == 0 {
			t.Errorf("%s is refused: %q, noted %q; wanted a note", step, refused, noted)
		}
	default:
		if !strings.Contains(got, want) {
			t.Errorf("%s: refused by %q, noted %q, want %q", step, refused, noted, want)
		}
	}
}
