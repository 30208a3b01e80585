package nixtest

import (
	"strings"
	"testing"
)

// What a fleet's flake takes from other projects.
func TestOtherInputs(t *testing.T) {
	env := New(t)
	dir := t.TempDir()
	write(t, dir, "secrets.yaml", "sops: {}\n")
	write(t, dir, "flake.nix", `{
  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    sops-nix = { url = "github:Mic92/sops-nix"; inputs.nixpkgs.follows = "nixpkgs"; };
    disko = { url = "github:nix-community/disko"; inputs.nixpkgs.follows = "nixpkgs"; };
    nixos-hardware.url = "github:NixOS/nixos-hardware";
    colmena = { url = "github:zhaofengli/colmena"; inputs.nixpkgs.follows = "nixpkgs"; };
    deploy-rs = { url = "github:serokell/deploy-rs"; inputs.nixpkgs.follows = "nixpkgs"; };
  };
  outputs = { self, nixpkgs, sops-nix, disko, nixos-hardware, colmena, deploy-rs, ... }: {
    nixosConfigurations.web = nixpkgs.lib.nixosSystem {
      modules = [
        sops-nix.nixosModules.sops
        disko.nixosModules.disko
        nixos-hardware.nixosModules.common-pc-ssd
        ({ config, ... }: {
          nixpkgs.hostPlatform = "x86_64-linux";
          networking.hostName = "web";
          sops = { defaultSopsFile = ./secrets.yaml; secrets.token = { }; };
          services.tailscale.authKeyFile = config.sops.secrets.token.path;
          disko.devices.disk.main = {
            type = "disk";
            device = "/dev/vda";
            content = { type = "gpt"; partitions.root.content = { type = "filesystem"; format = "ext4"; mountpoint = "/"; }; };
          };
        })
      ];
    };
    colmena = {
      meta.nixpkgs = import nixpkgs { system = "x86_64-linux"; };
      web = { networking.hostName = "web"; deployment.tags = [ "front" ]; };
    };
    colmenaHive = colmena.lib.makeHive self.outputs.colmena;
    deploy.nodes.web = {
      hostname = "web.example.org";
      profiles.system = { user = "root"; path = deploy-rs.lib.x86_64-linux.activate.nixos self.nixosConfigurations.web; };
    };
    checks = builtins.mapAttrs (_: l: l.deployChecks self.deploy) deploy-rs.lib;
  };
}
`)
	flake := env.Flake(t, dir, nil)
	for attr, want := range map[string]string{
		"nixosConfigurations.web.config.services.tailscale.authKeyFile":         `"/run/secrets/token"`,
		`nixosConfigurations.web.config.fileSystems."/".device`:                 `"/dev/disk/by-partlabel/root"`,
		"nixosConfigurations.web.config.hardware.enableRedistributableFirmware": `true`,
		"colmenaHive.deploymentConfig.web.tags":                                 `["front"]`,
		"colmenaHive.nodes.web.config.networking.hostName":                      `"web"`,
		"deploy.nodes.web.hostname":                                             `"web.example.org"`,
		"checks.x86_64-linux.deploy-schema.name":                                `"deploy-schema"`,
	} {
		if got := strings.TrimSpace(string(flake.Eval(t, attr, ""))); got != want {
			t.Errorf("%s is %s, want %s", attr, got, want)
		}
	}
	profile := flake.Build(t, "deploy.nodes.web.profiles.system.path")
	if got := read(t, profile+"/deploy-rs-activate"); !strings.Contains(got, "switch-to-configuration switch") {
		t.Errorf("deploy-rs-activate holds %s", got)
	}
}
