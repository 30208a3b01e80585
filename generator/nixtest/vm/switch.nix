# quick-deploy on a machine of its own: it writes the flake, switches, puts back a system of which
# a unit fails, rolls back, and the machine comes up in the switched system after a reboot.
#
# Nothing is downloaded or built: nixpkgs has the hash that the generated flake.lock names, and the
# systems of the golden cases are there. That it builds exactly those shows that the program in
# the machine writes what it writes here.
{
  lib,
  nixpkgs,
  quick-deploy,
}:
let
  golden = ../../../golden;
  system =
    case:
    let
      flake = (import (golden + "/${case}/tree/flake.nix")).outputs {
        inherit nixpkgs;
        self = flake;
      };
    in
    flake.nixosConfigurations.machine.config.system.build.toplevel;
  systems = lib.genAttrs [ "vm-first" "vm-changed" "vm-broken" ] system;
  profiles = lib.fileset.toSource {
    root = golden;
    fileset = lib.fileset.unions (map (case: golden + "/${case}") (lib.attrNames systems));
  };
in
{
  name = "quick-deploy-switch";

  nodes.machine = {
    virtualisation = {
      cores = 2;
      memorySize = 4096;
      diskSize = 16384;
      # A disk with a boot loader of its own, and a store to write to.
      useBootLoader = true;
      useEFIBoot = true;
      additionalPaths = [
        nixpkgs.outPath
        profiles
        quick-deploy
      ]
      ++ lib.attrValues systems;
    };
    boot.loader.systemd-boot.enable = true;
    boot.loader.efi.canTouchEfiVariables = true;
    nix.settings = {
      experimental-features = [
        "nix-command"
        "flakes"
      ];
      substituters = lib.mkForce [ ];
    };
    system.switch.enable = true;
  };

  testScript = ''
    import json
    import shlex

    systems = {
        "first": "${systems.vm-first}",
        "changed": "${systems.vm-changed}",
        "broken": "${systems.vm-broken}",
    }
    tool = (
        "NIX_CONFIG='substituters =' ${lib.getExe quick-deploy} --yes --allow-root"
        " --profile /root/profile/profile.yaml --flake /root/flake"
    )


    def profile(case: str) -> None:
        machine.succeed(f"rm -rf /root/profile && cp -r --no-preserve=mode ${profiles}/vm-{case} /root/profile")


    def switch(case: str, accept: str = "") -> str:
        profile(case)
        return f"{tool} switch --skip network{accept} 2>&1"


    # What the machine of the test has and the profile's has not, such as its serial console.
    def losses(case: str) -> str:
        profile(case)
        print(machine.succeed(f"{tool} build --skip network 2>&1"))
        built = json.loads(machine.succeed(f"{tool} --json diff --built 2>/dev/null"))
        names = [loss["name"] for loss in built.get("losses", []) if "danger" in loss]
        return "".join(f" --accept {shlex.quote(name)}" for name in names)


    def runs(case: str) -> None:
        for link in ["/run/current-system", "/nix/var/nix/profiles/system"]:
            system = machine.succeed(f"readlink -f {link}").strip()
            assert system == systems[case], f"{link} is {system}, not {case}"


    machine.wait_for_unit("multi-user.target")

    with subtest("a machine becomes what the profile says"):
        print(machine.succeed(switch("first", losses("first"))))
        runs("first")
        machine.wait_for_unit("sshd.service")
        machine.fail("systemctl is-active redis-default.service")

    with subtest("a changed profile"):
        print(machine.succeed(switch("changed")))
        runs("changed")
        machine.wait_for_open_port(6379)

    with subtest("a unit fails, and the machine is put back"):
        status, output = machine.execute(switch("broken"))
        print(output)
        assert status in (7, 8), f"exit code {status}"
        assert "broken.service" in output, "the unit is not named"
        runs("changed")
        machine.wait_for_open_port(6379)

    with subtest("rollback"):
        print(machine.succeed(f"{tool} rollback 2>&1"))
        runs("first")
        machine.wait_until_fails("systemctl is-active redis-default.service")

    with subtest("a reboot into the switched system"):
        print(machine.succeed(switch("changed")))
        machine.shutdown()
        machine.start()
        machine.wait_for_unit("multi-user.target")
        runs("changed")
        machine.succeed(f"grep -F 'init={systems['changed']}/init' /proc/cmdline")
        machine.wait_for_open_port(6379)
        print(machine.succeed(f"{tool} status 2>&1"))
  '';
}
