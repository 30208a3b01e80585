# A generated flake, evaluated with a whole nixpkgs: NixOS's own modules and real packages.
# Inputs other than nixpkgs and home-manager are the stand-ins.
{
  flake, # folder of the flake
  nixpkgs, # folder of a nixpkgs
  nixos, # folder that holds nixos/, the same but for modules of another age
  lib, # folder that holds lib/, likewise
  home-manager ? null, # folder of home-manager; without it homes are left out
  standIns, # folder with a flake for each other input
  # JSON: names of systems, none for all; older, whether the nixpkgs is older than the flake wants;
  # paths of options and names of packages that it therefore lacks; own, whether each host makes its
  # packages, as in NixOS, where the flake gives it none; image, for an image instead of a system: the
  # variant, "" for a virtual machine, and the module that gives the host what it needs.
  request,
}:
let
  inherit (builtins.fromJSON request)
    names
    older
    options
    own
    packages
    ;
  image = (builtins.fromJSON request).image or null;
  dir = name: /. + name;

  call =
    dir: inputs:
    let
      self = (import (dir + "/flake.nix")).outputs (inputs // { inherit self; }) // {
        inherit inputs;
        # A string: a path would be copied into the store.
        outPath = toString dir;
      };
    in
    self;

  apart = nixos != nixpkgs || lib != nixpkgs;
  whole = call (dir nixpkgs) { };
  lib' = if apart then import (dir lib + "/lib") else whole.lib;
  nixosSystem =
    if apart then
      args: import (dir nixos + "/nixos/lib/eval-config.nix") (args // { system = null; })
    else
      whole.lib.nixosSystem;

  # Only for a nixpkgs that is older than the flake wants, or that lacks files.
  ages = { inherit apart nixpkgs packages; };
  overlays = [ (import ./older.nix ages) ];
  packagesFor = lib'.genAttrs [ "x86_64-linux" "aarch64-linux" ] (
    system: import (dir nixpkgs) { inherit system overlays; }
  );

  # The system that the flake's nixosSystem makes, with a package set shared by the hosts that
  # ask for nothing special.
  system =
    args:
    let
      made = nixosSystem (args // { lib = lib'; });
      known = made.extendModules {
        modules = [
          # Some modules look at pkgs before they say which options they define.
          { nixpkgs.pkgs = lib'.mkDefault packagesFor.x86_64-linux; }
          (lib'.mkIf (image == null) {
            # What a probe would have found, where there are no facts.
            boot.loader.grub.enable = lib'.mkDefault false;
            fileSystems."/" = lib'.mkDefault {
              device = "none";
              fsType = "tmpfs";
            };
          })
          {
            # The manual is made from all options, which takes half of the time of an evaluation.
            documentation.nixos.enable = lib'.mkForce false;
          }
        ]
        ++ lib'.optional (
          image != null && !builtins.pathExists (dir nixos + "/nixos/modules/image/images.nix")
        ) (import ./images.nix (dir nixos))
        ++ lib'.optional (options != [ ]) (import ./unknown-options.nix made options);
      };
      wanted = known.config.nixpkgs;
      given = known.options.nixpkgs.pkgs.highestPrio < (lib'.mkDefault null).priority;
      pkgs =
        if given then
          wanted.pkgs.appendOverlays wanted.overlays
        else if !own && wanted.overlays == [ ] && wanted.config == { } then
          packagesFor.${wanted.hostPlatform.system}
        else
          import (dir nixpkgs) {
            inherit (wanted.hostPlatform) system;
            inherit (wanted) config;
            overlays = overlays ++ wanted.overlays;
          };
    in
    known.extendModules {
      modules = [
        {
          nixpkgs = {
            pkgs = lib'.mkForce pkgs;
            # Where the flake gives packages, NixOS asserts that there is none.
            config = lib'.mkIf (!given) (lib'.mkForce { });
            overlays = lib'.mkForce [ ];
          };
        }
      ];
    };

  home =
    args:
    (call (dir home-manager) { nixpkgs = pinned.nixpkgs; }).lib.homeManagerConfiguration (
      { lib = lib'; }
      // args
      // {
        modules = args.modules ++ lib'.optional older { home.enableNixpkgsReleaseCheck = false; };
      }
    );

  pinned = {
    nixpkgs = {
      # What a flake imports lacks nothing either.
      outPath = builtins.toFile "nixpkgs.nix" ''
        args:
        import ${nixpkgs} (args // {
          overlays = [
            (import ${toString ./older.nix} (builtins.fromJSON ${builtins.toJSON (builtins.toJSON ages)}))
          ]
          ++ args.overlays or [ ];
        })
      '';
      lib = lib' // {
        nixosSystem = system;
      };
      legacyPackages = packagesFor;
    };
    home-manager.lib.homeManagerConfiguration = home;
  };

  # nixpkgs-canary is another revision of nixpkgs, of which there is only one here.
  inputFor =
    name:
    pinned.${name} or (
      if builtins.pathExists (dir standIns + "/${name}") then
        call (dir standIns + "/${name}") { }
      else
        inputFor (lib'.concatStringsSep "-" (lib'.init (lib'.splitString "-" name)))
    );
  outputs = call (dir flake) (
    lib'.genAttrs (builtins.attrNames (import (dir flake + "/flake.nix")).inputs) inputFor
  );

  result =
    config: drv:
    let
      failed = map (a: a.message) (builtins.filter (a: !a.assertion) config.assertions);
    in
    {
      assertions = failed;
      inherit (config) warnings;
      # A system throws for what it asserts.
      drv = if failed == [ ] then drv.drvPath else "";
    };

  # The image as the throwaway flake of quick-deploy image has it, or the virtual machine as that of quick-deploy vm.
  imageOf =
    host:
    let
      extended = host.extendModules {
        modules = [ (dir image.module) ];
        specialArgs.flake = outputs;
      };
      made = extended.config.system.build.images.${image.variant};
    in
    if image.variant == "" then
      result extended.config.virtualisation.vmVariant extended.config.system.build.vm
    else
      {
        # What the system in it asserts, it throws.
        assertions = [ ];
        warnings = [ ];
        drv = made.drvPath;
      };
in
lib'.filterAttrs (name: _: names == [ ] || builtins.elem name names) (
  builtins.mapAttrs (
    _: host:
    if image == null then
      result host.config host.config.system.build.toplevel
    else
      imageOf host
  ) outputs.nixosConfigurations
  // lib'.optionalAttrs (home-manager != null) (
    builtins.mapAttrs (
      _: home: result home.config home.activationPackage
    ) (outputs.homeConfigurations or { })
  )
)
