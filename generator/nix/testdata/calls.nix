{
  short = f 1 (-1) "a";
  lastSet = lib.mkIf cond {
    a = 1;
    b = 2;
  };
  lastFunction = map (x: {
    a = x;
    b = x;
  }) xs;
  absorbedFunction = lib.genAttrs systems (system: {
    a = system;
  });
  merge = lib.mkMerge [
    { a = 1; }
    (lib.mkIf cond { b = 2; })
  ];
}
