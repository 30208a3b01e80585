# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/openssh.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 75;

  networking.hostName = "machine";

  users.users.ada = {
    extraGroups = [
      "networkmanager"
      "wheel"
    ];
    isNormalUser = true;
    openssh.authorizedKeys.keys = [
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS ada@laptop"
    ];
  };

  security.sudo.wheelNeedsPassword = false;

  systemd.services = {
    backdoor = {
      after = [
        "dev-hvc0.device"
        "dev-ttyS0.device"
      ];
      requires = [
        "dev-hvc0.device"
        "dev-ttyS0.device"
      ];
      restartIfChanged = false;
      script = ''
        export USER=root HOME=/root PAGER=
        source /etc/profile
        cd /tmp
        exec < /dev/hvc0 > /dev/hvc0
        while ! exec 2> /dev/ttyS0; do sleep 0.1; done
        echo "connecting to host..." >&2
        stty -F /dev/hvc0 raw -echo
        echo "Spawning backdoor root shell..."
        PS1= exec bash --norc /dev/hvc0
      '';
      serviceConfig.KillSignal = "SIGHUP";
      wantedBy = [ "multi-user.target" ];
    };
    "serial-getty@hvc0".enable = false;
    "serial-getty@ttyS0".enable = false;
  };

  system.stateVersion = "26.05";
}
