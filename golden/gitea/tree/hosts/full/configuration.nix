# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/gitea.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking = {
    firewall.allowedTCPPorts = [
      # gitea
      3010
      2232
    ];
    hostName = "full";
  };

  services.gitea = {
    dump.enable = true;
    lfs.enable = false;
    settings = {
      actions.ENABLED = false;
      mailer.ENABLED = false;
      server = {
        DOMAIN = "git.example.org";
        HTTP_ADDR = "0.0.0.0";
        HTTP_PORT = 3010;
        ROOT_URL = "https://git.example.org/";
        SSH_LISTEN_HOST = "0.0.0.0";
        SSH_PORT = 2232;
      };
      service = {
        DISABLE_REGISTRATION = false;
        REQUIRE_SIGNIN_VIEW = true;
      };
      ui.DEFAULT_THEME = "gitea-dark";
    };
  };

  system.stateVersion = "26.05";
}
