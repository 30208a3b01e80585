{ pkgs, ... }:
{
  nixpkgs.hostPlatform = "x86_64-linux";
  networking.hostName = "atlas";
  networking.firewall.logRefusedConnections = false;

  nix = {
    channel.enable = false;
    settings = {
      experimental-features = [
        "nix-command"
        "flakes"
      ];
      auto-optimise-store = true;
      allowed-users = [
        "@users"
        "@wheel"
      ];
    };
    gc = {
      automatic = true;
      dates = "weekly";
      options = "--delete-older-than 30d";
    };
  };

  security = {
    polkit.enable = true;
    sudo.execWheelOnly = true;
  };

  console.font = "Lat2-Terminus16";
  environment.systemPackages = [ pkgs.git ];

  zramSwap = {
    enable = true;
    memoryPercent = 50;
    priority = 10;
  };
  boot.kernelParams = [ "zswap.enabled=0" ];
  boot.kernel.sysctl."vm.page-cluster" = 0;

  system.stateVersion = "26.05";
}
