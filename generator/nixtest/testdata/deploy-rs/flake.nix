# A small stand-in for deploy-rs, written for quick-deploy's tests: profiles become packages
# with an activation script, and nodes are checked for what they must have.
{
  outputs =
    { self }:
    {
      lib =
        let
          systems = [
            "x86_64-linux"
            "aarch64-linux"
          ];
          package =
            system: name: base: command:
            derivation {
              inherit name system base;
              builder = "/bin/sh";
              args = [
                "-c"
                ''
                  PATH=${import ./tools.nix}; set -eu
                  mkdir $out
                  for entry in "$base"/*; do ln -s "$entry" $out/; done
                  printf '#!/bin/sh\n%s\n' '${command}' > $out/deploy-rs-activate
                  chmod +x $out/deploy-rs-activate
                ''
              ];
            };
          perSystem = system: {
            activate = {
              nixos =
                machine:
                package system "activatable-nixos" machine.config.system.build.toplevel
                  "$PROFILE/bin/switch-to-configuration switch";
              home-manager = home: package system "activatable-home" home.activationPackage "$PROFILE/activate";
              custom = base: command: package system "activatable" base command;
              noop = base: package system "activatable-noop" base ":";
            };
            deployChecks =
              deploy:
              let
                problems = builtins.concatMap (
                  name:
                  let
                    node = deploy.nodes.${name};
                  in
                  (if node ? hostname then [ ] else [ "node ${name} has no hostname" ])
                  ++ (
                    if builtins.match ".*[a-zA-Z].*" name != null then
                      [ ]
                    else
                      [ "node ${name} has no letter in its name" ]
                  )
                  ++ builtins.concatMap (
                    p: if node.profiles.${p} ? path then [ ] else [ "profile ${p} of ${name} has no path" ]
                  ) (builtins.attrNames node.profiles)
                ) (builtins.attrNames deploy.nodes);
              in
              {
                deploy-schema =
                  if problems != [ ] then
                    throw (builtins.concatStringsSep "\n" problems)
                  else
                    derivation {
                      name = "deploy-schema";
                      inherit system;
                      builder = "/bin/sh";
                      args = [
                        "-c"
                        "echo ok > $out"
                      ];
                    };
              };
          };
        in
        builtins.listToAttrs (
          map (name: {
            inherit name;
            value = perSystem name;
          }) systems
        );
    };
}
