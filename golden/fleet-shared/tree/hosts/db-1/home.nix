# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ../../modules/home/base.nix
    ../../modules/home/git.nix
  ];

  home = {
    homeDirectory = "/home/ops";
    stateVersion = "26.05";
    username = "ops";
  };
}
