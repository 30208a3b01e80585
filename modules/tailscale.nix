# A node of a Tailscale network. Without an auth key, join it once by "tailscale up".
{ lib, ... }:
{
  services.tailscale = {
    enable = lib.mkDefault true;
    # Direct connections need no open port; opening UDP 41641 only makes them likelier.
    openFirewall = lib.mkDefault false;
    useRoutingFeatures = lib.mkDefault "none";
  };
}
