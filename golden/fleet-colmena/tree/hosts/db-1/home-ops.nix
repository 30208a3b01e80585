# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ config, lib, ... }:
{
  imports = [
    ../../modules/home/base.nix
    ../../modules/home/git.nix
    ../../modules/home/zsh.nix
  ];

  home = {
    homeDirectory = "/home/ops";
    sessionVariables.QUICK_DEPLOY_FLAKE = lib.mkDefault "${config.xdg.configHome}/nixos";
    stateVersion = "26.05";
    username = "ops";
  };

  programs.zsh.shellAliases = {
    hms = lib.mkDefault "home-manager switch --flake \"$QUICK_DEPLOY_FLAKE#ops@db-1\"";
    nfc = lib.mkDefault "nix flake check \"$QUICK_DEPLOY_FLAKE\"";
    nfd = lib.mkDefault "nix develop \"$QUICK_DEPLOY_FLAKE\"";
    nfu = lib.mkDefault "nix flake update --flake \"$QUICK_DEPLOY_FLAKE\"";
    nrb = lib.mkDefault "nixos-rebuild build --flake \"$QUICK_DEPLOY_FLAKE#db-1\"";
    nrs = lib.mkDefault "nixos-rebuild switch --sudo --flake \"$QUICK_DEPLOY_FLAKE#db-1\"";
    nrt = lib.mkDefault "nixos-rebuild test --sudo --flake \"$QUICK_DEPLOY_FLAKE#db-1\"";
  };
}
