// Package built says what a program of the project was built from, by what the linker was told.
package built

import (
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/flake"
)

// Version is the version of the program: the linker's, else that of the module or of the commit that Go has noted, else
// "dev".
func Version(linked string) string {
	info, ok := debug.ReadBuildInfo()
	if linked != "dev" || !ok || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return linked
	}
	return strings.TrimPrefix(info.Main.Version, "v")
}

// Source reads what the program was built from: revision, hash as Nix has it, and time in seconds since 1970, with
// commas between them; nil where the linker was told nothing.
func Source(linked string) *flake.Locked {
	parts := strings.Split(linked, ",")
	if len(parts) != 3 {
		return nil
	}
	modified, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil {
		return nil
	}
	return &flake.Locked{Rev: parts[0], NarHash: parts[1], LastModified: modified}
}
