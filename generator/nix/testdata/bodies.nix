let
  cfg = config.services.x;

  name = "y";
  inherit (inputs) lib;
  inherit a b;
  inherit (cfg)
    a1
    a2
    a3
    a4
    ;
in
[
  (if a then 1 else 2)
  (
    if f "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" then
      { a = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"; }
    else if b then
      2
    else
      { }
  )
  (x: y: x + y)
  ({ lib, pkgs, ... }: {
    a = 1;
    b = 2;
  })
  (
    {
      config,
      lib,
      pkgs,
      ...
    }:
    {
      a = 1;
    }
  )
  (
    {
      a,
      b,
      c,
    }:
    a
  )
  (args@{ ... }: args)
  rec {
    a = 1;
    b = a;
  }
  {
    inherit x;
    inherit y;
    inherit (cfg) z;
  }
]
