package nixtest

import (
	"strings"
	"testing"
)

// system is an expression for the machine that modules make.
func system(env *Env, t *testing.T, modules string) string {
	nixpkgs, _ := env.StandIn(t)
	return `let
  lib = import ` + nixpkgs + `/lib;
  machine = import ` + nixpkgs + `/nixos/eval-config.nix {
    inherit lib;
    specialArgs = { extra = "from outside"; };
    modules = [ { nixpkgs.hostPlatform = "x86_64-linux"; } ` + modules + ` ];
  };
  inherit (machine) config options pkgs;
in `
}

func TestModuleSystem(t *testing.T) {
	Each(t, func(t *testing.T, env *Env) {
		for name, tc := range map[string]struct{ modules, expr, want string }{
			"priorities": {
				`({ lib, ... }: { networking.hostName = lib.mkDefault "low"; }) { networking.hostName = "mid"; }
				 ({ lib, ... }: { time.timeZone = lib.mkForce "Europe/Berlin"; }) { time.timeZone = "UTC"; }`,
				`[ config.networking.hostName config.time.timeZone config.services.openssh.enable ]`,
				`["mid","Europe/Berlin",false]`,
			},
			"lists keep the order of imports": {
				`({ lib, ... }: {
				   imports = [ { boot.kernelParams = [ "imported" ]; } ];
				   boot.kernelParams = lib.mkMerge [ [ "own" ] (lib.mkBefore [ "first" ]) (lib.mkAfter [ "last" ]) (lib.mkIf false [ "never" ]) ];
				 })`,
				`config.boot.kernelParams`,
				`["first","imported","own","last"]`,
			},
			"a condition on a sibling": {
				`({ config, lib, ... }: { services = lib.mkIf config.services.redis.vmOverCommit { openssh.enable = true; }; })`,
				`config.services.openssh.enable`,
				`true`,
			},
			"the last module comes first": { // surprising, but so it is in NixOS
				`{ networking.extraHosts = "a"; } { networking.extraHosts = "b"; }`,
				`config.networking.extraHosts`,
				`"b\na"`,
			},
			"submodules": {
				`{ services.nginx.virtualHosts."a.b".locations."/" = { proxyPass = "http://x"; }; } { services.nginx.virtualHosts."a.b".forceSSL = true; }`,
				`let h = config.services.nginx.virtualHosts."a.b"; in [ h.forceSSL h.enableACME h.locations."/".proxyPass h.locations."/".index ]`,
				`[true,false,"http://x",null]`,
			},
			"free-form settings": {
				`({ lib, ... }: { services.postgresql.settings.work_mem = lib.mkDefault "1MB"; }) { services.postgresql.settings = { work_mem = "2MB"; max_connections = 10; }; }`,
				`{ inherit (config.services.postgresql.settings) work_mem max_connections; }`,
				`{"max_connections":10,"work_mem":"2MB"}`,
			},
			"options can be asked for": {
				`({ options, lib, ... }: { networking.domain = if options.services.openssh ? enable && !(options.services ? nothing) then "yes" else "no"; })`,
				`[ config.networking.domain options.services.openssh.enable.isDefined options.networking.domain.highestPrio ]`,
				`["yes",true,100]`,
			},
			"arguments": {
				`({ pkgs, extra, config, ... }: { networking.domain = extra; _module.args.mine = pkgs.git.pname; }) ({ mine, ... }: { networking.hostName = mine; })`,
				`[ config.networking.domain config.networking.hostName ]`,
				`["from outside","git"]`,
			},
			"an option of one's own": {
				`({ config, lib, ... }: { options.mine.port = lib.mkOption { type = lib.types.port; default = 80; }; config.networking.firewall.allowedTCPPorts = [ config.mine.port ]; }) { mine.port = 81; }`,
				`config.networking.firewall.allowedTCPPorts`,
				`[81]`,
			},
			"what files define": {
				`{ _file = "a"; users.users.ada = { isNormalUser = true; extraGroups = [ "wheel" ]; shell = null; }; users.users.bob = { }; }
				 { _file = "b"; users.users.ada.extraGroups = [ "docker" ]; }
				 ({ lib, ... }: { _file = "c"; services.loki.configuration.server = { http_listen_port = lib.mkDefault 1; hidden = lib.mkIf false 2; }; })
				 { _file = "d"; services.loki.configuration.server.http_listen_port = 3; }`,
				`map (l: "${lib.options.showOption l.loc} = ${lib.options.showDeep (-1) l.value} # ${toString l.files}")
				   (lib.filter (l: lib.any (f: lib.elem f [ "a" "b" "c" "d" ]) l.files) machine.leaves)`,
				`["services.loki.configuration.server.http_listen_port = 3 # d",` +
					`"users.users.ada.extraGroups = [ \"docker\" \"wheel\" ] # b a","users.users.ada.isNormalUser = true # a",` +
					`"users.users.ada.shell = null # a","users.users.bob = { } # a"]`,
			},
			"a family that no table knows": {
				`({ lib, ... }: { services.teapot = { enable = lib.mkDefault true; config.PORT = lib.mkDefault 1; }; })
				 { services.teapot.config.PORT = 2; }`,
				`[ config.services.teapot.enable config.services.teapot.config.PORT ]`,
				`[true,2]`,
			},
			"overlays and unfree packages": {
				`({ lib, ... }: { nixpkgs.overlays = [ (final: prev: { mine = prev.git; }) ]; nixpkgs.config.allowUnfreePredicate = pkg: lib.getName pkg == "vscode"; })`,
				`[ pkgs.mine.pname (pkgs.vscode.drvPath != "") (builtins.tryEval pkgs.steam.outPath).success ]`,
				`["git",true,false]`,
			},
		} {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				got := strings.TrimSpace(string(env.Eval(t, system(env, t, tc.modules)+tc.expr)))
				if got != tc.want {
					t.Errorf("got %s, want %s", got, tc.want)
				}
			})
		}
	})
}

