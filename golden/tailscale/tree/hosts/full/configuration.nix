# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/tailscale.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking = {
    firewall = {
      allowedUDPPorts = [
        # tailscale
        41642
      ];
      trustedInterfaces = [ "tailscale0" ];
    };
    hostName = "full";
  };

  services.tailscale = {
    authKeyFile = "/etc/secrets/tailscale-auth-key";
    extraSetFlags = [
      "--ssh"
      "--advertise-exit-node"
    ];
    port = 41642;
    useRoutingFeatures = "server";
  };

  system.stateVersion = "26.05";
}
