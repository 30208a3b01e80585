# A node of a Tailscale network. Without an auth key, join it once by "tailscale up".
{ lib, ... }:
{
  services.tailscale.enable = lib.mkDefault true;
}
