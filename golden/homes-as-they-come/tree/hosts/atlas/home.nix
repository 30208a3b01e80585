# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ config, lib, ... }:
{
  imports = [
    ../../modules/home/base.nix
    ../../modules/home/alacritty.nix
    ../../modules/home/bash.nix
    ../../modules/home/cli.nix
    ../../modules/home/direnv.nix
    ../../modules/home/fish.nix
    ../../modules/home/ghostty.nix
    ../../modules/home/git.nix
    ../../modules/home/gpg.nix
    ../../modules/home/neovim.nix
    ../../modules/home/password-store.nix
    ../../modules/home/powerlevel10k.nix
    ../../modules/home/ssh.nix
    ../../modules/home/starship.nix
    ../../modules/home/tmux.nix
    ../../modules/home/vim.nix
    ../../modules/home/vscodium.nix
    ../../modules/home/zsh.nix
  ];

  home = {
    homeDirectory = "/home/ada";
    sessionVariables.QUICK_DEPLOY_FLAKE = lib.mkDefault "${config.xdg.configHome}/nixos";
    stateVersion = "26.05";
    username = "ada";
  };

  programs = {
    bash.shellAliases = {
      hms = lib.mkDefault "home-manager switch --flake \"$QUICK_DEPLOY_FLAKE#ada@atlas\"";
      nfc = lib.mkDefault "nix flake check \"$QUICK_DEPLOY_FLAKE\"";
      nfd = lib.mkDefault "nix develop \"$QUICK_DEPLOY_FLAKE\"";
      nfu = lib.mkDefault "nix flake update --flake \"$QUICK_DEPLOY_FLAKE\"";
      nrb = lib.mkDefault "nixos-rebuild build --flake \"$QUICK_DEPLOY_FLAKE#atlas\"";
      nrs = lib.mkDefault "nixos-rebuild switch --sudo --flake \"$QUICK_DEPLOY_FLAKE#atlas\"";
      nrt = lib.mkDefault "nixos-rebuild test --sudo --flake \"$QUICK_DEPLOY_FLAKE#atlas\"";
    };
    fish.shellAliases = {
      hms = lib.mkDefault "home-manager switch --flake \"$QUICK_DEPLOY_FLAKE#ada@atlas\"";
      nfc = lib.mkDefault "nix flake check \"$QUICK_DEPLOY_FLAKE\"";
      nfd = lib.mkDefault "nix develop \"$QUICK_DEPLOY_FLAKE\"";
      nfu = lib.mkDefault "nix flake update --flake \"$QUICK_DEPLOY_FLAKE\"";
      nrb = lib.mkDefault "nixos-rebuild build --flake \"$QUICK_DEPLOY_FLAKE#atlas\"";
      nrs = lib.mkDefault "nixos-rebuild switch --sudo --flake \"$QUICK_DEPLOY_FLAKE#atlas\"";
      nrt = lib.mkDefault "nixos-rebuild test --sudo --flake \"$QUICK_DEPLOY_FLAKE#atlas\"";
    };
    zsh.shellAliases = {
      hms = lib.mkDefault "home-manager switch --flake \"$QUICK_DEPLOY_FLAKE#ada@atlas\"";
      nfc = lib.mkDefault "nix flake check \"$QUICK_DEPLOY_FLAKE\"";
      nfd = lib.mkDefault "nix develop \"$QUICK_DEPLOY_FLAKE\"";
      nfu = lib.mkDefault "nix flake update --flake \"$QUICK_DEPLOY_FLAKE\"";
      nrb = lib.mkDefault "nixos-rebuild build --flake \"$QUICK_DEPLOY_FLAKE#atlas\"";
      nrs = lib.mkDefault "nixos-rebuild switch --sudo --flake \"$QUICK_DEPLOY_FLAKE#atlas\"";
      nrt = lib.mkDefault "nixos-rebuild test --sudo --flake \"$QUICK_DEPLOY_FLAKE#atlas\"";
    };
  };

  xdg.configFile."zsh/p10k.zsh".text = ''
    # Configuration of powerlevel10k: lean style, default colors.
    typeset -g POWERLEVEL9K_LEFT_PROMPT_ELEMENTS=(dir vcs newline prompt_char)
    typeset -g POWERLEVEL9K_RIGHT_PROMPT_ELEMENTS=(status command_execution_time background_jobs direnv nix_shell context)
    typeset -g POWERLEVEL9K_MODE='nerdfont-v3'
    typeset -g POWERLEVEL9K_BACKGROUND=
    typeset -g POWERLEVEL9K_PROMPT_ADD_NEWLINE='true'
    typeset -g POWERLEVEL9K_LEFT_LEFT_WHITESPACE=
    typeset -g POWERLEVEL9K_LEFT_RIGHT_WHITESPACE=
    typeset -g POWERLEVEL9K_RIGHT_LEFT_WHITESPACE=
    typeset -g POWERLEVEL9K_RIGHT_RIGHT_WHITESPACE=
    typeset -g POWERLEVEL9K_LEFT_SEGMENT_SEPARATOR=
    typeset -g POWERLEVEL9K_RIGHT_SEGMENT_SEPARATOR=
    typeset -g POWERLEVEL9K_LEFT_SUBSEGMENT_SEPARATOR=' '
    typeset -g POWERLEVEL9K_RIGHT_SUBSEGMENT_SEPARATOR=' '
    typeset -g POWERLEVEL9K_PROMPT_CHAR_LEFT_RIGHT_WHITESPACE=' '
    typeset -g POWERLEVEL9K_OS_ICON_FOREGROUND='37'
    typeset -g POWERLEVEL9K_DIR_FOREGROUND='31'
    typeset -g POWERLEVEL9K_DIR_SHORTENED_FOREGROUND='244'
    typeset -g POWERLEVEL9K_DIR_ANCHOR_FOREGROUND='31'
    typeset -g POWERLEVEL9K_SHORTEN_STRATEGY='truncate_to_unique'
    typeset -g POWERLEVEL9K_SHORTEN_DELIMITER=
    typeset -g POWERLEVEL9K_DIR_MAX_LENGTH='80'
    typeset -g POWERLEVEL9K_DIR_ANCHOR_BOLD='true'
    typeset -g POWERLEVEL9K_VCS_BACKENDS='git'
    typeset -g POWERLEVEL9K_VCS_CLEAN_FOREGROUND='76'
    typeset -g POWERLEVEL9K_VCS_UNTRACKED_FOREGROUND='76'
    typeset -g POWERLEVEL9K_VCS_MODIFIED_FOREGROUND='178'
    typeset -g POWERLEVEL9K_VCS_CONFLICTED_FOREGROUND='196'
    typeset -g POWERLEVEL9K_VCS_LOADING_FOREGROUND='244'
    typeset -g POWERLEVEL9K_PROMPT_CHAR_OK_{VIINS,VICMD,VIVIS,VIOWR}_FOREGROUND='76'
    typeset -g POWERLEVEL9K_PROMPT_CHAR_ERROR_{VIINS,VICMD,VIVIS,VIOWR}_FOREGROUND='196'
    typeset -g POWERLEVEL9K_PROMPT_CHAR_{OK,ERROR}_VIINS_CONTENT_EXPANSION='❯'
    typeset -g POWERLEVEL9K_PROMPT_CHAR_{OK,ERROR}_VICMD_CONTENT_EXPANSION='❮'
    typeset -g POWERLEVEL9K_PROMPT_CHAR_{OK,ERROR}_VIVIS_CONTENT_EXPANSION='V'
    typeset -g POWERLEVEL9K_STATUS_OK='false'
    typeset -g POWERLEVEL9K_STATUS_ERROR_FOREGROUND='196'
    typeset -g POWERLEVEL9K_COMMAND_EXECUTION_TIME_THRESHOLD='3'
    typeset -g POWERLEVEL9K_COMMAND_EXECUTION_TIME_FOREGROUND='244'
    typeset -g POWERLEVEL9K_BACKGROUND_JOBS_VERBOSE='false'
    typeset -g POWERLEVEL9K_BACKGROUND_JOBS_FOREGROUND='37'
    typeset -g POWERLEVEL9K_DIRENV_FOREGROUND='178'
    typeset -g POWERLEVEL9K_NIX_SHELL_FOREGROUND='37'
    typeset -g POWERLEVEL9K_CONTEXT_TEMPLATE='%n@%m'
    typeset -g POWERLEVEL9K_CONTEXT_FOREGROUND='244'
    typeset -g POWERLEVEL9K_CONTEXT_{REMOTE,REMOTE_SUDO}_FOREGROUND='178'
    typeset -g POWERLEVEL9K_CONTEXT_ROOT_FOREGROUND='196'
    typeset -g POWERLEVEL9K_CONTEXT_{DEFAULT,SUDO}_CONTENT_EXPANSION=
    typeset -g POWERLEVEL9K_CONTEXT_{DEFAULT,SUDO}_VISUAL_IDENTIFIER_EXPANSION=
    typeset -g POWERLEVEL9K_INSTANT_PROMPT='quiet'
    typeset -g POWERLEVEL9K_TRANSIENT_PROMPT='off'
    typeset -g POWERLEVEL9K_DISABLE_HOT_RELOAD='true'
  '';
}
