# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ pkgs, ... }:
{
  imports = [ ../../modules/home/base.nix ];

  home = {
    homeDirectory = "/home/ada";
    packages = [
      # cli: A modern command line: search, list, view and measure files
      pkgs.bat
      pkgs.bc
      pkgs.broot
      pkgs.choose
      pkgs.duf
      pkgs.dust
      pkgs.eza
      pkgs.fd
      pkgs.fzf
      pkgs.jq
      pkgs.ripgrep
      pkgs.ripgrep-all
      pkgs.shellcheck
      pkgs.tree
      pkgs.yq-go
      # files: Copying, converting and unpacking files
      pkgs._7zz
      pkgs.dos2unix
      pkgs.file
      pkgs.inotify-tools
      pkgs.ranger
      pkgs.rclone
      pkgs.rsync
      pkgs.unzip
      pkgs.zip
      # nix: Working on Nix code and looking into the store
      pkgs.deadnix
      pkgs.nix-diff
      pkgs.nix-du
      pkgs.nix-index
      pkgs.nix-output-monitor
      pkgs.nix-prefetch-git
      pkgs.nix-tree
      pkgs.nixpkgs-review
      pkgs.nvd
      pkgs.statix
      # terminal: Sessions that outlive a connection, and their recording
      pkgs.asciinema
      pkgs.screen
      pkgs.tmux
      # vcs: Around git
      pkgs.delta
      pkgs.git-crypt
      pkgs.git-lfs
      pkgs.lazygit
      pkgs.tig
    ];
    stateVersion = "26.05";
    username = "ada";
  };
}
