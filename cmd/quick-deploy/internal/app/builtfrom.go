package app

import (
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/flake"
)

// builtFrom is what the program was built from: revision, hash as Nix has it, and time in seconds since 1970, with
// commas between them. The linker sets it (-X …/internal/app.builtFrom=…) in a release, and where Nix builds a commit.
var builtFrom string

// ownSource reads such a text; nil without one.
func ownSource(text string) *flake.Locked {
	parts := strings.Split(text, ",")
	if len(parts) != 3 {
		return nil
	}
	modified, err := strconv.ParseInt(parts[2], 10, 64)
	if err != nil {
		return nil
	}
	return &flake.Locked{Rev: parts[0], NarHash: parts[1], LastModified: modified}
}
