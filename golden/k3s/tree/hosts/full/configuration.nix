# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/k3s.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking = {
    firewall = {
      allowedTCPPorts = [
        # k3s
        6443
        10250
      ];
      allowedUDPPorts = [
        # k3s
        8472
      ];
    };
    hostName = "full";
  };

  services.k3s = {
    extraFlags = [ "--node-ip=10.0.0.7" ];
    nodeLabel = [ "disk=ssd" ];
    role = "agent";
    serverAddr = "https://10.0.0.1:6443";
    tokenFile = "/etc/secrets/k3s-token";
  };

  system.stateVersion = "26.05";
}
