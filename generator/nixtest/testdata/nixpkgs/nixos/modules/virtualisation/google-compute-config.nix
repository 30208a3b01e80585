# What it defines stands in defined.json.
{ nixpkgs.profiles = [ "virtualisation/google-compute-config" ]; }
