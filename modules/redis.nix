# Redis as a cache on the loopback: when its 512 MB are full, the least recently used keys are
# evicted; the data survives a restart. A queue must not lose keys: set maxmemory-policy noeviction.
{ lib, ... }:
{
  services.redis.servers.default = {
    enable = lib.mkDefault true;
    port = lib.mkDefault 6379;
    settings = {
      maxmemory = lib.mkDefault "512mb";
      maxmemory-policy = lib.mkDefault "allkeys-lru";
    };
  };
}
