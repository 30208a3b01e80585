# A machine that runs on a battery.
{
  config,
  lib,
  options,
  ...
}:
let
  # nixos-hardware turns tlp on, by mkDefault, where the other is off.
  chosen =
    name:
    let
      enable = options.services.${name}.enable;
    in
    options.services ? ${name} && enable.highestPrio < 1000 && enable.value;
in
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
    # NixOS takes one of them only.
    power-profiles-daemon.enable = lib.mkOverride 900 (
      !lib.any chosen [
        "auto-cpufreq"
        "tlp"
        "tuned"
      ]
    );
  };

  networking.networkmanager = {
    # It refuses networks that are wpa_supplicant's.
    enable = lib.mkOverride 900 (config.networking.wireless.networks == { });
    wifi.powersave = lib.mkDefault true;
  };

  # 26.05 turned extraConfig into settings.
  systemd.sleep =
    if options.systemd.sleep ? settings then
      { settings.Sleep.HibernateDelaySec = lib.mkDefault "2h"; }
    else
      { extraConfig = "HibernateDelaySec=2h"; };
}
