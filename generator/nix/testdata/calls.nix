{
  short = f 1 (-1) "a";
  long =
    builtins.replaceStrings "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
      "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
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
  nested = lib.mkIf cond (
    lib.mkForce [
      "a"
      "b"
    ]
  );
  merge = lib.mkMerge [
    { a = 1; }
    (lib.mkIf cond { b = 2; })
  ];
}
