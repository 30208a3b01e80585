# Metrics of this machine for a Prometheus here or elsewhere: processor, memory, disks, processes
# and units.
{ lib, ... }:
{
  services.prometheus.exporters.node = {
    enable = lib.mkDefault true;
    listenAddress = lib.mkDefault "127.0.0.1";
    # One choice: a host names all the collectors that it wants.
    enabledCollectors = lib.mkDefault [
      "cpu"
      "diskstats"
      "meminfo"
      "processes"
      "systemd"
    ];
  };
}
