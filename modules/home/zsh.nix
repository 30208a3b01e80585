# zsh with a long history shared by all sessions, completion, suggestions and highlighting.
{ config, lib, ... }:
{
  programs.zsh = {
    enable = lib.mkDefault true;
    # The value for this stateVersion. Without it, home-manager warns at every build.
    dotDir = lib.mkIf (lib.versionOlder config.home.stateVersion "26.05") (
      lib.mkDefault config.home.homeDirectory
    );
    enableCompletion = lib.mkDefault true;
    autosuggestion.enable = lib.mkDefault true;
    syntaxHighlighting.enable = lib.mkDefault true;
    historySubstringSearch.enable = lib.mkDefault true;
    history = {
      path = lib.mkDefault "${config.xdg.dataHome}/zsh/history";
      size = lib.mkDefault 100000;
      save = lib.mkDefault 100000;
      extended = lib.mkDefault true;
      share = lib.mkDefault true;
      ignoreDups = lib.mkDefault true;
      expireDuplicatesFirst = lib.mkDefault true;
      # A command that starts with a space is not recorded.
      ignoreSpace = lib.mkDefault true;
    };
  };
}
