# A modern command line: fuzzy search, a better ls, cat, cd, find and grep.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  aliases = lib.mapAttrs (_: lib.mkDefault) (
    {
      df = "duf";
      du = "dust";
    }
    // lib.optionalAttrs config.programs.bat.enable { cat = "bat --paging=never"; }
  );
in
{
  programs = {
    bash.shellAliases = aliases;
    fish.shellAliases = aliases;
    zsh.shellAliases = aliases;

    bat.enable = lib.mkDefault true;
    eza = {
      enable = lib.mkDefault true;
      git = lib.mkDefault true;
      icons = lib.mkDefault "auto";
    };
    fd.enable = lib.mkDefault true;
    fzf.enable = lib.mkDefault true;
    ripgrep = {
      enable = lib.mkDefault true;
      arguments = [ "--smart-case" ];
    };
    zoxide.enable = lib.mkDefault true;
  };

  home.packages = [
    pkgs.duf
    pkgs.dust
  ];
}
