# Bans addresses that fail to log in three times, for an hour. nixpkgs' own jail watches sshd
# through the journal; there is no log file to read on NixOS.
{ config, lib, ... }:
{
  services.fail2ban = {
    enable = lib.mkDefault true;
    maxretry = lib.mkDefault 3;
    bantime = lib.mkDefault "1h";
    # The loopback is never banned; these are the private networks around the machine.
    ignoreIP = lib.mkDefault [ "192.168.1.0/24" ];
  };

  warnings = lib.optional (
    config.services.fail2ban.enable && !config.services.openssh.enable
  ) "fail2ban is on, but there is no sshd that it could protect.";
}
