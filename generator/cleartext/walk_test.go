package cleartext

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/schema"
)

// places are where a value, », may stand in a host.
const places = `
services: {forgejo: {settings: {mailer: {PASSWD: »}}}}
services: {forgejo: {settings: {mailer: {HEADER: »}}}}
services: {forgejo: {settings: {security: {SECRET_KEY: »}}}}
services: {forgejo: {domain: »}}
services: {open-webui: {environment: {OPENAI_API_KEY: »}}}
services: {open-webui: {environment: {COMMENT: »}}}
services: {vllm: {flags: [»]}}
services: {vllm: {flags: [--seed, »]}}
services: {vllm: {model: »}}
services: {k3s: {flags: [»]}}
services: {k3s: {role: »}}
services: {postgresql: {settings: {primary_conninfo: »}}}
services: {postgresql: {databases: [»]}}
services: {redis: {settings: {comment: »}}}
services: {nginx: {virtualHosts: {x: {locations: {/: {proxyPass: »}}}}}}
services: {nginx: {virtualHosts: {»: {}}}}
services: {grafana: {settings: {server: {root_url: »}}}}
services: {grafana: {settings: {log: {filters: [»]}}}}
services: {restic: {backups: {b: {repository: »}}}}
services: {restic: {backups: {b: {paths: [»]}}}}
services: {restic: {backups: {b: {exclude: [»]}}}}
services: {openssh: {allowUsers: [»]}}
services: {prometheus: {scrape: {x: {targets: [»]}}}}
services: {tailscale: {flags: [»]}}
services: {litellm: {environment: {X: »}}}
services: {gitea: {x: »}}
users: {ada: {home: {sessionVariables: {GITHUB_TOKEN: »}}}}
users: {ada: {home: {sessionVariables: {EDITOR: »}}}}
users: {ada: {home: {shellAliases: {x: »}}}}
users: {ada: {home: {options: {programs.x.y: »}}}}
users: {ada: {home: {options: {'programs.x."a.b"': [»]}}}}
users: {ada: {home: {git: {name: »}}}}
users: {ada: {home: {git: {email: »}}}}
users: {ada: {home: {git: {settings: {url: {x: {insteadOf: »}}}}}}}
users: {ada: {home: {zsh: {init: »}}}}
users: {ada: {home: {packages: [»]}}}
users: {ada: {sshKeys: [»]}}
users: {ada: {description: »}}
users: {ada: {shell: »}}
users: {ada: {groups: [»]}}
users: {ada: {»: true}}
packages: [»]
timezone: »
locale: »
keymap: »
tags: [»]
network: {hosts: {10.0.0.1: [»]}}
network: {domain: »}
network: {nameservers: [»]}
network: {proxy: »}
boot: {kernelParams: [»]}
deployment: {target: »}
hardware: {facts: »}
disks: {x: {device: »}}
motd: »
secrets: {a: {file: »}}
secrets: {a: {sops: »}}
sops: {file: »}
sops: {recipients: [»]}
nixos: {networking.wireguard.interfaces.wg0.peers: [{presharedKey: »}]}
nixos: {services.foo.comment: »}
nixos: {services.foo: {comment: »}}
nixos: {services.foo: {list: [{a: {b: [»]}}]}}
nixos: {environment.etc.x.text: »}
nixos: {environment.variables.X: »}
nixos: {systemd.services.x.environment.Y: »}
nixos: {systemd.services.x.serviceConfig.ExecStart: »}
nixos: {systemd.services.x.serviceConfig.Environment: [»]}
nixos: {'services.x."»"': 1}
nixos: {services.x.env: [{name: X, value: »}]}
nix: {substituters: [»]}
nix: {settings: {x: »}}
inputs: {x: {url: »}}
`

func schemaRoot(t testing.TB) *schema.Node {
	root, err := schema.Root()
	if err != nil {
		t.Fatal(err)
	}
	return root
}

func hosts() []string { return strings.Split(strings.TrimSpace(places), "\n") }

// isKey reports whether the value is a key in the place.
func isKey(place string) bool {
	return strings.Contains(place, "»:") || strings.Contains(place, "\"»\"")
}

// with is a profile in which each host has the value at its place.
func with(value string) string {
	var b strings.Builder
	b.WriteString("version: 1\nhosts:\n")
	for i, place := range hosts() {
		quoted := strconv.Quote(value)
		if isKey(place) && strings.Contains(value, "\n") {
			quoted = "x" // a key is one line
		}
		if quoted != "x" && strings.Contains(place, `'services.x."`) {
			quoted = strings.ReplaceAll(value, "'", "''")
		}
		b.WriteString("  h" + strconv.Itoa(i) + ": {" + strings.ReplaceAll(place, "»", quoted) + "}\n")
	}
	return b.String()
}

