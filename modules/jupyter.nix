# JupyterLab on the loopback with a scientific Python. Without a password the address with a
# token is in its journal.
{ lib, pkgs, ... }:
{
  services.jupyter = {
    enable = lib.mkDefault true;
    command = lib.mkDefault "jupyter lab";
    ip = lib.mkDefault "127.0.0.1";
    port = lib.mkDefault 8888;
    package = lib.mkDefault (
      pkgs.python3.withPackages (ps: [
        ps.ipykernel
        ps.ipywidgets
        ps.jupyterlab
        ps.matplotlib
        ps.numpy
        ps.pandas
        ps.scikit-learn
      ])
    );
    # A Python expression; empty means a token instead of a password.
    password = lib.mkDefault "''";
    notebookDir = lib.mkDefault "/var/lib/jupyter";
  };

  users = {
    users.jupyter = {
      group = lib.mkDefault "jupyter";
      isSystemUser = lib.mkDefault true;
    };
    groups.jupyter = { };
  };

  systemd.services.jupyter.serviceConfig.StateDirectory = lib.mkDefault "jupyter";
}
