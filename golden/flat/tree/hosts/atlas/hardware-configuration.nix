{ ... }:
{
  nixpkgs.hostPlatform = "aarch64-linux";
}
