# Services of the catalogue start, and answer the health check that follows a switch.
{
  host, # of golden/vm-services
  pkgs,
  quick-deploy,
}:
let
  case = ../../../golden/vm-services;
in
{
  name = "quick-deploy-services-${host}";

  # A generated host names its platform.
  node.pkgsReadOnly = false;

  nodes.${host} = {
    imports = [ (case + "/tree/hosts/${host}/configuration.nix") ];
    nixpkgs = { inherit pkgs; };
    virtualisation = {
      cores = 2;
      memorySize = 4096;
      diskSize = 8192;
    };
    environment.etc."quick-deploy.yaml".source = case + "/profile.yaml";
    environment.systemPackages = [ quick-deploy ];
  };

  testScript = ''
    machine.wait_for_unit("multi-user.target")
    health = "quick-deploy --profile /etc/quick-deploy.yaml --host ${host} --no-probe --allow-root health"
    try:
        machine.wait_until_succeeds(health, timeout=600)
    except Exception:
        print(machine.execute(health + " 2>&1; systemctl --failed --no-pager")[1])
        raise
  '';
}
