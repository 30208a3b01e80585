package app

// builtFrom is what the program was built from, see built.Source. The linker sets it
// (-X …/internal/app.builtFrom=…) in a release, and where Nix builds a commit.
var builtFrom string
