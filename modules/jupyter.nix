# JupyterLab on the loopback, with a kernel for scientific Python. Without a password, its journal
# shows the address with a token.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.jupyter;
  home = config.users.users.${cfg.user}.home or "/home/${cfg.user}";
  # As JupyterLab reads it: ~ is its user's home.
  folder = lib.removeSuffix "/" (
    if lib.hasPrefix "~" cfg.notebookDir then
      home + lib.removePrefix "~" cfg.notebookDir
    else
      cfg.notebookDir
  );
  inHome = lib.hasPrefix "${home}/" folder;
  elsewhere = !inHome && folder != home && folder != "/var/lib/jupyter";
  sites = (config.lib.nginx.sitesOf or (_: [ ])) "jupyter";
  python = pkgs.python3.withPackages (ps: [
    ps.ipykernel
    ps.ipywidgets
    ps.matplotlib
    ps.numpy
    ps.pandas
    ps.scikit-learn
  ]);
in
{
  services.jupyter = {
    enable = lib.mkDefault true;
    command = lib.mkDefault "jupyter lab";
    ip = lib.mkDefault "127.0.0.1";
    # nixpkgs puts it in an environment of its own, which accepts only a Python module.
    package = lib.mkDefault pkgs.python3Packages.jupyterlab;
    # The widgets of the kernel below, in the browser.
    extraPackages = [ pkgs.python3Packages.ipywidgets ];
    kernels.python3 = {
      displayName = lib.mkDefault "Python 3";
      language = lib.mkDefault "python";
      # One choice: a command.
      argv = lib.mkDefault [
        (lib.getExe' python "python3")
        "-m"
        "ipykernel_launcher"
        "-f"
        "{connection_file}"
      ];
    };
    # Empty means a token instead of a password.
    password = lib.mkDefault "";
    notebookDir = lib.mkDefault "/var/lib/jupyter";
    # On the loopback it answers only to names that it considers local.
    notebookConfig = lib.mkIf (sites != [ ]) ''
      c.ServerApp.local_hostnames = ${builtins.toJSON ([ "localhost" ] ++ map (s: s.name) sites)}
    '';
  };

  # Releases before the fix of the nixpkgs module leave it unset, which NixOS refuses.
  users.users = lib.mkIf (cfg.user == "jupyter") { jupyter.group = lib.mkDefault cfg.group; };

  systemd = {
    # It does not start without its folder. In the home, its user creates it; elsewhere it is
    # created only if missing: an existing folder keeps its owner and its mode.
    services.jupyter = {
      serviceConfig.StateDirectory = lib.mkDefault "jupyter";
      preStart = lib.mkIf inHome "mkdir -p ${lib.escapeShellArg folder}";
    };
    tmpfiles.settings = lib.mkIf elsewhere {
      jupyter.${folder}.d = {
        mode = ":0750";
        user = ":${cfg.user}";
        group = ":${cfg.group}";
      };
    };
  };

  services.nginx.upstreams = lib.mkIf config.services.nginx.enable {
    jupyter.servers."127.0.0.1:${toString config.services.jupyter.port}" = { };
  };
}
