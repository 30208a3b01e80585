# What it defines stands in defined.json.
{ nixpkgs.profiles = [ "virtualisation/lxc-container" ]; }
