# The names of a nixpkgs and a home-manager: packages as a list, options as { type, default } by their paths. What the
# manual does not name, as old names of options, has the type "hidden". NixOS takes half a GB.
{
  nixpkgs,
  home-manager,
  pkgs ? import nixpkgs {
    system = "x86_64-linux";
    config.allowUnfree = true;
    overlays = [ ];
  },
  lib ? pkgs.lib,
}:
let
  # Where a submodule of home-manager may be something else, too, its options are listed all the same.
  extended = lib.extend (
    _: super: {
      types = super.types // {
        either =
          a: b:
          super.types.either a b
          // {
            getSubOptions = prefix: a.getSubOptions prefix // b.getSubOptions prefix;
          };
      };
    }
  );
  # Whatever cannot be evaluated is left out.
  text =
    value:
    let
      found = builtins.tryEval (builtins.seq value value);
    in
    if found.success && builtins.isString found.value then found.value else "";
  isHidden = option: option.internal || option.visible == false;
  entry = option: {
    name = option.name;
    value =
      if isHidden option then
        { type = "hidden"; }
      else
        {
          type = text option.type;
          default = if (option.default._type or "") == "literalMD" then "" else text (option.default.text or "");
        };
  };
  entries = options: builtins.listToAttrs (map entry (lib.optionAttrSetToDocList options));
in
{
  packages = builtins.attrNames pkgs;
  options =
    entries
      (import (nixpkgs + "/nixos/lib/eval-config.nix") {
        system = null;
        inherit lib;
        modules = [ { nixpkgs.pkgs = pkgs; } ];
      }).options;
  home-options =
    entries
      (import (home-manager + "/modules") {
        inherit pkgs;
        lib = extended;
        check = false;
        configuration = {
          home.username = "ada";
          home.homeDirectory = "/home/ada";
          home.stateVersion = "25.11"; # that all releases know
        };
      }).options;
}