// Each secret that shows by itself is found in each place, and a message hides it.
func TestPlacesAndShapes(t *testing.T) {
	root := schemaRoot(t)
	shapes := shapesOfSecrets()
	if len(hosts()) < 60 || len(shapes) < 40 {
		t.Fatalf("%d places, %d shapes", len(hosts()), len(shapes))
	}
	for _, name := range slices.Sorted(maps.Keys(shapes)) {
		value := shapes[name]
		if strings.Contains(value, `"`) {
			value = strings.ReplaceAll(value, `"`, "'")
		}
		text := with(value)
		file := profile.Content{Name: "p.yaml", Data: []byte(text)}
		n, err := profile.Parse(file.Name, file.Data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		found := map[int]bool{}
		NewWalker().Walk(n, root, func(f Finding) { found[f.Node.Pos.Line-3] = true })
		for i, place := range hosts() {
			if !found[i] && !(isKey(place) && strings.Contains(value, "\n")) {
				t.Errorf("%s: not found in %s", name, place)
			}
		}
		secret := value
		if spans := Spans(value); len(spans) > 0 {
			secret = value[spans[0].From:spans[0].To]
		}
		secret, _, _ = strings.Cut(secret, "\n")
		v := NewVeil(root, []profile.Content{file}, nil)
		shown := string(v.Source(file.Data)) + v.Text(strconv.Quote(value)) + v.Text(value[:min(len(value), 60)]+"…")
		if strings.Contains(shown, secret) {
			t.Errorf("%s: %s is shown", name, secret)
		}
	}
}

// The same for texts that only their names make secrets.
func TestPlacesByName(t *testing.T) {
	const secret = "hunter2-Passw0rd"
	for line := range strings.Lines(`
services: {forgejo: {settings: {mailer: {PASSWD: »}}}}
services: {forgejo: {settings: {security: {SECRET_KEY: »}}}}
services: {open-webui: {environment: {OPENAI_API_KEY: »}}}
services: {vllm: {flags: ["--api-key=»"]}}
services: {vllm: {flags: [--api-key, »]}}
services: {k3s: {flags: ["--token=»"]}}
services: {k3s: {flags: ["--token »"]}}
services: {restic: {backups: {b: {repository: "rest:https://x/?access_token=»"}}}}
users: {ada: {home: {sessionVariables: {GITHUB_TOKEN: »}}}}
nixos: {networking.wireguard.interfaces.wg0.peers: [{presharedKey: »}]}
nixos: {services.foo: {authKey: »}}
nixos: {services.foo: {pass: »}}
nixos: {services.foo: {DB_PASS: »}}
nixos: {services.foo.pskRaw: »}
nixos: {services.foo: {SECRET_KEY_BASE: »}}
nixos: {services.foo: {credentials: {ada: »}}}
nixos: {services.foo: {credentials: {ada: [»]}}}
nixos: {services.foo: {passwords: {ada: »}}}
nixos: {services.foo: {passwords: [»]}}
nixos: {services.nginx.virtualHosts.x.basicAuth: {ada: »}}
nixos: {services.foo.basicAuth.ada: »}
nixos: {services.foo.env: [{name: API_TOKEN, value: »}]}
nixos: {services.foo.extraConfig: "a = b\npassword = »\n"}
nixos: {services.foo.script: "export TOKEN='»'"}
nixos: {services.foo.environment: ["DB_PASSWORD=»"]}
nixos: {services.foo.password: "»$"}
nixos: {services.foo: {secrets: {a: »}}}
`) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		text := "version: 1\nhosts:\n  a: {" + strings.ReplaceAll(line, "»", secret) + "}\n"
		file := profile.Content{Name: "p.yaml", Data: []byte(text)}
		n, err := profile.Parse(file.Name, file.Data)
		if err != nil {
			t.Fatal(line, err)
		}
		count := 0
		NewWalker().Walk(n, schemaRoot(t), func(Finding) { count++ })
		if count == 0 {
			t.Errorf("not found in %s", line)
		}
		for _, broken := range []string{text, text + "  b: [\n"} {
			v := NewVeil(schemaRoot(t), []profile.Content{{Name: "p.yaml", Data: []byte(broken)}}, nil)
			flow := strings.Contains(line, ": {ada: ") || strings.Contains(line, "[»]}}") || strings.Contains(line, "secrets:") ||
				strings.Contains(line, "--api-key, ") || strings.Contains(line, "name: API_TOKEN") || strings.Contains(line, "basicAuth.ada")
			if shown := string(v.Source([]byte(broken))); strings.Contains(shown, secret) && (broken == text || !flow) {
				t.Errorf("shown: %s", shown)
			}
		}
	}
}

// Nothing that ships is taken for a secret.
func TestNoFalseAlarms(t *testing.T) {
	root := schemaRoot(t)
	looked := 0
	look := func(name string, data []byte) {
		n, err := profile.Parse(name, data)
		if err != nil || n.Get("version") == nil && n.Get("hosts") == nil && n.Get("host") == nil && n.Get("defaults") == nil {
			return
		}
		looked++
		lines := strings.Split(string(data), "\n")
		NewWalker().Walk(n, root, func(f Finding) {
			if strings.Contains(lines[f.Node.Pos.Line-1], "# not-a-secret: ") {
				return
			}
			t.Errorf("%s: %s (%s): %s", f.Node.Pos, f.Key, f.Kind, f.Text)
		})
	}
	block := regexp.MustCompile("(?ms)^```yaml\n(.*?)^```")
	for _, dir := range []string{"../../golden", "../../schema", "../../docs", "../../README.md", "../../modules"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			switch filepath.Ext(path) {
			case ".yaml":
				look(path, data)
			case ".md":
				for _, m := range block.FindAllSubmatch(data, -1) {
					look(path, m[1])
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if looked < 80 {
		t.Errorf("only %d profiles were looked at", looked)
	}
}

// BenchmarkWalk is the check of hosts that have nothing in common.
func BenchmarkWalk(b *testing.B) {
	var text strings.Builder
	text.WriteString("version: 1\nhosts:\n")
	for i := range 1000 {
		id := strconv.Itoa(i)
		text.WriteString("  h" + id + ": {groups: [web], tags: [t" + id + "], packages: [ripgrep, htop], services: {nginx: {virtualHosts: {x" + id +
			".example.org: {proxyPass: \"http://127.0.0.1:" + id + "\"}}}}, nixos: {environment.variables.PAGER: less}}\n")
	}
	n, err := profile.Parse("p.yaml", []byte(text.String()))
	if err != nil {
		b.Fatal(err)
	}
	root := schemaRoot(b)
	for b.Loop() {
		NewWalker().Walk(n, root, func(f Finding) { b.Fatal(f) })
	}
}
