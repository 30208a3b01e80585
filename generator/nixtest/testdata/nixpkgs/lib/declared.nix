# An option tree out of a table of names, types and defaults: see declared.json. The types
# are texts, as the manual prints them.
{ lib, pkgs }:
table:
let
  inherit (lib) types;
  inherit (builtins) filter head match;

  meta = [
    "$"
    "="
    "@"
  ];

  # A set of options, or an option with the options below it: `<name>` and `*` stand for
  # any name and any element.
  node = strict: json: {
    option = if json ? "$" then option json else null;
    inherit strict;
    children = if json ? "$" then { } else builtins.mapAttrs (_: node strict) json;
    weak = true; # A module may declare it anew.
  };

  option =
    json:
    {
      _type = "option";
      file = "the manual";
      type = parse (brackets json."$") (builtins.removeAttrs json meta);
    }
    // lib.optionalAttrs (json ? "=") { default = json."="; }
    // lib.optionalAttrs (json ? "@") {
      default = lib.attrByPath (lib.splitString "." json."@") (pkgs.standIn json."@") pkgs;
    };

  exact = {
    "boolean" = types.bool;
    "string" = types.str;
    "non-empty string" = types.nonEmptyStr;
    "(optionally newline-terminated) single-line string" = types.singleLineStr;
    "absolute path" = types.path;
    "package" = types.package;
    "signed integer" = types.int;
    "floating point number" = types.float;
    "positive integer, meaning >0" = types.ints.positive;
    "unsigned integer, meaning >=0" = types.ints.unsigned;
    "16 bit unsigned integer; between 0 and 65535 [both inclusive]" = types.port;
    "8 bit unsigned integer; between 0 and 255 [both inclusive]" = types.ints.u8;
    "strings concatenated with “\\n”" = types.lines;
    "strings concatenated with \"\\n\"" = types.lines;
    "strings concatenated with “,”" = types.commas;
    "strings concatenated with \" \"" = types.separatedString " ";
    "strings concatenated with “:”" = types.envVar;
  };

  # What is left in parentheses is structure.
  brackets = builtins.replaceStrings [ "(both inclusive)" ] [ "[both inclusive]" ];

  # The first rule that fits decides. A text that no rule knows takes any value.
  parse =
    text: json:
    let
      rule = re: f: {
        found = match re text;
        inherit f;
      };
      element = inner: parse inner (json."*" or { });
      attribute = inner: parse inner (json."<name>" or { });
      hits = filter (r: r.found != null) [
        (rule "(.*) \\(read only\\)" (m: parse (head m) json))
        (rule "null or (.*)" (m: types.nullOr (parse (head m) json)))
        (rule "\\(([^()]*|[^()]*\\([^()]*\\)[^()]*)\\)" (m: parse (head m) json))
        # Some submodules keep their options out of the manual; those take any name.
        (rule "submodule" (_: below (json != { }) json))
        (rule "open submodule of .*" (_: below false json))
        (rule "string matching the pattern .*" (_: types.str))
        (rule "list of string matching the pattern .*" (_: types.listOf types.str))
        (rule "integer between (-?[0-9]+) and (-?[0-9]+) \\[both inclusive]" (
          m: types.ints.between (lib.toInt (head m)) (lib.toInt (lib.last m))
        ))
        (rule "one of (“[^”]*”(, “[^”]*”)*)" (m: types.enum (quoted (head m))))
        (rule "one of (\"[^\"]*\"(, \"[^\"]*\")*)" (m: types.enum (quoted (head m))))
        (rule "([^()]*) or ([^()]*)" (m: types.either (parse (head m) json) (parse (lib.last m) json)))
        (rule "(non-empty )?\\(?list of ([^()]*)\\)?" (m: types.listOf (element (lib.last m))))
        (rule "list of \\((.*)\\)" (m: types.listOf (element (head m))))
        (rule "(lazy )?attribute set of ([^()]*)" (m: types.attrsOf (attribute (lib.last m))))
        (rule "(lazy )?attribute set of \\((.*)\\)" (m: types.attrsOf (attribute (lib.last m))))
      ];
    in
    exact.${text} or (if hits == [ ] then anything json else (head hits).f (head hits).found);

  quoted = text: map head (filter builtins.isList (builtins.split "[“\"]([^”\"]*)[”\"]" text));

  below =
    strict: json:
    types.submoduleOf "submodule" {
      option = null;
      inherit strict;
      children = builtins.mapAttrs (_: node strict) json;
    };

  anything =
    json:
    if
      builtins.removeAttrs json [
        "*"
        "<name>"
      ] == { }
    then
      types.free
    else
      below false json;
in
node true table
