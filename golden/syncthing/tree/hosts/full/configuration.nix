# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/syncthing.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking.hostName = "full";

  users.users.ada = {
    extraGroups = [
      "networkmanager"
      "wheel"
    ];
    isNormalUser = true;
  };

  services.syncthing = {
    dataDir = "/home/ada";
    group = "users";
    guiAddress = "127.0.0.1:8385";
    guiPasswordFile = "/run/credentials/syncthing-init.service/gui-password";
    openDefaultPorts = true;
    overrideDevices = true;
    overrideFolders = true;
    settings = {
      devices.phone.id = "P56IOI7-MZJNU2Y-IQGDREY-DM2MGTI-MGL3BXN-PQ6W5BM-TBBZ4TJ-XZWICQ2";
      folders.documents = {
        devices = [ "phone" ];
        path = "~/Documents";
        type = "sendonly";
      };
    };
    user = "ada";
  };

  systemd.services.syncthing-init.serviceConfig.LoadCredential = [
    "gui-password:/etc/secrets/syncthing-gui"
  ];

  system.stateVersion = "26.05";
}
