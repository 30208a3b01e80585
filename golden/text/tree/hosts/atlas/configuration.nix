# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking.hostName = "atlas";

  users.users.ada = {
    description = "\${builtins.abort \"x\"} '' \\ \" | & ü 漢字";
    isNormalUser = true;
  };

  environment = {
    etc."a b.conf".text = "first ''\${line}\n  second\n";
    variables = {
      "\${z}" = "w";
      CR = "a\rb";
      LINES = ''
        one
        two
      '';
      TAB = "a\tb";
      "let" = "x";
      "with space" = "y";
    };
  };

  system.stateVersion = "26.05";
}
