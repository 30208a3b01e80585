[
  "Bob \${builtins.readFile /etc/hostname}"
  ''
    one
      two

    '''three''' ''${four}
  ''
  "/home/${config.x}/\${y}\$${z}"
  "${lib.getExe pkgs.git} status"
  "${lib.concatMapStringsSep " " (x: x.name) [
    a
    b
  ]}"
  {
    script = ''
      set -eu
      exec x
    '';
    "a b"."c.d" = "\r\n\t";
    a.b.c.d.e = ''
      x
      y'';
  }
  # Why it is here,
  # in two lines.
  pkgs.x
  (f ''
    a
    b
  '')
  (pkgs.writeText "name" ''
    a
    b
  '')
  [
    # Nothing but this.
  ]
  [
    a
    # Between.
    b
    # At the end,
    #   deeper.
  ]
]
