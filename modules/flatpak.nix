# Flatpak, and a unit that installs apps from Flathub for each user who logs in. It adds what is
# missing and never removes anything: an app that is no longer listed is reported, with the command
# that removes it.
{ config, lib, ... }:
let
  cfg = config.services.flatpak-apps;
  apps = lib.escapeShellArgs cfg.apps;
in
{
  options.services.flatpak-apps = {
    apps = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      description = "Ids of apps on Flathub.";
    };
    update = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = "Whether to bring the apps up to date at each login.";
    };
  };

  config = {
    services.flatpak.enable = lib.mkDefault true;

    systemd.user.services.flatpak-apps = {
      description = "Install the Flatpak apps of this machine";
      wantedBy = [ "default.target" ];
      unitConfig.ConditionUser = "!@system";
      path = [ config.services.flatpak.package ];
      script = ''
        known="$STATE_DIRECTORY/installed"
        touch "$known"
        flatpak remote-add --user --if-not-exists \
          flathub https://dl.flathub.org/repo/flathub.flatpakrepo

        failed=0
        for app in ${apps}; do
          if flatpak info "$app" > /dev/null 2>&1; then
            ${lib.optionalString cfg.update ''
              flatpak update --user --noninteractive "$app" || failed=1
            ''}
            continue
          fi
          if flatpak install --user --noninteractive --app flathub "$app"; then
            grep -qxF -- "$app" "$known" || printf '%s\n' "$app" >> "$known"
          else
            echo "$app could not be installed; trying again later." >&2
            failed=1
          fi
        done

        while read -r app; do
          if ! printf '%s\n' ${apps} | grep -qxF -- "$app" && flatpak info "$app" > /dev/null 2>&1; then
            echo "$app is no longer listed but stays installed; remove it with: flatpak uninstall --user $app"
          fi
        done < "$known"
        exit "$failed"
      '';
      serviceConfig = {
        Type = "oneshot";
        StateDirectory = "flatpak-apps";
        # There may be no network yet, or none today.
        Restart = "on-failure";
        RestartSec = 60;
        RestartSteps = 6;
        RestartMaxDelaySec = "1h";
      };
    };

    # A switch starts it for the users who are logged in.
    system.userActivationScripts.flatpak-apps = ''
      ${config.systemd.package}/bin/systemctl --user start --no-block flatpak-apps.service || true
    '';
  };
}
