package generator_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/nixtest"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/schema"
)

// atlas is a profile with one host that has these services, as a flow map.
func atlas(services string) fstest.MapFS {
	return fstest.MapFS{"profile.yaml": {Data: []byte(`version: 1
hosts:
  atlas:
    system: x86_64-linux
    stateVersion: "26.05"
    users: {ada: {admin: true}}
    secrets: {password: {file: /etc/secrets/password}, ssh-key: {file: /etc/secrets/ssh-key}}
    services: ` + services + "\n")}}
}

// What the services of a host are told, as Nix merges it from the module and the profile.
func TestServices(t *testing.T) {
	const hostKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS"
	// made is the rule of tmpfiles.d for a folder, which leaves one that is there as it is.
	made := func(folder, owner string) string {
		return `let d = c.systemd.tmpfiles.settings.` + owner + `."` + folder + `".d; in [ d.mode d.user or null d.group or null ]`
	}
	proxied := func(more string) string {
		return `{` + more + `, nginx: {expose: true, email: a@example.org, sites: {
      ollama.example.org: {service: ollama}, notes.example.org: {service: jupyter, aliases: [lab.example.org]},
      mlflow.example.org: {service: mlflow}, git.example.org: {service: forgejo}, tea.example.org: {service: gitea, tls: false},
      grafana.example.org: {service: grafana}, chat.example.org: {service: open-webui}, prom.example.org: {service: prometheus},
      www.example.org: {root: /srv/www}}}}`
	}
	all := proxied("ollama: {}, jupyter: {}, mlflow: {}, forgejo: {}, gitea: {}, grafana: {}, open-webui: {}, prometheus: {}")
	env := nixtest.New(t)
	for name, tc := range map[string]struct{ services, expr, want string }{
		"vllm serves the model that is asked for": {
			`{vllm: {model: Qwen/Qwen3-4B}}`,
			`let v = c.virtualisation.oci-containers.containers.vllm; in [ v.entrypoint ] ++ v.cmd`,
			`["vllm","serve","Qwen/Qwen3-4B","--host=127.0.0.1","--port=8001"]`,
		},
		"vllm with all keys, each flag once": {
			`{vllm: {port: 8011, expose: true, maxModelLength: 8192, gpuMemory: 0.9, flags: [-tp, "2", -pp, "2"]}}`,
			`c.virtualisation.oci-containers.containers.vllm.cmd`,
			`["serve","Qwen/Qwen2.5-7B-Instruct","--host=0.0.0.0","--port=8011","--max-model-len=8192",
			  "--gpu-memory-utilization=0.9","-tp","2","-pp","2"]`,
		},
		"a number that two flags of llama.cpp have": {
			`{llama-cpp: {model: /srv/m.gguf, contextSize: 8192, flags: [--batch-size, "8192"]}}`,
			`c.services.llama-cpp.extraFlags`, `["--ctx-size","8192","--batch-size","8192"]`,
		},
		"ollama owns the folder of its models": {
			`{ollama: {modelsDir: /srv/models, models: [llama3]}}`,
			`[ c.services.ollama.models c.services.ollama.user ] ++ (` + made("/srv/models", "ollama") + `)`,
			`["/srv/models","ollama",":0750",":ollama",":ollama"]`,
		},
		"ollama without one keeps its dynamic user": {
			`{ollama: {}}`, `[ c.services.ollama.user (c.systemd.tmpfiles.settings.ollama or null) ]`, `[null,null]`,
		},
		"jupyter owns its folder": {
			`{jupyter: {folder: /srv/notebooks}}`, made("/srv/notebooks", "jupyter"), `[":0750",":jupyter",":jupyter"]`,
		},
		"jupyter of a user": {
			`{jupyter: {user: ada, folder: /srv/notebooks}}`, made("/srv/notebooks", "jupyter"), `[":0750",":ada",":jupyter"]`,
		},
		"mlflow sees the folder of its artifacts": {
			`{mlflow: {artifacts: /srv/mlflow}}`,
			`[ c.virtualisation.oci-containers.containers.mlflow.volumes c.systemd.tmpfiles.settings.mlflow."/srv/mlflow".d.mode ]`,
			`[["/var/lib/mlflow:/var/lib/mlflow","/srv/mlflow:/srv/mlflow"],":0700"]`,
		},
		"mlflow with artifacts in a bucket": {
			`{mlflow: {artifacts: "s3://bucket"}}`, `builtins.attrNames c.systemd.tmpfiles.settings.mlflow`, `["/var/lib/mlflow"]`,
		},
		"syncthing makes only what its user cannot": {
			`{syncthing: {user: ada, folders: {docs: {path: /home/ada/docs}, own: {path: ~/own}, shared: {path: /srv/shared}}}}`,
			`[ (builtins.attrNames c.systemd.tmpfiles.settings.syncthing) (` + made("/srv/shared", "syncthing") + `) ]`,
			`[["/srv/shared"],[":0750",":ada",":users"]]`,
		},
		"nginx has a folder for a site": {all, made("/srv/www", "nginx"), `[":0755",":root",":root"]`},
		"nginx calls Ollama by a local name": {
			all,
			`let l = c.services.nginx.virtualHosts."ollama.example.org".locations."/"; in [ l.recommendedProxySettings l.extraConfig ]`,
			`[false,"# On the loopback it answers only to local names.\nproxy_set_header Host localhost;\n"]`,
		},
		"Ollama takes requests from pages of its site": {
			all, `c.services.ollama.environmentVariables.OLLAMA_ORIGINS`, `"https://ollama.example.org"`,
		},
		"JupyterLab knows its names": {
			all, `c.services.jupyter.notebookConfig`,
			`"c.ServerApp.local_hostnames = [\"localhost\",\"notes.example.org\",\"lab.example.org\"]\n"`,
		},
		"MLflow knows its names, and those that it always knew": {
			all,
			`let e = c.virtualisation.oci-containers.containers.mlflow.environment; hosts = lib.splitString "," e.MLFLOW_SERVER_ALLOWED_HOSTS; in
			 [ (map (h: builtins.elem h hosts) [ "localhost:*" "127.0.0.1" "192.168.*" "172.31.*" "mlflow.example.org" ]) e.MLFLOW_SERVER_CORS_ALLOWED_ORIGINS ]`,
			`[[true,true,true,true,true],"http://atlas:*,https://mlflow.example.org"]`,
		},
		"MLflow as the profile says": {
			`{mlflow: {allowedHosts: ["localhost:*", ml.lan]}, nginx: {sites: {mlflow.example.org: {service: mlflow}}}}`,
			`let e = c.virtualisation.oci-containers.containers.mlflow.environment; in [ e.MLFLOW_SERVER_ALLOWED_HOSTS e.MLFLOW_SERVER_CORS_ALLOWED_ORIGINS ]`,
			`["localhost:*,ml.lan","http*://localhost:*,http*://ml.lan"]`,
		},
		"MLflow knows the machine's names where it is exposed": {
			`{mlflow: {expose: true, port: 5001}}`,
			`let e = c.virtualisation.oci-containers.containers.mlflow.environment; in
			 [ (builtins.elem "atlas:*" (lib.splitString "," e.MLFLOW_SERVER_ALLOWED_HOSTS)) e.MLFLOW_SERVER_CORS_ALLOWED_ORIGINS ]`,
			`[true,"http://atlas:*"]`,
		},
		"addresses that services write": {
			all,
			`[ c.services.forgejo.settings.server.ROOT_URL c.services.forgejo.settings.server.DOMAIN c.services.forgejo.settings.session.COOKIE_SECURE
			   c.services.gitea.settings.server.ROOT_URL c.services.gitea.settings.session.COOKIE_SECURE
			   c.services.grafana.settings.server.root_url c.services.grafana.settings.server.domain
			   c.services.open-webui.environment.WEBUI_URL c.services.prometheus.webExternalUrl ]`,
			`["https://git.example.org/","git.example.org",true,"http://tea.example.org/",false,
			  "https://grafana.example.org/","grafana.example.org","https://chat.example.org","https://prom.example.org/"]`,
		},
		"an address that the profile gives": {
			`{grafana: {domain: g.lan, rootUrl: "https://g.lan/"}, nginx: {httpsPort: 8443, sites: {grafana.example.org: {service: grafana}}}}`,
			`let s = c.services.grafana.settings.server; in [ s.domain s.root_url (map (x: x.url) (c.lib.nginx.sitesOf "grafana")) ]`,
			`["g.lan","https://g.lan/",["https://grafana.example.org:8443"]]`,
		},
		"the chat asks every server of models here": {
			`{open-webui: {}, llama-cpp: {model: /srv/m.gguf}, tgi: {port: 8090}, vllm: {port: 8011}}`,
			`c.services.open-webui.environment.OPENAI_API_BASE_URLS`,
			`"http://127.0.0.1:8082/v1;http://127.0.0.1:8090/v1;http://127.0.0.1:8011/v1"`,
		},
		"upstreams of what is on": {
			`{grafana: {}, typesense: {}, netdata: {port: 20000}, nginx: {}}`,
			`builtins.mapAttrs (_: u: builtins.attrNames u.servers) c.services.nginx.upstreams`,
			`{"grafana":["127.0.0.1:3001"],"netdata":["127.0.0.1:20000"],"typesense":["127.0.0.1:8108"]}`,
		},
		"an upgrade as root of a folder of a user's": {
			`{auto-upgrade: {flake: /home/ada/.config/nixos}}`,
			`[ c.system.autoUpgrade.flags c.programs.git.enable (builtins.match ".*\"safe\":.*\"/home/ada/.config/nixos\".*" (builtins.toJSON c.programs.git.config) != null) ]`,
			`[["--no-write-lock-file","--print-build-logs","--update-input","nixpkgs"],true,true]`,
		},
		"an upgrade from elsewhere": {
			`{auto-upgrade: {flake: "github:ada/machines", locked: true}}`,
			`[ c.system.autoUpgrade.flake c.system.autoUpgrade.flags c.programs.git.enable ]`,
			`["github:ada/machines",["--no-write-lock-file","--print-build-logs","--no-update-lock-file"],false]`,
		},
		"a backup over sftp": {
			`{restic: {backups: {data: {repository: "sftp:ada@nas:/b", passwordSecret: password, sshKeySecret: ssh-key, hostKey: ` + hostKey + `, paths: [/srv]}}}}`,
			`[ c.services.restic.backups.data.extraOptions c.environment.etc."restic/data.key".source c.programs.ssh.knownHosts.restic-data.publicKey ]`,
			`[["sftp.args='-i /etc/restic/data.key -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=yes -o HostKeyAlias=restic-data'"],
			  "/etc/secrets/ssh-key","` + hostKey + `"]`,
		},
		"a backup has its databases copied first": {
			`{postgresql: {}, forgejo: {}, grafana: {}, mlflow: {}, restic: {backups: {data: {repository: /mnt/b, passwordSecret: password, paths: [/var]}}}}`,
			`let u = c.systemd.services; s = u.sqlite-backup.script; in
			 [ u.restic-backups-data.wants u.restic-backups-data.after u.restic-backups-data.unitConfig.RequiresMountsFor
			   (map (f: lib.hasInfix f s) [ "/var/lib/forgejo/data/forgejo.db" "/var/lib/grafana/data/grafana.db" "/var/lib/mlflow/mlflow.db" "gitea" ]) ]`,
			`[["postgresqlBackup.service","sqlite-backup.service"],["postgresqlBackup.service","sqlite-backup.service"],"/mnt/b",[true,true,true,false]]`,
		},
		"a Grafana that was there": {
			`{grafana: {}}`,
			`map (x: lib.hasInfix x c.systemd.services.grafana.preStart) [ "data/grafana.db" "SW2YcwTIb9zpOOhoPsMm" ]`, `[true,true]`,
		},
		"a Grafana with a key of the profile's": {
			`{grafana: {encryptionKeySecret: password}}`,
			`lib.hasInfix "SW2YcwTIb9zpOOhoPsMm" c.systemd.services.grafana.preStart`, `false`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			flake := env.Flake(t, lay(t, generate(t, atlas(tc.services))), nil)
			var got, want any
			flake.EvalInto(t, "nixosConfigurations.atlas", `host: let c = host.config; inherit (host.pkgs) lib; in `+tc.expr, &got)
			if err := json.Unmarshal([]byte(tc.want), &want); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// What cannot work is refused where it is written, with what to write instead.
func TestServicesRefused(t *testing.T) {
	const sftp = `{restic: {backups: {data: {repository: "sftp:ada@nas:/b", passwordSecret: password, paths: [/srv]}}}}`
	for services, want := range map[string]string{
		`{auto-upgrade: {}}`:                           "nothing else tells the machine where this flake is",
		`{auto-upgrade: {flake: ~/nixos}}`:             "a folder such as /home/you/nixos",
		`{auto-upgrade: {flake: "github:a/b;reboot"}}`: "without blanks",
		sftp: "root and unattended",
		`{vllm: {flags: [--model=Qwen/Qwen3-4B]}}`:            "the keys model, port",
		`{vllm: {flags: [--max_model_len, "1"]}}`:             "the keys model, port",
		`{prometheus: {targets: {node: ["10.0.0.2:9100"]}}}`:  "refuses two of one name",
		`{ollama: {modelsDir: /home/ada/models}}`:             "which systemd hides from services",
		`{llama-cpp: {model: /root/m.gguf}}`:                  "which systemd hides from services",
		`{nginx: {sites: {a.example.org: {root: /tmp/x}}}}`:   "which systemd hides from services",
		`{nginx: {sites: {a.example.org: {root: /srv/a b}}}}`: "without blanks",
	} {
		_, err := load(t, atlas(services))
		var problems profile.Problems
		if !errors.As(err, &problems) || problems[0].Pos.Line != 8 {
			t.Errorf("%s: %v", services, err)
			continue
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\nlacks %q", services, err, want)
		}
	}
}

// A host with a release of its own updates the nixpkgs that it is built from.
func TestUpgradeOfAChannel(t *testing.T) {
	tree := generate(t, fstest.MapFS{"profile.yaml": {Data: []byte(`version: 1
release: "26.05"
groups: {canary: {release: unstable}}
defaults: {system: x86_64-linux, stateVersion: "26.05", services: {auto-upgrade: {flake: "github:a/b"}}}
hosts: {web-1: {}, web-2: {groups: [canary]}}
`)}})
	env := nixtest.New(t)
	got := map[string][]string{}
	env.Flake(t, lay(t, tree), nil).EvalInto(t, "nixosConfigurations",
		`builtins.mapAttrs (_: host: builtins.filter (f: builtins.match "nixpkgs.*" f != null) host.config.system.autoUpgrade.flags)`, &got)
	if diff := cmp.Diff(map[string][]string{"web-1": {"nixpkgs"}, "web-2": {"nixpkgs-canary"}}, got); diff != "" {
		t.Error(diff)
	}
}

func TestServiceNotices(t *testing.T) {
	for name, tc := range map[string]struct{ profile, want string }{
		"no card seen": {string(atlas(`{vllm: {}}`)["profile.yaml"].Data), "vllm needs an NVIDIA card"},
		"a proxy to a service by its address": {
			string(atlas(`{ollama: {}, nginx: {sites: {a.example.org: {proxy: "http://127.0.0.1:11434"}}}}`)["profile.yaml"].Data),
			"with service: ollama",
		},
		"a pin that the upgrade leaves": {`version: 1
pins: {nixpkgs: {rev: "0123456789012345678901234567890123456789", narHash: "sha256-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", lastModified: 1}}
host: {name: atlas, system: x86_64-linux, stateVersion: "26.05", services: {auto-upgrade: {flake: "github:a/b"}}}
`, "not the one that is pinned"},
	} {
		tree := generate(t, fstest.MapFS{"profile.yaml": {Data: []byte(tc.profile)}})
		if !slices.ContainsFunc(tree.Notices, func(n generator.Notice) bool { return strings.Contains(n.Text, tc.want) }) {
			t.Errorf("%s: %v", name, tree.Notices)
		}
	}
}

// What the schema says of a service's keys is so where the profile says nothing: the option that a key sets has its
// default, the option that switches the service on is on, and what expose opens to all addresses is on the loopback.
func TestServicesAreAsTheSchemaSays(t *testing.T) {
	want := map[string]any{}
	for name, n := range schemaRoot(t).Property("host").Property("services").All() {
		if n.Service.Enable != "" {
			want[n.Service.Enable] = true
		}
		for key, c := range n.All() {
			for _, r := range c.Rules {
				if r.Value == "0.0.0.0" {
					want[r.Option] = "127.0.0.1"
				}
				plain := r.As == "" && r.Value == nil && r.Map == nil && r.Each == nil && r.When == nil && r.Until == ""
				if c.Default == nil || r.Option == "" || !plain {
					continue
				}
				if strings.Contains(r.Option, "<") {
					t.Fatalf("services.%s.%s: a default below a map", name, key)
				}
				want[r.Option] = c.Default
			}
		}
	}
	// The command docker is Docker's here.
	maps.DeleteFunc(want, func(option string, _ any) bool { return strings.HasPrefix(option, "virtualisation.podman.docker") })
	options := slices.Sorted(maps.Keys(want))
	tree := generate(t, os.DirFS(filepath.Join(goldenDir, "all-services")))
	var got []any
	nixtest.New(t).Flake(t, lay(t, tree), nil).EvalInto(t, "nixosConfigurations.atlas.config",
		"c: [ (c."+strings.Join(options, " or null) (c.")+" or null) ]", &got)
	for i, option := range options {
		// What nothing sets is the program's own default.
		must := want[option] == true || want[option] == "127.0.0.1"
		if (got[i] != nil || must) && fmt.Sprint(got[i]) != fmt.Sprint(want[option]) {
			t.Errorf("%s is %v, the schema says %v", option, got[i], want[option])
		}
	}
	if len(options) < 100 {
		t.Errorf("%d options looked at", len(options))
	}
}

// Each key of a service that names a path on the machine says who makes the folder: its module (TestServices shows
// how), or somebody else.
func TestPathsOfServices(t *testing.T) {
	seen := 0
	var walk func(n *schema.Node, path string)
	walk = func(n *schema.Node, path string) {
		isPath := slices.Contains([]string{"absolute-path", "service-path", "flake-address"}, n.Format) ||
			strings.Contains(n.Pattern, "^/") || strings.Contains(n.Pattern, "^[~/]") || strings.Contains(n.Pattern, "^~?/") || strings.Contains(n.Pattern, "^(/")
		for _, r := range n.Rules {
			isPath = isPath || r.As == "path"
		}
		if isPath {
			seen++
			if n.Folder == "" {
				t.Errorf("services.%s names a path: x-folder has to say who makes the folder (schema/README.md)", path)
			}
		}
		for key, c := range n.All() {
			walk(c, path+"."+key)
		}
		if n.Additional != nil {
			walk(n.Additional, path+".<"+n.Key+">")
		}
		if n.Items != nil {
			walk(n.Items, path+"[]")
		}
	}
	for name, n := range schemaRoot(t).Property("host").Property("services").All() {
		walk(n, name)
	}
	if seen < 8 {
		t.Errorf("%d paths found", seen)
	}
}

// Two services that listen on one port are refused, and the hint is a port that is free.
func TestPortsAreTakenOnce(t *testing.T) {
	for host, want := range map[string]string{
		"services: {grafana: {port: 3000}, forgejo: {port: 3000}}":                              "forgejo: {port: 3001}",
		"users: {ada: {admin: true}}; services: {forgejo: {port: 3000}, grafana: {port: 3002}}": "",
		"services: {grafana: {port: 3003}, forgejo: {port: 3003}}":                              "port 3003 is taken twice; grafana and forgejo both listen on tcp port 3003",
	} {
		t.Run(host, func(t *testing.T) { made(t, host, want) })
	}
}
