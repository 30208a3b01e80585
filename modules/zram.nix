# Compressed swap in memory. Each host sets its size in percent of the memory.
{ config, lib, ... }:
{
  zramSwap = {
    enable = lib.mkDefault true;
    # Higher than any disk, so that zram fills first.
    priority = lib.mkDefault 10;
  };

  boot = {
    # zswap in front of zram would compress every page twice.
    kernelParams = lib.mkIf config.zramSwap.enable [ "zswap.enabled=0" ];
    # Read-ahead pays off on disks, not in memory.
    kernel.sysctl."vm.page-cluster" = lib.mkIf config.zramSwap.enable (lib.mkDefault 0);
  };

  assertions = [
    {
      assertion = !(config.zramSwap.enable && config.boot.zswap.enable or false);
      message = "zramSwap and boot.zswap both compress swapped pages; choose one of them.";
    }
  ];
}
