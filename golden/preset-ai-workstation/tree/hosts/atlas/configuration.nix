# Written by quick-deploy from the profile. Settings of your own belong in local.nix,
# which is written once and then left alone.
{ lib, pkgs, ... }:
{
  imports = [
    ./hardware-configuration.nix
    ./local.nix
    ../../modules/base.nix
    ../../modules/bluetooth.nix
    ../../modules/desktop/cosmic.nix
    ../../modules/desktop/session.nix
    ../../modules/flatpak.nix
    ../../modules/fwupd.nix
    ../../modules/gitea.nix
    ../../modules/hardening.nix
    ../../modules/ollama.nix
    ../../modules/open-webui.nix
    ../../modules/podman.nix
    ../../modules/printing.nix
    ../../modules/qdrant.nix
    ../../modules/zram.nix
  ];

  zramSwap.memoryPercent = 50;

  networking.hostName = "atlas";

  i18n.defaultLocale = "en_US.UTF-8";

  nixpkgs.config.allowUnfreePredicate = pkg: builtins.elem (lib.getName pkg) [ "open-webui" ];

  users.users.ada = {
    extraGroups = [
      "networkmanager"
      "wheel"
    ];
    isNormalUser = true;
    openssh.authorizedKeys.keys = [
      "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS ada@example.org"
    ];
  };

  services.displayManager.defaultSession = "cosmic";

  environment.systemPackages = [
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
    # ai: Language models on the command line
    pkgs.aider-chat
    pkgs.llama-cpp
    # ai-data: Data processing and analysis (SQL on files and databases)
    pkgs.duckdb
    pkgs.litecli
    pkgs.pgcli
    pkgs.sqlite-utils
    # api: API development and load testing
    pkgs.grpcurl
    pkgs.httpie
    pkgs.k6
    # containers: Building, moving and inspecting container images
    pkgs.buildah
    pkgs.crun
    pkgs.podman-compose
    pkgs.podman-tui
    pkgs.skopeo
    # docs: Documentation and diagrams
    pkgs.graphviz
    pkgs.mermaid-cli
    pkgs.plantuml
    # forge: Command lines of code forges
    pkgs.gh
    pkgs.tea
    # languages: Compilers and interpreters
    pkgs.cargo
    pkgs.gcc
    pkgs.gnumake
    pkgs.go
    pkgs.nodejs
    pkgs.ruby
    pkgs.rustc
    # mlops: Versioned data and secrets for machine learning
    pkgs.age
    pkgs.dvc
    pkgs.sops
    # network: Network clients and diagnosis
    pkgs.curl
    pkgs.doggo
    pkgs.mosh
    pkgs.mtr
    pkgs.netcat-gnu
    pkgs.nmap
    pkgs.socat
    pkgs.wget
    # observability: Looking at a running machine
    pkgs.btop
    pkgs.glances
    pkgs.htop
    pkgs.lsof
    pkgs.pciutils
    pkgs.strace
    pkgs.usbutils
    # performance: Benchmarking
    pkgs.hyperfine
    # security: Scanning and signing of containers
    pkgs.cosign
    pkgs.trivy
    # security-desktop: Passwords, keys and virus scans with a window
    pkgs.clamtk
    pkgs.keepassxc
    pkgs.seahorse
    # security-host: Audits of the machine itself
    pkgs.clamav
    pkgs.gnupg
    pkgs.lynis
    # shell: Helpers at the prompt
    pkgs.grc
    pkgs.mcfly
    pkgs.navi
    pkgs.pay-respects
    pkgs.starship
    pkgs.zsh-completions
    # text: Reading, converting and encoding text
    pkgs.cht-sh
    pkgs.hexedit
    pkgs.pandoc
    pkgs.qrencode
    pkgs.tealdeer
    # virtualization: Virtual machines by hand
    pkgs.qemu
    pkgs.virtiofsd
    (pkgs.python3.withPackages (ps: [
      ps.black
      ps.dask
      ps.ipykernel
      ps.ipywidgets
      ps.jupyterlab
      ps.matplotlib
      ps.mypy
      ps.notebook
      ps.numpy
      ps.pandas
      ps.polars
      ps.pylint
      ps.scikit-learn
      ps.seaborn
    ]))
    (pkgs.linkFarm "python-ai" {
      "bin/python-ai" = lib.getExe' (pkgs.python3.withPackages (ps: [
        ps.accelerate
        ps.anthropic
        ps.chromadb
        ps.datasets
        ps.diffusers
        ps.evaluate
        ps.faiss
        ps.gradio
        ps.langchain
        ps.langchain-community
        ps.langchain-openai
        ps.openai
        ps.peft
        ps.qdrant-client
        ps.safetensors
        ps.sentence-transformers
        ps.sentencepiece
        ps.tokenizers
        ps.torch
        ps.torchaudio
        ps.torchvision
        ps.transformers
      ])) "python3";
    })
  ];

  systemd.user.services.flatpak-apps.unitConfig.X-Apps = [
    "com.github.tchx84.Flatseal"
    "io.mpv.Mpv"
    "net.nokyan.Resources"
    "org.gnome.FileRoller"
    "org.mozilla.firefox"
    "org.videolan.VLC"
    "io.dbeaver.DBeaverCommunity"
    "io.podman_desktop.PodmanDesktop"
    "md.obsidian.Obsidian"
    "org.sqlitebrowser.sqlitebrowser"
  ];

  system.stateVersion = "26.05";
}
