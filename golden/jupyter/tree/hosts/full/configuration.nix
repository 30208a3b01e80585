# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/jupyter.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking = {
    firewall.allowedTCPPorts = [
      # jupyter
      8889
    ];
    hostName = "full";
  };

  services.jupyter = {
    ip = "0.0.0.0";
    notebookConfig = ''
      c.PasswordIdentityProvider.hashed_password = open('/run/credentials/jupyter.service/password').read().strip()
    '';
    notebookDir = "/srv/notebooks";
    port = 8889;
  };

  systemd.services.jupyter.serviceConfig.LoadCredential = [ "password:/etc/secrets/jupyter-hash" ];

  system.stateVersion = "26.05";
}