// The texts are NixOS's own: what maps them back to a profile relies on them.
func TestModuleErrors(t *testing.T) {
	env := New(t)
	toplevel := "config.system.build.toplevel.drvPath"
	for name, tc := range map[string]struct {
		modules, expr string
		want          []string
	}{
		"unknown option": {
			`{ _file = "/x/conf.nix"; services.opensshd.enable = true; }`, toplevel,
			[]string{"The option `services.opensshd' does not exist. Definition values:", "- In `/x/conf.nix': { enable = true; }", "Did you mean `services.openssh'?"},
		},
		"unknown option behind a condition": {
			`({ lib, ... }: { services.nginx = lib.mkIf false { nope = 1; }; })`, toplevel,
			[]string{"The option `services.nginx.nope' does not exist"},
		},
		"unknown option of a submodule": {
			`{ users.users.ada.shel = "/bin/sh"; }`, toplevel,
			[]string{"The option `users.users.ada.shel' does not exist"},
		},
		"type": {
			`{ _file = "/x/conf.nix"; services.openssh.enable = "yes"; }`, "config.services.openssh.enable",
			[]string{"A definition for option `services.openssh.enable' is not of type `boolean'. Definition values:", "- In `/x/conf.nix': \"yes\""},
		},
		"type of an element": {
			`{ services.openssh.ports = [ 22 70000 ]; }`, "config.services.openssh.ports",
			[]string{"is not of type `16 bit unsigned integer; between 0 and 65535 (both inclusive)'", "[definition 1-entry 2]"},
		},
		"conflict": {
			`{ _file = "/a"; networking.hostName = "a"; } { _file = "/b"; networking.hostName = "b"; }`, "config.networking.hostName",
			[]string{"The option `networking.hostName' has conflicting definition values:", "- In `/a': \"a\"", "lib.mkForce"},
		},
		"no value": {
			`{ }`, "config.services.postgresql.dataDir",
			[]string{"The option `services.postgresql.dataDir' was accessed but has no value defined"},
		},
		"assertion": {
			`{ assertions = [ { assertion = false; message = "the sky is down"; } ]; }`, toplevel,
			[]string{"Failed assertions:\n", "- the sky is down"},
		},
		"unfree": {
			`({ pkgs, ... }: { environment.systemPackages = [ pkgs.steam ]; })`, toplevel,
			[]string{"has an unfree license (‘unfree’), refusing to evaluate"},
		},
		"missing package": {
			`({ pkgs, ... }: { environment.systemPackages = [ pkgs.no-such-thing ]; })`, toplevel,
			[]string{"attribute 'no-such-thing' missing"},
		},
		"config beside options": {
			`{ options = { }; networking.hostName = "a"; }`, toplevel,
			[]string{"has an unsupported attribute `networking'"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := env.TryEval(t.Context(), system(env, t, tc.modules)+tc.expr)
			if err == nil {
				t.Fatal("no error")
			}
			text := squeeze(err.Error())
			for _, want := range tc.want {
				if !strings.Contains(text, squeeze(want)) {
					t.Errorf("got %s\nwant %s", err, want)
				}
			}
		})
	}
}

