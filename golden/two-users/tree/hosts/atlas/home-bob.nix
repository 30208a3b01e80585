# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [ ../../modules/home/base.nix ];

  home = {
    homeDirectory = "/home/bob";
    sessionVariables.PAGER = "less";
    stateVersion = "25.11";
    username = "bob";
  };
}
