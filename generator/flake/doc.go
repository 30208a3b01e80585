// Package flake knows the inputs of the flakes that the tool writes: which
// there are, where they come from, which revision each is pinned to, and how
// flake.nix and flake.lock say so. It reads no file and no network: the pins
// are embedded, and a lock file is bytes in, bytes out.
package flake
