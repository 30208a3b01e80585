package generator_test

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// The keys of two age identities, as schema-valid as real ones.
const (
	keyA = "age1qyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqs3290gq"
	keyB = "age1zqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyqszqgpqyq3xyz"
)

const encrypted = "token: ENC[AES256_GCM,data:QQ==,iv:QQ==,tag:QQ==,type:str]\nsops: {version: 3.9.0}\n"

// Two hosts whose encrypted files have the same name in different folders do
// not read each other's; the rule of the deeper file comes first, since sops takes the first that fits.
func TestSopsRulesKeepHostsApart(t *testing.T) {
	host := func(file, key string) string {
		return "{stateVersion: \"26.05\", sops: {file: " + file + ", hostKey: " + key + "}, secrets: {token: {sops: true}}, users: {ada: {admin: true, passwordSecret: token}}}"
	}
	tree := generate(t, fstest.MapFS{
		"profile.yaml":   {Data: []byte("version: 1\nhosts:\n  a: " + host("./secrets.yaml", keyA) + "\n  b: " + host("./b/secrets.yaml", keyB) + "\n")},
		"secrets.yaml":   {Data: []byte(encrypted)},
		"b/secrets.yaml": {Data: []byte(encrypted)},
	})
	for _, f := range tree.Files {
		if f.Path != ".sops.yaml" {
			continue
		}
		want := "  - path_regex: '(^|/)b/secrets\\.yaml$'\n    age: " + keyB + "\n  - path_regex: '(^|/)secrets\\.yaml$'\n    age: " + keyA + "\n"
		if got := string(f.Data); !strings.HasSuffix(got, want) {
			t.Errorf(".sops.yaml ends otherwise than\n%s\n%s", want, got)
		}
		return
	}
	t.Error("no .sops.yaml")
}

// What would carry a secret into the store in clear text is refused.
func TestFilesThatAreNotWhatTheyShouldBe(t *testing.T) {
	for name, c := range map[string]struct{ host, file, says string }{
		"a sops file in clear":        {"sops: {file: ./x}, secrets: {token: {sops: true}}", "token: hunter2\nsops: {version: 1}\n", "in clear text"},
		"one value of it in clear":    {"sops: {file: ./x}, secrets: {token: {sops: true}}", "token: ENC[AES256_GCM,data:QQ==,iv:QQ==,tag:QQ==,type:str]\nlist: [7]\nsops: {version: 1}\n", "in clear text"},
		"a sops value of half a form": {"sops: {file: ./x}, secrets: {token: {sops: true}}", "token: ENC[hunter2]\nsops: {version: 1}\n", "in clear text"},
		"a file of something else":    {"sops: {file: ./x}, secrets: {token: {sops: true}}", "token: ENC[x]\n", "no sops block"},
		"a report that is no report":  {"hardware: {mode: facter, report: ./x}", `{"token": "hunter2"}`, "not a report of"},
		"a report that is no JSON":    {"hardware: {mode: facter, report: ./x}", "hunter2", "not a report of"},
	} {
		t.Run(name, func(t *testing.T) {
			fsys := fstest.MapFS{
				"profile.yaml": {Data: []byte("version: 1\nhost: {name: atlas, stateVersion: \"26.05\", " + c.host + "}\n")},
				"x":            {Data: []byte(c.file)},
			}
			p, err := load(t, fsys)
			if err != nil {
				t.Fatal(err)
			}
			_, err = generator.Generate(generator.Input{Profile: p, Schema: schemaRoot(t), Facts: map[string]hardware.Facts{}, Files: profile.FS{Files: fsys}})
			var problems profile.Problems
			if !errors.As(err, &problems) || !strings.Contains(problems[0].What+problems[0].Why, c.says) {
				t.Errorf("%v, want a problem that says %q", err, c.says)
			}
			if err != nil && strings.Contains(err.Error(), "hunter2") {
				t.Errorf("the message shows the value: %v", err)
			}
		})
	}
}

