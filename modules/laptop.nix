# A machine that runs on a battery.
{
  config,
  lib,
  options,
  ...
}:
let
  # Desktops of nixpkgs set these by mkDefault.
  ours = lib.mkOverride 900;
in
{
  services = {
    upower = {
      enable = ours true;
      # An empty battery can only be survived on a swap device that outlives power.
      criticalPowerAction = lib.mkDefault (
        if config.swapDevices == [ ] then "PowerOff" else "HybridSleep"
      );
    };
    power-profiles-daemon.enable = ours true;
  };

  networking.networkmanager = {
    enable = ours true;
    wifi.powersave = lib.mkDefault true;
  };

  # 26.05 turned extraConfig into settings.
  systemd.sleep =
    if options.systemd.sleep ? settings then
      { settings.Sleep.HibernateDelaySec = lib.mkDefault "2h"; }
    else
      { extraConfig = "HibernateDelaySec=2h"; };
}
