# git with the branch main, pulls that merge, and aliases for the daily commands.
{ config, lib, ... }:
let
  aliases = lib.mapAttrs (_: lib.mkDefault) {
    ga = "git add";
    gb = "git branch";
    gc = "git commit";
    gco = "git checkout";
    gd = "git diff";
    gl = "git log --oneline --graph";
    gp = "git push";
    gs = "git status";
  };
in
{
  programs = {
    bash.shellAliases = aliases;
    fish.shellAliases = aliases;
    zsh.shellAliases = aliases;

    git = {
      enable = lib.mkDefault true;
      signing.signByDefault = lib.mkIf (config.programs.git.signing.key != null) (lib.mkDefault true);
      settings = {
        init.defaultBranch = lib.mkDefault "main";
        pull.rebase = lib.mkDefault false;
        alias = {
          br = lib.mkDefault "branch";
          ci = lib.mkDefault "commit";
          co = lib.mkDefault "checkout";
          last = lib.mkDefault "log -1 HEAD";
          lg = lib.mkDefault "log --graph --oneline --decorate --all";
          st = lib.mkDefault "status";
          unstage = lib.mkDefault "reset HEAD --";
        };
      };
    };
  };

  # Without ~/.gitconfig, `git config --global` would write to the file in the store and fail.
  home.activation.keepGitconfigWritable = lib.hm.dag.entryAfter [ "writeBoundary" ] ''
    if [[ ! -e "$HOME/.gitconfig" && ! -L "$HOME/.gitconfig" ]]; then
      run touch "$HOME/.gitconfig"
    fi
  '';
}
