# Syncthing with its page on the loopback. Devices and folders that a profile names are added to
# those that were set up in the page.
{ lib, ... }:
{
  services.syncthing = {
    enable = lib.mkDefault true;
    guiAddress = lib.mkDefault "127.0.0.1:8384";
    openDefaultPorts = lib.mkDefault false;
    overrideDevices = lib.mkDefault false;
    overrideFolders = lib.mkDefault false;
    # Decline usage reports.
    settings.options.urAccepted = lib.mkDefault (-1);
  };
}
