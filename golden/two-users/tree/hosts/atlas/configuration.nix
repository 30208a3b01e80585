# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ lib, pkgs, ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking.hostName = "atlas";

  nixpkgs.config.allowUnfreePredicate = pkg: builtins.elem (lib.getName pkg) [ "discord" ];

  users.users = {
    ada = {
      extraGroups = [
        "networkmanager"
        "wheel"
        "video"
      ];
      isNormalUser = true;
      shell = pkgs.zsh;
    };
    bob = {
      isNormalUser = true;
      shell = pkgs.fish;
    };
    eve = {
      isNormalUser = true;
      uid = 1500;
    };
  };

  programs = {
    fish.enable = true;
    zsh.enable = true;
  };

  environment.systemPackages = [
    pkgs.ripgrep
    pkgs.kdePackages.kate
    # api: API development and load testing
    pkgs.grpcurl
    pkgs.httpie
    pkgs.k6
    (pkgs.python3.withPackages (ps: [
      ps.numpy
      ps.pandas
    ]))
    (pkgs.linkFarm "python-ai" {
      "bin/python-ai" = lib.getExe' (pkgs.python313.withPackages (ps: [ ps.torch ])) "python3";
    })
  ];

  system.stateVersion = "26.05";
}
