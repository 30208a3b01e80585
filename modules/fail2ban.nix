# Bans addresses that fail to log in three times, for an hour. nixpkgs' own jail watches sshd
# through the journal; there is no log file to read on NixOS.
{ config, lib, ... }:
{
  services.fail2ban = {
    enable = lib.mkDefault true;
    bantime = lib.mkDefault "1h";
  };

  warnings = lib.optional (
    config.services.fail2ban.enable && !config.services.openssh.enable
  ) "fail2ban is on, but there is no sshd that it could protect.";
}
