// Package modules is the catalogue: ordinary NixOS modules, and home-manager
// modules under home/. The generator copies the ones that a host uses into its flake.
package modules

import "embed"

// Files holds the modules by path, such as postgresql.nix and home/git.nix.
//
//go:embed *.nix desktop/*.nix home/*.nix
var Files embed.FS
