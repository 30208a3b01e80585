# What a configuration (c) knows about the option at a path, as plain data.
path: c:
let
  # The nearest option on the way: what lies within a submodule is no option of its own.
  walk =
    set: rest:
    if builtins.isAttrs set && (set._type or null) == "option" then
      {
        option = set;
        inherit rest;
      }
    else if rest == [ ] || !(builtins.isAttrs set && set ? ${builtins.head rest}) then
      {
        option = null;
        near = if builtins.isAttrs set then builtins.attrNames set else [ ];
      }
    else
      walk set.${builtins.head rest} (builtins.tail rest);
  found = walk c.options path;
  o = found.option;

  plain =
    depth: v:
    if builtins.isFunction v then
      "<function>"
    else if builtins.isAttrs v then
      if v ? outPath then
        "<${v.name or "package"}>"
      else if depth == 0 then
        "…"
      else
        builtins.mapAttrs (_: plain (depth - 1)) v
    else if builtins.isList v then
      if depth == 0 then "…" else map (plain (depth - 1)) v
    else if builtins.isPath v then
      toString v
    else
      v;
  attempt =
    v:
    let
      p = plain 4 v;
      r = builtins.tryEval (builtins.deepSeq p p);
    in
    if r.success then [ r.value ] else [ ];
  follow =
    v: rest:
    if rest == [ ] then
      v
    else if builtins.isAttrs v && v ? ${builtins.head rest} then
      follow v.${builtins.head rest} (builtins.tail rest)
    else
      throw "not set";
in
if o == null then
  {
    exists = false;
    inherit (found) near;
  }
else
  {
    exists = true;
    near = [ ];
    type = o.type.description or "";
    value = attempt (follow o.value found.rest);
    default =
      if found.rest != [ ] then
        [ ]
      else if o ? defaultText then
        [ (o.defaultText.text or (toString o.defaultText)) ]
      else if o ? default then
        attempt o.default
      else
        [ ];
    declarations = map toString (o.declarations or [ ]);
    files = map toString (o.files or [ ]);
  }
