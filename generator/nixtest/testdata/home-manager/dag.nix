# lib.hm: entries of home.activation and their order.
{ lib }:
let
  entry = after: before: data: { inherit after before data; };

  # Entries such that each comes after what it names. Names that no entry has are ignored:
  # writeBoundary and its like are steps of the activation script itself.
  sort =
    entries:
    let
      needs = lib.mapAttrs (
        name: e:
        lib.filter (n: entries ? ${n}) e.after
        ++ lib.filter (n: lib.elem name entries.${n}.before) (lib.attrNames entries)
      ) entries;
      go =
        done: rest:
        let
          ready = lib.filter (n: lib.all (need: lib.elem need done) needs.${n}) rest;
        in
        if rest == [ ] then
          done
        else if ready == [ ] then
          throw "Dependency cycle in activation script: ${toString rest}"
        else
          go (done ++ ready) (lib.subtractLists ready rest);
    in
    map (name: {
      inherit name;
      inherit (entries.${name}) data;
    }) (go [ ] (lib.attrNames entries));
in
{
  dag = {
    inherit sort;
    entryAnywhere = entry [ ] [ ];
    entryAfter = after: entry after [ ];
    entryBefore = entry [ ];
    entryBetween = before: after: entry after before;
  };
}
