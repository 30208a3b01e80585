# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/redis.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking = {
    firewall.allowedTCPPorts = [
      # redis
      6380
    ];
    hostName = "full";
  };

  services.redis.servers.default = {
    appendOnly = true;
    bind = "0.0.0.0";
    port = 6380;
    requirePassFile = "/etc/secrets/redis-password";
    save = [
      [
        3600
        1
      ]
      [
        60
        1000
      ]
    ];
    settings = {
      maxmemory = "2gb";
      maxmemory-policy = "volatile-lru";
    };
  };

  system.stateVersion = "26.05";
}
