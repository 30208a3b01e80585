// Command quick-deploy turns one YAML profile into a NixOS flake and applies it.
package main

import (
	"os"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/cli"
)

// version is set by the linker (-X main.version=…).
var version = "dev"

func main() {
	os.Exit(int(cli.New(version, os.Stdin, os.Stdout, os.Stderr).Execute(os.Args)))
}
