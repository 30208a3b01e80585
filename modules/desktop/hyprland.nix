# Hyprland, run by uwsm as systemd units, with what its first session needs: a
# bar, a launcher, a terminal, a locker and a polkit agent.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (config.services.displayManager) autoLogin;
in
{
  programs = {
    hyprland = {
      enable = lib.mkDefault true;
      withUWSM = lib.mkDefault true;
    };
    hyprlock.enable = lib.mkDefault true;
    waybar.enable = lib.mkDefault true;
  };

  services = {
    greetd = lib.mkIf (config.lib.desktop.greeter == "greetd") {
      enable = lib.mkDefault true;
      useTextGreeter = lib.mkDefault true;
      settings = {
        default_session.command = lib.mkDefault (
          lib.concatStringsSep " " [
            (lib.getExe pkgs.tuigreet)
            "--time"
            "--remember"
            "--remember-session"
            "--sessions ${config.services.displayManager.sessionData.desktops}/share/wayland-sessions"
          ]
        );
        # greetd does not support services.displayManager.autoLogin.
        initial_session = lib.mkIf autoLogin.enable {
          inherit (autoLogin) user;
          command = lib.mkDefault "${lib.getExe config.programs.uwsm.package} start hyprland.desktop";
        };
      };
    };
    # Other desktops and images in nixpkgs set these with mkDefault.
    blueman.enable = lib.mkOverride 900 true;
    gnome.gnome-keyring.enable = lib.mkOverride 900 true;
    gvfs.enable = lib.mkOverride 900 true;
    hypridle.enable = lib.mkDefault true;
    power-profiles-daemon.enable = lib.mkOverride 900 true;
    udisks2.enable = lib.mkOverride 900 true;
    upower.enable = lib.mkOverride 900 true;
  };

  hardware.bluetooth.enable = lib.mkOverride 900 true;

  # Hyprland's portal has no file chooser.
  xdg.portal.extraPortals = [ pkgs.xdg-desktop-portal-gtk ];

  environment.systemPackages = [
    pkgs.brightnessctl
    pkgs.grim
    pkgs.hyprpolkitagent
    pkgs.kitty
    pkgs.mako
    pkgs.networkmanagerapplet
    pkgs.playerctl
    pkgs.slurp
    pkgs.wl-clipboard
    pkgs.wofi
  ];

  systemd = {
    packages = [ pkgs.hyprpolkitagent ];
    user.services =
      let
        # Another desktop on the same machine has its own helpers.
        onlyHere.unitConfig.ConditionEnvironment = "XDG_CURRENT_DESKTOP=Hyprland";
      in
      {
        hypridle = onlyHere;
        hyprpolkitagent = onlyHere // {
          wantedBy = [ "graphical-session.target" ];
        };
        waybar = onlyHere;
      };
  };
}
