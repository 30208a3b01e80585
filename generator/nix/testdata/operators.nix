{
  short = a ++ b ++ c;
  packages = [
    pkgs.a
    pkgs.b
  ]
  ++ lib.optionals cond [
    pkgs.c
    pkgs.d
  ];
  update = defaults // {
    a = 1;
    b = 2;
  };
  condition = (a || !b) && c == "d";
  long =
    config.networking.hostName == "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
    && config.networking.domain != "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
  path = self + "/x";
  numbers = [
    (-1)
    (-9223372036854775807 - 1)
    (-0.5)
    (1 - -1)
  ];
  grouped = 1 - (2 - 3);
}
