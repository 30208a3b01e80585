# A machine that runs on a battery.
{
  config,
  lib,
  options,
  ...
}:
let
  # nixos-hardware turns tlp on with mkDefault if the other is off.
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
      # Desktops in nixpkgs set these with mkDefault.
      enable = lib.mkOverride 900 true;
      # Surviving an empty battery takes a swap device that keeps its data without power.
      criticalPowerAction = lib.mkDefault (
        if config.swapDevices == [ ] then "PowerOff" else "HybridSleep"
      );
    };
    # NixOS accepts only one of them.
    power-profiles-daemon.enable = lib.mkOverride 900 (
      !lib.any chosen [
        "auto-cpufreq"
        "tlp"
        "tuned"
      ]
    );
  };

  networking.networkmanager = {
    # It refuses networks that wpa_supplicant manages.
    enable = lib.mkOverride 900 (config.networking.wireless.networks == { });
    wifi.powersave = lib.mkDefault true;
  };

  # NixOS 26.05 replaced extraConfig with settings.
  systemd.sleep =
    if options.systemd.sleep ? settings then
      { settings.Sleep.HibernateDelaySec = lib.mkDefault "2h"; }
    else
      { extraConfig = "HibernateDelaySec=2h"; };
}
