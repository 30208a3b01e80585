# What the systems and homes of a flake are, provided that each has a derivation: every option that
# a file of the flake defines, with its value and these files.
hosts:
let
  inherit (builtins) attrValues filter head mapAttrs;
  first = head (attrValues hosts);
  inherit (first._module.specialArgs.inputs) self;
  inherit (first) lib;

  own = lib.hasPrefix "${self}/";
  # Messages of assertions are texts for the case that they fail.
  shown = leaf: lib.any own leaf.files && head leaf.loc != "assertions";
  show = leaf: {
    option = lib.options.showOption leaf.loc;
    value = lib.options.showDeep (-1) leaf.value;
    files = map (lib.removePrefix "${self}/") (lib.unique (filter own leaf.files));
  };
  system =
    package: evaluated: builtins.seq package.drvPath (map show (filter shown evaluated.leaves));
in
mapAttrs (_: host: system host.config.system.build.toplevel host) hosts
// mapAttrs (_: home: system home.activationPackage home) (self.homeConfigurations or { })
