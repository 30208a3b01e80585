// Package profile reads the YAML profile that describes one NixOS machine or
// a fleet, and yields one merged description a host.
//
// # YAML
//
// A profile is one YAML 1.2 document in UTF-8, read with go.yaml.in/yaml. What
// profiles do without is refused with its place: anchors, aliases, merge keys,
// tags, directives, further documents, keys that are not text, duplicate keys,
// NaN, infinity, numbers that YAML readers disagree about (0644), and colons
// between braces that have no space behind them. Values are shared by layers
// instead of anchors, so that each can be traced to its place and nothing
// expands. Sizes and depths are bounded, see MaxBytes, MaxDepth, MaxIndicators,
// MaxFiles and MaxTotal. Text without quotes follows the core schema of YAML
// 1.2: yes, no, on and off are text. Release numbers without quotes are a
// problem of their own.
//
// # Layers
//
// A host is merged from layers, later ones overriding earlier ones:
//
//	defaults, then each of its groups in the order the host lists them, then the host itself
//
// and within each of these from the files in the order of extends, depth
// first, a file's own keys after those of the files that it extends. What is more specific wins
// over what is nearer: a host of an extended file overrides the defaults of
// the file that extends it. A file reached twice counts where it is reached first.
//
// Layers merge by these rules:
//
//   - maps merge key by key, everything else replaces;
//   - +key: [a, b] appends to the list that key inherits; entries that are
//     there already are not repeated. (A key that really starts with a plus sign is written ++key.)
//   - key: ~ (null) takes back what key inherits, as if it had never been set;
//     a key with nothing behind it is the same, but for the name of a thing: a
//     user or a secret that is named with nothing behind is there, as if by {};
//   - a service, and what else the schema lets be an object, a boolean or null,
//     is on when it is named: null, true and {} are the same and keep what is
//     inherited; false takes the service away;
//   - in maps that the schema leaves open (nixos, home) null is a value like any other.
//
// Merging is associative, so that defaults and groups are merged once for all
// hosts. What leaves the package is the normal form: no + keys, no nulls that
// take something back, services as maps. Each node keeps the place it was written at.
//
// # What is wrong
//
// All of it is told in one run: a value that is refused is left out, a gap
// remains (Node.Known), and what else there is goes on through merging and
// generating; nothing is judged that only depends on a gap. Behind a mistake in
// the syntax the file is read on without the lines around it.
//
// # Large profiles
//
// A file of many hosts in block style is read in parts: each host when it is
// asked for, and anew each time, so that thousands of them are never in memory
// together. What is in the file, where it stands and what is wrong with it are the
// same as in one piece; where that is not sure the file is read in one piece.
//
// # Flat profiles
//
// A profile of one machine may write host: with the name inside instead of
// hosts: with the name as key.
package profile
