# What it defines stands in defined.json.
{ nixpkgs.profiles = [ "profiles/minimal" ]; }
