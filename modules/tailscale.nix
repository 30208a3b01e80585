# A node of a Tailscale network. Without an auth key, join the network once with "tailscale up".
{ lib, ... }:
{
  services.tailscale.enable = lib.mkDefault true;
}
