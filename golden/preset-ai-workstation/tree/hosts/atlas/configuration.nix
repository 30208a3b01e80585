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

  services = {
    displayManager.defaultSession = "cosmic";
    flatpak-apps.apps = [
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
  };

  environment.systemPackages = [
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
    # security-host: Audits of the machine itself
    pkgs.clamav
    pkgs.gnupg
    pkgs.lynis
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

  system.stateVersion = "26.05";
}
