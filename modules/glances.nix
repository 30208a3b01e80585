# Glances as a page on the loopback: what top shows, in a browser.
{ lib, ... }:
{
  services.glances = {
    enable = lib.mkDefault true;
    port = lib.mkDefault 61208;
    # One choice: an address can be bound once.
    extraArgs = lib.mkDefault [
      "--webserver"
      "--bind"
      "127.0.0.1"
      "--disable-check-update"
    ];
  };
}
