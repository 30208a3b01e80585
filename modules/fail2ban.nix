# Bans addresses that fail to log in three times, for an hour. The jail of nixpkgs watches sshd
# through the journal; NixOS has no log file to read.
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
