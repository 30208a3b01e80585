{
  path = self + "/x";
  numbers = [
    (-1)
    (-9223372036854775807 - 1)
    (-0.5)
  ];
  not = lib.mkOverride 900 (!config.x);
}
