# Redis as a cache and message queue on the loopback: 512 MB, the least recently used keys go
# first, and the data survives a restart.
{ lib, ... }:
{
  services.redis.servers.default = {
    enable = lib.mkDefault true;
    bind = lib.mkDefault "127.0.0.1";
    port = lib.mkDefault 6379;
    # Write to disk after 15 minutes with 1 change, 5 with 10, 1 with 10,000.
    save = lib.mkDefault [
      [
        900
        1
      ]
      [
        300
        10
      ]
      [
        60
        10000
      ]
    ];
    settings = {
      maxmemory = lib.mkDefault "512mb";
      maxmemory-policy = lib.mkDefault "allkeys-lru";
    };
  };
}
