# The powerlevel10k prompt for zsh. zsh/p10k.zsh sets what it shows and how.
{
  config,
  lib,
  pkgs,
  ...
}:
{
  programs = {
    zsh.initContent = lib.mkMerge [
      # The instant prompt goes first: whatever prints before it would be lost.
      (lib.mkBefore ''
        if [[ -r "''${XDG_CACHE_HOME:-$HOME/.cache}/p10k-instant-prompt-''${(%):-%n}.zsh" ]]; then
          source "''${XDG_CACHE_HOME:-$HOME/.cache}/p10k-instant-prompt-''${(%):-%n}.zsh"
        fi
      '')
      ''
        source ${pkgs.zsh-powerlevel10k}/share/zsh-powerlevel10k/powerlevel10k.zsh-theme
        source ${lib.escapeShellArg "${config.xdg.configHome}/zsh/p10k.zsh"}
      ''
    ];
    starship.enableZshIntegration = lib.mkDefault false;
  };
}
