# A machine that runs on a battery.
{
  config,
  lib,
  options,
  ...
}:
{
  services = {
    upower = {
      # Desktops of nixpkgs set these by mkDefault.
      enable = lib.mkOverride 900 true;
      # An empty battery can only be survived on a swap device that outlives power.
      criticalPowerAction = lib.mkDefault (
        if config.swapDevices == [ ] then "PowerOff" else "HybridSleep"
      );
    };
    power-profiles-daemon.enable = lib.mkOverride 900 true;
  };

  networking.networkmanager = {
    enable = lib.mkOverride 900 true;
    wifi.powersave = lib.mkDefault true;
  };

  # 26.05 turned extraConfig into settings.
  systemd.sleep =
    if options.systemd.sleep ? settings then
      { settings.Sleep.HibernateDelaySec = lib.mkDefault "2h"; }
    else
      { extraConfig = "HibernateDelaySec=2h"; };
}
