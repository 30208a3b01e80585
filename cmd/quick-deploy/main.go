// Command quick-deploy turns one YAML profile into a NixOS flake and applies it.
package main

import (
	"os"
	"runtime"
	"runtime/debug"

	"github.com/quick-deploy/quick-deploy/cmd/internal/built"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/cli"
)

// version is set by the linker (-X main.version=…).
var version = "dev"

func main() {
	collectLate()
	os.Exit(int(cli.New(built.Version(version), os.Stdin, os.Stdout, os.Stderr).Execute(os.Args)))
}

// collectLate has the first collection of garbage wait for 16 MiB instead of 4: a command for one host ends before.
// From then on memory is collected as ever.
func collectLate() {
	if os.Getenv("GOGC") != "" {
		return
	}
	usual := debug.SetGCPercent(400)
	runtime.AddCleanup(new(*int), func(percent int) { debug.SetGCPercent(percent) }, usual)
}