// squeeze makes one space of each run of them: Nix indents the lines of a message.
func squeeze(s string) string { return strings.Join(strings.Fields(s), " ") }

// Two definitions of one priority that NixOS would refuse are refused here: one of NixOS's own config, one of a module.
func TestDefinitionsOfNixOSClash(t *testing.T) {
	env := New(t)
	for name, tc := range map[string]struct{ modules, option, file string }{
		"a package that a service defaults to": {
			`({ lib, pkgs, ... }: { _file = "/x/postgresql.nix"; services.postgresql = { enable = true; package = lib.mkDefault pkgs.postgresql_16; }; })`,
			"services.postgresql.package", "nixos/modules/services/databases/postgresql.nix",
		},
		"what every machine has": {
			`({ lib, ... }: { _file = "/x/postgresql.nix"; environment.variables.EDITOR = lib.mkDefault "vim"; })`,
			"environment.variables.EDITOR", "nixos/modules/programs/environment.nix",
		},
		"a kernel parameter": {
			`({ lib, ... }: { _file = "/x/postgresql.nix"; boot.kernel.sysctl."vm.max_map_count" = lib.mkDefault 262144; })`,
			`boot.kernel.sysctl."vm.max_map_count"`, "nixos/modules/config/sysctl.nix",
		},
		"an equal value, for now": {
			`({ lib, ... }: { _file = "/x/postgresql.nix"; programs.zsh = { enable = true; shellAliases.l = lib.mkDefault "ls -alh"; }; })`,
			"programs.zsh.shellAliases.l", "nixos/modules/programs/zsh/zsh.nix",
		},
		"a unit's own setting": {
			`{ _file = "/x/postgresql.nix"; services.nginx.enable = true; systemd.services.nginx.serviceConfig.User = "web"; }`,
			"systemd.services.nginx.serviceConfig.User", "nixos/modules/services/web-servers/nginx/default.nix",
		},
		"the unit of one of several servers": {
			`({ lib, ... }: {
			   _file = "/x/postgresql.nix";
			   services.redis.servers.default.enable = true;
			   systemd.services.redis-default.serviceConfig.LimitNOFILE = lib.mkDefault "99";
			 })`,
			"systemd.services.redis-default.serviceConfig.LimitNOFILE", "nixos/modules/services/databases/redis.nix",
		},
		"a container": {
			`({ lib, ... }: { _file = "/x/postgresql.nix"; boot.isContainer = true; nix.optimise.automatic = lib.mkDefault true; })`,
			"nix.optimise.automatic", "nixos/modules/virtualisation/container-config.nix",
		},
		"a profile": {
			`({ lib, modulesPath, ... }: {
			   _file = "/x/postgresql.nix"; imports = [ (modulesPath + "/profiles/minimal.nix") ]; xdg.icons.enable = lib.mkDefault true;
			 })`,
			"xdg.icons.enable", "nixos/modules/profiles/minimal.nix",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := env.TryEval(t.Context(), system(env, t, tc.modules)+"config."+tc.option)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range []string{"The option `" + tc.option + "'", "- In `/x/postgresql.nix'", "- In `" + tc.file + "'"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v\nwant %s", err, want)
				}
			}
		})
	}
}
