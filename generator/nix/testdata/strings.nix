[
  "Bob \${builtins.readFile /etc/hostname}"
  ''
    one
      two

    '''three''' ''${four}
  ''
  "/home/${config.x}/\${y}\$${z}"
  "${pkgs.git} status"
  "${config.sops.secrets."the password of the database".path}"
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
