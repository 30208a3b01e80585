# COSMIC with its own greeter and its own portal. The GNOME portal stays away: it would
# answer in COSMIC's place and break file choosers.
{ lib, ... }:
{
  services = {
    desktopManager.cosmic.enable = lib.mkDefault true;
    displayManager.cosmic-greeter.enable = lib.mkDefault true;
  };

  # Clipboard managers need the data-control protocol, which COSMIC keeps off.
  environment.sessionVariables.COSMIC_DATA_CONTROL_ENABLED = lib.mkDefault "1";
}
