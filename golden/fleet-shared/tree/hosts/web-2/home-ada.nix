# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ pkgs, ... }:
{
  imports = [ ../../modules/home/base.nix ];

  home = {
    homeDirectory = "/home/ada";
    packages = [ pkgs.vscode ];
    stateVersion = "26.05";
    username = "ada";
  };
}
