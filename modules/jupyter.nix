# JupyterLab on the loopback, and a kernel with a scientific Python. Without a password the
# address with a token is in its journal.
{
  config,
  lib,
  pkgs,
  ...
}:
let
  cfg = config.services.jupyter;
  home = config.users.users.${cfg.user}.home or "/home/${cfg.user}";
  # As JupyterLab reads it: ~ is the home of its user.
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
    # nixpkgs puts it into an environment of its own, where only a Python module counts.
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
    # On the loopback it answers only to names that it knows as local.
    notebookConfig = lib.mkIf (sites != [ ]) ''
      c.ServerApp.local_hostnames = ${builtins.toJSON ([ "localhost" ] ++ map (s: s.name) sites)}
    '';
  };

  # Releases before the fix of nixpkgs' module leave it unset, which NixOS refuses.
  users.users = lib.mkIf (cfg.user == "jupyter") { jupyter.group = lib.mkDefault cfg.group; };

  systemd = {
    # It does not start without its folder. In the home its user makes it; elsewhere only if
    # missing: what is there keeps its owner and its mode.
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
