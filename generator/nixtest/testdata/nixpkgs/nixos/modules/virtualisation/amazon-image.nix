# What it defines stands in defined.json.
{ nixpkgs.profiles = [ "virtualisation/amazon-image" ]; }
