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
      # performance: Benchmarking
      pkgs.hyperfine
      # security: Scanning and signing of containers
      pkgs.cosign
      pkgs.trivy
      # security-desktop: Passwords, keys and virus scans with a window
      pkgs.clamtk
      pkgs.keepassxc
      pkgs.seahorse
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
      # kubernetes: Kubernetes clients
      pkgs.k9s
      pkgs.kubectl
      pkgs.kubernetes-helm
      pkgs.gimp
      # Not installed. To install some of these, list them in the profile, as in
      # +userPackages: ["bundle:mlflow"]
      # bundle:mlflow (The MLflow command line for experiment tracking)
      #   pkgs.mlflow-server
      # bundle:monitoring (Exporters and collectors to run by hand)
      #   pkgs.grafana-alloy
      #   pkgs.prometheus-node-exporter
      # bundle:vector-db (Vector and search databases to run by hand)
      #   pkgs.meilisearch
      #   pkgs.typesense
      #   pkgs.weaviate
    ];
    stateVersion = "26.05";
    username = "ada";
  };
}