// A secret that stands in the profile is refused with its place, marked by »,
// wherever it stands; what only sounds like one is not.
func TestClearTextSecrets(t *testing.T) {
	for name, c := range map[string]string{
		"option":                 "nixos: {services.grafana.settings.security.admin_password: »hunter2}",
		"quoted part":            `nixos: {'a."b.c".Secret': »hunter2}`,
		"nested":                 "nixos: {users.users.ada: {initialPassword: »hunter2}}",
		"in a list":              "nixos: {services.x.tokens: [»hunter2]}",
		"of home-manager":        "users: {ada: {home: {options: {programs.x.apiKey: »hunter2}}}}",
		"wireless":               "nixos: {networking.wireless.networks.home.psk: »hunter2}",
		"a token by its shape":   "nixos: {environment.variables.X: »ghp_abcdefghijklmnopqrstuvwxyz0123456789}",
		"a private key":          "nixos: {a.b: »\"-----BEGIN OPENSSH PRIVATE KEY-----\"}",
		"a password in an URL":   "nixos: {a.b: »\"postgres://ada:hunter2@db/x\"}",
		"in a service":           "services: {postgresql: {settings: {primary_conninfo: »\"postgres://ada:hunter2@db\"}}}",
		"path of a file":         "nixos: {a.password: /run/keys/x, a.passwordFile: hunter2}",
		"replaced later":         "nixos: {a.password: \"$__file{/run/keys/x}\", a.token: \"@token@\", a.secret: \"\"}",
		"a switch":               "nixos: {services.openssh.settings.PasswordAuthentication: false, security.sudo.wheelNeedsPassword: true}",
		"a word":                 "nixos: {services.openssh.settings.PermitRootLogin: prohibit-password}",
		"a hash":                 "nixos: {users.users.ada.hashedPassword: \"$y$j9T$x\"}",
		"an address with a name": "nixos: {a.b: \"ssh://git@example.org:2222/x\"}",
		"a number":               "nixos: {services.x.password: »12345678}",
		"a number of a port":     "nixos: {services.x: {tokens: 4096, tokenTimeout: 36000, port: 8080}}",
		"what begins with $":     "nixos: {services.x.password: »\"$ecret-Passw0rd\"}",
		"a reference":            "nixos: {a.password: {$secret: db}}, secrets: {db: {file: /run/keys/db}}",
	} {
		t.Run(name, func(t *testing.T) {
			line := "host: {name: atlas, stateVersion: \"26.05\", " + c + "}"
			before, after, refused := strings.Cut(line, "»")
			fsys := fstest.MapFS{"profile.yaml": {Data: []byte("version: 1\n" + before + after + "\n")}}
			p, err := load(t, fsys)
			if err != nil {
				t.Fatal(err)
			}
			_, err = generator.Generate(generator.Input{Profile: p, Schema: schemaRoot(t), Facts: map[string]hardware.Facts{}, Files: profile.FS{Files: fsys}})
			var problems profile.Problems
			switch errors.As(err, &problems); {
			case !refused:
				if err != nil {
					t.Error(err)
				}
			case len(problems) != 1 || !strings.Contains(problems[0].What, "clear text") || problems[0].Pos.Column != len(before)+1:
				t.Errorf("%v, want one problem about clear text in column %d", err, len(before)+1)
			case strings.Contains(err.Error(), "hunter2"):
				t.Errorf("the message shows the value: %v", err)
			}
		})
	}
}

// A value that only looks like a secret is marked behind it or above it, with a reason.
func TestNotASecret(t *testing.T) {
	for name, c := range map[string]struct {
		text    string
		refused bool
	}{
		"behind":           {"nixos: {a.password: changeme} # not-a-secret: the demo login of the manual", false},
		"above":            {"# not-a-secret: the demo login of the manual\n  nixos: {a.password: changeme}", false},
		"of the map":       {"nixos: # not-a-secret: of the map\n    a.password: changeme", true},
		"block":            {"nixos:\n    a.password: | # not-a-secret: x\n      changeme", false},
		"of another line":  {"nixos: {a.password: changeme}\n  # not-a-secret: of nothing\n", true},
		"without a reason": {"nixos: {a.password: changeme} # not-a-secret:", true},
		"in the value":     {"nixos: {a.password: 'changeme # not-a-secret: x'}", true},
		"two lines above":  {"# not-a-secret: x\n  tags: [a]\n  nixos: {a.password: changeme}", true},
	} {
		t.Run(name, func(t *testing.T) {
			text := "version: 1\nhost:\n  name: atlas\n  stateVersion: \"26.05\"\n  " + c.text + "\n"
			fsys := fstest.MapFS{"profile.yaml": {Data: []byte(text)}}
			p, err := load(t, fsys)
			if err != nil {
				t.Fatal(err)
			}
			_, err = generator.Generate(generator.Input{Profile: p, Schema: schemaRoot(t), Files: profile.FS{Files: fsys}})
			if refused := err != nil; refused != c.refused {
				t.Errorf("refused: %v (%v), want %v", refused, err, c.refused)
			}
		})
	}
}

// A secret in an option is told the key of the catalogue that sets it, if there is one.
func TestClearTextHint(t *testing.T) {
	for host, want := range map[string]string{
		"nixos: {services.grafana.settings.security.admin_password: hunter2}":           "write services: {grafana: {adminPasswordSecret: grafana-admin-password}} and secrets: {grafana-admin-password: {file: /path}}; if",
		"nixos: {services.grafana: {settings.security: {\"admin_password\": hunter2}}}": "write services: {grafana: {adminPasswordSecret: grafana-admin-password}} and",
		"nixos: {services.x.password: hunter2}":                                         "use an option that takes a file, with {$secret: NAME} as its value, and write secrets: {NAME: {file: /path}}; if",
	} {
		t.Run(host, func(t *testing.T) { made(t, host, want) })
	}
}

// What is no name of a secret is not shown; the hint has a name to write.
func TestUnknownSecret(t *testing.T) {
	for host, want := range map[string]string{
		"services: {postgresql: {databases: [app], passwordSecrets: {app: hunter}}}": "passwordSecrets.app must be the name of a secret of host atlas; add secrets: {app-password: {file: /path}} under atlas, and write app-password here",
		"services: {grafana: {adminPasswordSecret: hunter}}":                         "adminPasswordSecret must be the name of a secret of host atlas; add secrets: {grafana-admin-password:",
		"services: {grafana: {adminPasswordSecret: grafana-admin-password}}":         "adminPasswordSecret names a secret that host atlas does not have; add it under atlas, by the name written here",
		"users: {ada: {admin: true, passwordSecret: hunter}}":                        "add secrets: {ada-password: {file: /path}} under atlas",
		"nixos: {a.passwordFile: {$secret: hunter}}":                                 "this must be the name of a secret of host atlas; add secrets: {NAME:",
	} {
		t.Run(host, func(t *testing.T) { made(t, host, want) })
	}
}
