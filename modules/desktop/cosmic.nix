# COSMIC with its own greeter and its own portal. The GNOME portal is left out: it would answer
# instead of COSMIC's and break file choosers.
{ lib, ... }:
{
  services = {
    desktopManager.cosmic.enable = lib.mkDefault true;
    displayManager.cosmic-greeter.enable = lib.mkDefault true;
  };

  # Clipboard managers need the data-control protocol, which COSMIC turns off by default.
  environment.sessionVariables.COSMIC_DATA_CONTROL_ENABLED = lib.mkDefault "1";
}
