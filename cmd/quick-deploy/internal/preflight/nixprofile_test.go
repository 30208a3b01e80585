package preflight

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/schema"
)

const (
	rg        = "/nix/store/abcdfghijklmnpqrsvwxyz0123456789-ripgrep-14.1.1"
	attribute = "legacyPackages.x86_64-linux.ripgrep"
	inProfile = "home/ada/.nix-profile/manifest.json"
)

// Manifests as nix profile has written them since 2.4, 2.9 and 2.20, and as nix-env does.
var manifests = map[string]string{
	"version 1": `{"version": 1, "elements": [
		{"active": true, "attrPath": "` + attribute + `", 
		"uri": "github:NixOS/nixpkgs/13d0c3", "storePaths": ["` + rg + `"]}]}`,
	"version 2": `{"version": 2, "elements": [
		{"active": true, "attrPath": "` + attribute + `", "priority": 5, 
		"url": "github:NixOS/nixpkgs/13d0c3", "storePaths": ["` + rg + `"]}]}`,
	"version 3": `{"version": 3, "elements": {
		"ripgrep": {"active": true, "attrPath": "` + attribute + `", "priority": 5, 
		"url": "github:NixOS/nixpkgs/13d0c3", "storePaths": ["` + rg + `"]}}}`,
	"by its path": `{"version": 3, "elements": {"tools": {"active": true, "priority": 5, "storePaths": ["` + rg + `"]}}}`,
}

const envManifest = `[ { meta = { outputsToInstall = [ "out" ]; }; name = "ripgrep-14.1.1"; ` +
	`out = { outPath = "` + rg + `"; }; outPath = "` + rg + `"; outputs = [ "out" ]; type = "derivation"; } ]`

func TestHomePackages(t *testing.T) {
	home := func(user string, packages ...string) []Home {
		return []Home{{User: user, Dir: "/home/" + user, Packages: packages}}
	}
	ada, built := home("ada", "home-manager", "ripgrep"), []Home{{User: "ada", Dir: "/home/ada", Path: "env"}}
	for name, c := range map[string]struct {
		files map[string]string
		homes []Home
		fix   string // "": nothing is found
	}{
		"version 1":   {map[string]string{inProfile: manifests["version 1"]}, ada, "nix profile remove " + attribute},
		"version 2":   {map[string]string{inProfile: manifests["version 2"]}, ada, "nix profile remove " + attribute},
		"version 3":   {map[string]string{inProfile: manifests["version 3"]}, ada, "nix profile remove ripgrep, as ada"},
		"by its path": {map[string]string{"home/ada/.local/state/nix/profiles/profile/manifest.json": manifests["by its path"]}, ada, "nix profile remove tools"},
		"nix-env":     {map[string]string{"home/ada/.nix-profile/manifest.nix": envManifest}, ada, "nix-env --uninstall ripgrep,"},
		"a link that leads out": {map[string]string{
			"home/ada/.nix-profile": "-> /home/ada/.local/state/nix/profiles/profile", "home/ada/.local/state/nix/profiles/profile/manifest.json": manifests["version 3"],
		}, ada, "nix profile remove ripgrep"},

		"no profile":     {nil, ada, ""},
		"other packages": {map[string]string{inProfile: manifests["version 3"]}, home("ada", "ripgrep-all"), ""},
		"another user":   {map[string]string{inProfile: manifests["version 3"]}, home("bob", "ripgrep"), ""},
		"another priority": {map[string]string{
			inProfile: strings.Replace(manifests["version 3"], `"priority": 5`, `"priority": 6`, 1),
		}, ada, ""},
		"not active": {map[string]string{inProfile: strings.Replace(manifests["version 2"], `"active": true`, `"active": false`, 1)}, ada, ""},
		"the home itself": {map[string]string{
			inProfile: strings.ReplaceAll(manifests["by its path"], "ripgrep-14.1.1", "home-manager-path"),
		}, home("ada", "home-manager-path"), ""},
		"not JSON": {map[string]string{inProfile: "{"}, ada, ""},

		"built, the same file": {map[string]string{
			inProfile: manifests["by its path"], rg[1:] + "/bin/rg": "", "env/bin/rg": "",
		}, built, "nix profile remove tools"},
		"built, other files": {map[string]string{
			inProfile: manifests["version 3"], rg[1:] + "/bin/rg": "", rg[1:] + "/nix-support/x": "",
			"env/bin/fd": "", "env/nix-support/x": "",
		}, built, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m, tg := fixture(t, with(c.files)), good()
			for _, h := range c.homes {
				if h.Path != "" {
					h.Path = m.path(h.Path)
				}
				tg.Homes = append(tg.Homes, h)
			}
			r, err := Run(t.Context(), m, tg, Options{Acting: true, Only: []string{"home-packages"}})
			if err != nil || (len(r.Blockers()) == 1) != (c.fix != "") || len(r.Findings) > 1 {
				t.Fatalf("%v: %+v", err, r)
			}
			if c.fix != "" && !strings.Contains(r.Findings[0].Fix, c.fix) {
				t.Errorf("%+v", r.Findings[0])
			}
		})
	}
}

