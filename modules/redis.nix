# Redis as a cache on the loopback: when its 512 MB are full the least recently used keys go, and
# the data survives a restart. A queue must not lose keys: it wants maxmemory-policy noeviction.
{ lib, ... }:
{
  services.redis.servers.default = {
    enable = lib.mkDefault true;
    bind = lib.mkDefault "127.0.0.1";
    port = lib.mkDefault 6379;
    # One choice: write to disk after 15 minutes with 1 change, 5 with 10, 1 with 10,000.
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
