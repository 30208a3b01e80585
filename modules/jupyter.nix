# JupyterLab on the loopback, and a kernel with a scientific Python. Without a password the
# address with a token is in its journal.
{ lib, pkgs, ... }:
let
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
    port = lib.mkDefault 8888;
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
  };

  systemd.services.jupyter.serviceConfig.StateDirectory = lib.mkDefault "jupyter";
}