// The unit of a service as NixOS has it: its script is a file of its own, which
// names the configuration file.
func running(key string) map[string]string {
	return map[string]string{
		"etc/systemd/system/grafana.service":                      "[Service]\nExecStart=/nix/store/1-unit-script-grafana-start/bin/grafana-start\n",
		"nix/store/1-unit-script-grafana-start/bin/grafana-start": "#!/bin/sh\nexec /nix/store/2-grafana/bin/grafana server -homepath /var/lib/grafana -config /nix/store/3-config.ini\n",
		"nix/store/3-config.ini":                                  "[security]\nadmin_user=admin\nsecret_key=" + key + "\n",
	}
}

func TestKeys(t *testing.T) {
	const ours, secret, known = "$__file{/var/lib/grafana/secret-key}", "$__file{/run/credentials/grafana.service/secret-key}", "the one that it came with"
	data := map[string]string{"var/lib/grafana/data/grafana.db": "x"}
	join := func(maps ...map[string]string) map[string]string {
		out := map[string]string{}
		for _, m := range maps {
			for k, v := range m {
				out[k] = v
			}
		}
		return out
	}
	for name, c := range map[string]struct {
		files  map[string]string
		key    string
		closed bool // what is below /var/lib/grafana cannot be seen
		want   string
	}{
		"a machine from before 26.05":      {join(data, running(known)), ours, false, "encrypted with the key of the running system"},
		"the same, not to be seen":         {join(data, running(known)), ours, true, "encrypted with the key of the running system"},
		"a secret where there was a file":  {join(data, running(ours)), secret, false, "encrypted with the key of the running system"},
		"another secret":                   {join(data, running("$__file{/run/secrets/old}")), secret, false, "the running system"},
		"data of a service that is off":    {data, ours, false, "encrypted with a key that is not known here"},
		"the same, and a secret":           {data, secret, false, "not known here"},
		"nothing yet":                      {nil, ours, false, ""},
		"the service runs and has no data": {running(known), ours, false, ""},
		"the key that this program made":   {join(data, map[string]string{"var/lib/grafana/secret-key": "k"}), ours, false, ""},
		"deployed by this program":         {join(data, running(ours)), ours, false, ""},
		"deployed by it, not to be seen":   {join(data, running(ours)), ours, true, ""},
		"deployed by it with a secret":     {join(data, running(secret)), secret, true, ""},
		"a value that is not known":        {join(data, running(known)), "", false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m, tg := fixture(t, with(c.files)), good()
			if c.closed {
				if os.Getuid() == 0 {
					t.Skip("root sees all")
				}
				dir := filepath.Join(m.Root, "var/lib/grafana")
				if err := os.Chmod(dir, 0); err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
			}
			tg.Services = []generator.Service{{Name: "grafana", Key: c.key, Info: &schema.Service{Encryption: &schema.Encryption{
				Data: "/var/lib/grafana/data/grafana.db", Setting: "secret_key", Default: ours, File: "/var/lib/grafana/secret-key",
			}}}}
			r, err := Run(t.Context(), m, tg, Options{Acting: true, Only: []string{"keys"}})
			if err != nil || (len(r.Blockers()) == 1) != (c.want != "") {
				t.Fatalf("%v: %+v", err, r)
			}
			if c.want != "" && !strings.Contains(r.Findings[0].What, c.want) {
				t.Errorf("%+v", r.Findings[0])
			}
		})
	}
}
