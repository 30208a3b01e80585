# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{
  config,
  lib,
  pkgs,
  ...
}:
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
    packages = [
      # ai-data: Data processing and analysis (SQL on files and databases)
      pkgs.duckdb
      pkgs.litecli
      pkgs.pgcli
      pkgs.sqlite-utils
      pkgs.gimp
    ];
    sessionVariables = {
      PAGER = "less";
      QUICK_DEPLOY_FLAKE = lib.mkDefault "${config.xdg.configHome}/nixos";
    };
    stateVersion = "26.05";
    username = "ada";
  };

  services.gpg-agent = {
    defaultCacheTtl = 60;
    defaultCacheTtlSsh = 60;
    enableSshSupport = false;
    pinentry.package = pkgs.pinentry-curses;
  };

  programs = {
    alacritty = {
      settings = {
        font = {
          normal.family = "Hack Nerd Font";
          size = 12.5;
        };
        window.opacity = 1;
      };
      theme = "tokyo_night";
    };
    bash = {
      historyFileSize = 5000;
      historySize = 5000;
      shellAliases = {
        hms = lib.mkDefault "home-manager switch --flake \"$QUICK_DEPLOY_FLAKE#ada@atlas\"";
        ll = "ls -l";
        nfc = lib.mkDefault "nix flake check \"$QUICK_DEPLOY_FLAKE\"";
        nfd = lib.mkDefault "nix develop \"$QUICK_DEPLOY_FLAKE\"";
        nfu = lib.mkDefault "nix flake update --flake \"$QUICK_DEPLOY_FLAKE\"";
        nrb = lib.mkDefault "nixos-rebuild build --flake \"$QUICK_DEPLOY_FLAKE#atlas\"";
        nrs = lib.mkDefault "nixos-rebuild switch --sudo --flake \"$QUICK_DEPLOY_FLAKE#atlas\"";
        nrt = lib.mkDefault "nixos-rebuild test --sudo --flake \"$QUICK_DEPLOY_FLAKE#atlas\"";
      };
    };
    bat.enable = false;
    btop.enable = true;
    delta = {
      enable = true;
      enableGitIntegration = true;
    };
    direnv = {
      config.whitelist.prefix = [ "/home/ada/src" ];
      silent = true;
    };
    fish.shellAliases = {
      hms = lib.mkDefault "home-manager switch --flake \"$QUICK_DEPLOY_FLAKE#ada@atlas\"";
      ll = "ls -l";
      nfc = lib.mkDefault "nix flake check \"$QUICK_DEPLOY_FLAKE\"";
      nfd = lib.mkDefault "nix develop \"$QUICK_DEPLOY_FLAKE\"";
      nfu = lib.mkDefault "nix flake update --flake \"$QUICK_DEPLOY_FLAKE\"";
      nrb = lib.mkDefault "nixos-rebuild build --flake \"$QUICK_DEPLOY_FLAKE#atlas\"";
      nrs = lib.mkDefault "nixos-rebuild switch --sudo --flake \"$QUICK_DEPLOY_FLAKE#atlas\"";
      nrt = lib.mkDefault "nixos-rebuild test --sudo --flake \"$QUICK_DEPLOY_FLAKE#atlas\"";
    };
    ghostty.settings = {
      background-opacity = 0.9;
      font-family = "Hack Nerd Font";
      font-size = 12;
      theme = "Nord";
    };
    git = {
      ignores = [
        ".direnv/"
        "*.swp"
      ];
      lfs.enable = true;
      settings = {
        alias.amend = "commit --amend --no-edit";
        core.editor = "codium --wait";
        github.user = "ada-lovelace";
        init.defaultBranch = "trunk";
        pull.rebase = true;
        user = {
          email = "ada@example.org";
          name = "Ada \"the first\" Lovelace";
        };
      };
      signing = {
        format = "ssh";
        key = "~/.ssh/id_ed25519.pub";
        signByDefault = false;
      };
    };
    lazygit.enable = true;
    neovim = {
      defaultEditor = true;
      extraPackages = [
        pkgs.nil
        pkgs.shellcheck
      ];
      plugins = [ pkgs.vimPlugins.nvim-lspconfig ];
      viAlias = true;
      vimAlias = true;
    };
    nix-index.enable = true;
    password-store.settings.PASSWORD_STORE_DIR = "/home/ada/passwords";
    ssh.settings = {
      "*".AddKeysToAgent = "confirm";
      "*.lan".ProxyJump = "box";
      box = {
        ForwardAgent = true;
        HostName = "box.example.org";
        IdentityFile = "~/.ssh/id_box";
        Port = 2222;
        User = "ada";
      };
    };
    starship.settings = {
      add_newline = false;
      character.success_symbol = "[❯](green)";
    };
    tmux = {
      baseIndex = 0;
      historyLimit = 1000;
      keyMode = "emacs";
      mouse = false;
      plugins = [ pkgs.tmuxPlugins.resurrect ];
      prefix = "C-a";
    };
    vim = {
      defaultEditor = false;
      plugins = [ pkgs.vimPlugins.vim-fugitive ];
      settings = {
        number = false;
        shiftwidth = 4;
        tabstop = 4;
      };
    };
    vscodium = {
      mutableExtensionsDir = false;
      profiles.default = {
        extensions = [ pkgs.vscode-extensions.ms-python.python ];
        userSettings = {
          "[nix]"."editor.formatOnSave" = true;
          "editor.fontSize" = 14;
          "editor.rulers" = [
            80
            100
          ];
        };
      };
    };
    zsh = {
      autosuggestion.enable = false;
      defaultKeymap = "viins";
      history = {
        save = 5000;
        share = false;
        size = 5000;
      };
      setOptions = [
        "AUTO_CD"
        "NO_BEEP"
      ];
      shellAliases = {
        gs = "git stash";
        hms = lib.mkDefault "home-manager switch --flake \"$QUICK_DEPLOY_FLAKE#ada@atlas\"";
        nfc = lib.mkDefault "nix flake check \"$QUICK_DEPLOY_FLAKE\"";
        nfd = lib.mkDefault "nix develop \"$QUICK_DEPLOY_FLAKE\"";
        nfu = lib.mkDefault "nix flake update --flake \"$QUICK_DEPLOY_FLAKE\"";
        nrb = lib.mkDefault "nixos-rebuild build --flake \"$QUICK_DEPLOY_FLAKE#atlas\"";
        nrs = lib.mkDefault "nixos-rebuild switch --sudo --flake \"$QUICK_DEPLOY_FLAKE#atlas\"";
        nrt = lib.mkDefault "nixos-rebuild test --sudo --flake \"$QUICK_DEPLOY_FLAKE#atlas\"";
      };
      syntaxHighlighting.enable = false;
    };
  };

  xdg.configFile."zsh/p10k.zsh".text = ''
    # Configuration of powerlevel10k: rainbow style, nord colors.
    typeset -g POWERLEVEL9K_LEFT_PROMPT_ELEMENTS=(os_icon dir vcs newline prompt_char)
    typeset -g POWERLEVEL9K_RIGHT_PROMPT_ELEMENTS=(status command_execution_time background_jobs direnv nix_shell virtualenv anaconda context time)
    typeset -g POWERLEVEL9K_MODE='nerdfont-v3'
    typeset -g POWERLEVEL9K_BACKGROUND='240'
    typeset -g POWERLEVEL9K_PROMPT_ADD_NEWLINE='true'
    typeset -g POWERLEVEL9K_LEFT_SEGMENT_SEPARATOR='\uE0B0'
    typeset -g POWERLEVEL9K_RIGHT_SEGMENT_SEPARATOR='\uE0B2'
    typeset -g POWERLEVEL9K_LEFT_SUBSEGMENT_SEPARATOR='%248F\uE0B1'
    typeset -g POWERLEVEL9K_RIGHT_SUBSEGMENT_SEPARATOR='%248F\uE0B3'
    typeset -g POWERLEVEL9K_LEFT_PROMPT_LAST_SEGMENT_END_SYMBOL='\uE0B0'
    typeset -g POWERLEVEL9K_RIGHT_PROMPT_FIRST_SEGMENT_START_SYMBOL='\uE0B2'
    typeset -g POWERLEVEL9K_PROMPT_CHAR_BACKGROUND=
    typeset -g POWERLEVEL9K_PROMPT_CHAR_LEFT_PROMPT_LAST_SEGMENT_END_SYMBOL=
    typeset -g POWERLEVEL9K_PROMPT_CHAR_LEFT_PROMPT_FIRST_SEGMENT_START_SYMBOL=
    typeset -g POWERLEVEL9K_PROMPT_CHAR_LEFT_LEFT_WHITESPACE=
    typeset -g POWERLEVEL9K_OS_ICON_FOREGROUND='109'
    typeset -g POWERLEVEL9K_DIR_BACKGROUND='110'
    typeset -g POWERLEVEL9K_DIR_FOREGROUND='232'
    typeset -g POWERLEVEL9K_DIR_SHORTENED_FOREGROUND='232'
    typeset -g POWERLEVEL9K_DIR_ANCHOR_FOREGROUND='232'
    typeset -g POWERLEVEL9K_SHORTEN_STRATEGY='none'
    typeset -g POWERLEVEL9K_VCS_BACKENDS='git'
    typeset -g POWERLEVEL9K_VCS_CLEAN_BACKGROUND='108'
    typeset -g POWERLEVEL9K_VCS_CLEAN_FOREGROUND='232'
    typeset -g POWERLEVEL9K_VCS_UNTRACKED_BACKGROUND='108'
    typeset -g POWERLEVEL9K_VCS_UNTRACKED_FOREGROUND='232'
    typeset -g POWERLEVEL9K_VCS_MODIFIED_BACKGROUND='222'
    typeset -g POWERLEVEL9K_VCS_MODIFIED_FOREGROUND='232'
    typeset -g POWERLEVEL9K_VCS_CONFLICTED_BACKGROUND='131'
    typeset -g POWERLEVEL9K_VCS_CONFLICTED_FOREGROUND='232'
    typeset -g POWERLEVEL9K_VCS_LOADING_BACKGROUND='103'
    typeset -g POWERLEVEL9K_VCS_LOADING_FOREGROUND='232'
    typeset -g POWERLEVEL9K_PROMPT_CHAR_OK_{VIINS,VICMD,VIVIS,VIOWR}_FOREGROUND='108'
    typeset -g POWERLEVEL9K_PROMPT_CHAR_ERROR_{VIINS,VICMD,VIVIS,VIOWR}_FOREGROUND='131'
    typeset -g POWERLEVEL9K_PROMPT_CHAR_{OK,ERROR}_VIINS_CONTENT_EXPANSION='❯'
    typeset -g POWERLEVEL9K_PROMPT_CHAR_{OK,ERROR}_VICMD_CONTENT_EXPANSION='❮'
    typeset -g POWERLEVEL9K_PROMPT_CHAR_{OK,ERROR}_VIVIS_CONTENT_EXPANSION='V'
    typeset -g POWERLEVEL9K_STATUS_OK='false'
    typeset -g POWERLEVEL9K_STATUS_ERROR_FOREGROUND='131'
    typeset -g POWERLEVEL9K_COMMAND_EXECUTION_TIME_THRESHOLD='3'
    typeset -g POWERLEVEL9K_COMMAND_EXECUTION_TIME_FOREGROUND='103'
    typeset -g POWERLEVEL9K_BACKGROUND_JOBS_VERBOSE='false'
    typeset -g POWERLEVEL9K_BACKGROUND_JOBS_FOREGROUND='109'
    typeset -g POWERLEVEL9K_DIRENV_FOREGROUND='222'
    typeset -g POWERLEVEL9K_NIX_SHELL_FOREGROUND='109'
    typeset -g POWERLEVEL9K_VIRTUALENV_FOREGROUND='109'
    typeset -g POWERLEVEL9K_VIRTUALENV_LEFT_DELIMITER=
    typeset -g POWERLEVEL9K_VIRTUALENV_RIGHT_DELIMITER=
    typeset -g POWERLEVEL9K_ANACONDA_FOREGROUND='109'
    typeset -g POWERLEVEL9K_ANACONDA_LEFT_DELIMITER=
    typeset -g POWERLEVEL9K_ANACONDA_RIGHT_DELIMITER=
    typeset -g POWERLEVEL9K_VIRTUALENV_SHOW_PYTHON_VERSION='false'
    typeset -g POWERLEVEL9K_CONTEXT_TEMPLATE='%n@%m'
    typeset -g POWERLEVEL9K_CONTEXT_FOREGROUND='103'
    typeset -g POWERLEVEL9K_CONTEXT_{REMOTE,REMOTE_SUDO}_FOREGROUND='222'
    typeset -g POWERLEVEL9K_CONTEXT_ROOT_FOREGROUND='131'
    typeset -g POWERLEVEL9K_TIME_FORMAT='%D{%I:%M:%S %p}'
    typeset -g POWERLEVEL9K_TIME_FOREGROUND='103'
    typeset -g POWERLEVEL9K_INSTANT_PROMPT='quiet'
    typeset -g POWERLEVEL9K_TRANSIENT_PROMPT='same-dir'
    typeset -g POWERLEVEL9K_DISABLE_HOT_RELOAD='true'
  '';
}
