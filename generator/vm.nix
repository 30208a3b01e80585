# What a virtual machine of quick-deploy vm has beside the host's own configuration. NixOS leaves out the disks,
# swap, LUKS and video driver of the real machine by itself (nixos/modules/virtualisation/qemu-vm.nix); what is
# here goes before what a configuration forces, as what is set there does.
machine:
{
  config,
  flake,
  lib,
  options,
  pkgs,
  ...
}:
let
  forVM = lib.mkOverride 10;

  # sops-nix would need the key of the real machine. Whoever reads one of its secrets finds a throwaway one in its place.
  sops = config.sops.secrets or { };
  secrets =
    lib.mapAttrs' (name: secret: {
      name = secret.path;
      value = machine.sops.${name} or "throwaway-${name}";
    }) sops
    // lib.mapAttrs' (_: template: {
      name = template.path;
      value = template.content; # with words in the place of secrets
    }) (lib.optionalAttrs (options.sops or { } ? templates) config.sops.templates)
    // machine.files;

  homes = flake.homeConfigurations;
in
{
  config = {
    users.users = lib.genAttrs machine.users (_: {
      password = forVM machine.password;
      hashedPassword = forVM null;
      hashedPasswordFile = forVM null;
      initialPassword = forVM null;
      initialHashedPassword = forVM null;
    });

    # Anybody may read them: no service runs as another account for it, and they are worth nothing. Links, since whether
    # NixOS escapes a text for tmpfiles depends on its release.
    systemd.tmpfiles.settings.throwaway-secrets = lib.mapAttrs' (path: text: {
      # NixOS writes it between single quotes, as it is.
      name = lib.replaceStrings [ "\\" "'" "%" ] [ "\\\\" "\\'" "%%" ] path;
      value."L+".argument = "${pkgs.writeText "throwaway-secret" text}";
    }) secrets;

    system.activationScripts = lib.mkIf (sops != { }) {
      setupSecrets = forVM "";
      setupSecretsForUsers = forVM "";
    };

    systemd.services = lib.mkMerge [
      (lib.mkIf (config.sops.useSystemdActivation or false) {
        sops-install-secrets.enable = forVM false;
        sops-install-secrets-for-users.enable = forVM false;
      })

      # As home-manager's own module for NixOS does it: before anybody logs in.
      (builtins.listToAttrs (
        map (user: {
          name = "throwaway-home-${user}";
          value = {
            description = "Home of ${user}";
            wantedBy = [ "multi-user.target" ];
            wants = [ "nix-daemon.socket" ];
            after = [ "nix-daemon.socket" ];
            before = [ "systemd-user-sessions.service" ];
            path = [ config.nix.package ];
            serviceConfig = {
              Type = "oneshot";
              RemainAfterExit = true;
              User = user;
              ExecStart = "${homes."${user}@${machine.host}".activationPackage}/activate";
            };
          };
        }) machine.homes
      ))

      # What comes from outside arrives on an address other than 127.0.0.1, where most services listen.
      (lib.mapAttrs' (guest: port: {
        name = "throwaway-page-${guest}";
        value = {
          description = "Way from outside to port ${toString port}";
          requires = [ "throwaway-page-${guest}.socket" ];
          after = [ "throwaway-page-${guest}.socket" ];
          serviceConfig = {
            DynamicUser = true;
            ExecStart = "${config.systemd.package}/lib/systemd/systemd-socket-proxyd 127.0.0.1:${toString port}";
          };
        };
      }) machine.pages)
    ];

    systemd.sockets = lib.mapAttrs' (guest: _: {
      name = "throwaway-page-${guest}";
      value = {
        wantedBy = [ "sockets.target" ];
        listenStreams = [ "0.0.0.0:${guest}" ];
      };
    }) machine.pages;

    # The one network card gets its address from QEMU.
    networking = {
      firewall.allowedTCPPorts = map lib.toInt (lib.attrNames machine.pages);
      interfaces = forVM { };
      bonds = forVM { };
      bridges = forVM { };
      vlans = forVM { };
      defaultGateway = forVM null;
      defaultGateway6 = forVM null;
      nameservers = forVM [ ];
      useDHCP = lib.mkIf (!(config.networking.networkmanager.enable or false)) (forVM true);
    };

    # Let's Encrypt limits how often it is asked in vain for the certificates of a domain. Self-signed ones remain.
    security.acme.defaults.server = forVM "https://127.0.0.1:1/nowhere";

    # QEMU loads the kernel itself.
    boot = {
      resumeDevice = forVM "";
      loader = {
        grub.enable = forVM false;
        systemd-boot.enable = forVM false;
      };
    }
    // lib.optionalAttrs (options.boot ? lanzaboote) { lanzaboote.enable = forVM false; };

    # It wants NVIDIA's driver.
    hardware = lib.optionalAttrs (options.hardware ? nvidia-container-toolkit) {
      nvidia-container-toolkit.enable = forVM false;
    };

    virtualisation.vmVariant.virtualisation = {
      inherit (machine) cores diskSize memorySize;
    };
  }
  // lib.optionalAttrs (options ? disko) { disko.enableConfig = forVM false; };
}
