package hardware

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync"
)

var (
	rootPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`fileSystems\s*(\.\s*"/"|=\s*\{[^}]*"/")`) })
	uuidPattern = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`/dev/disk/by-uuid/([0-9A-Za-z-]+)`) })
)

// maxKept is the most that an existing file may have, in bytes.
const maxKept = 256 << 10

// existingProblem says why the machine's own hardware-configuration.nix cannot
// be kept, "" if it can: it must have a root file system, and name no device
// that this machine lacks, as a copy from another machine would.
func (d *decider) existingProblem() string {
	f := d.facts.Existing
	switch {
	case f == nil:
		return "the machine has no hardware-configuration.nix"
	case d.facts.NixOS == "":
		return "the machine does not run NixOS"
	case len(f.Text) > maxKept:
		return fmt.Sprintf("it has more than %d KiB", maxKept>>10)
	}
	code := withoutComments(f.Text)
	if d.over.FileSystems != "none" && !rootPattern().MatchString(code) {
		return "it has no root file system"
	}
	for _, m := range uuidPattern().FindAllStringSubmatch(code, -1) {
		known := slices.ContainsFunc(d.facts.Blocks, func(b Block) bool { return strings.EqualFold(b.UUID, m[1]) })
		if !known {
			return "it names " + m[0] + ", which this machine does not have"
		}
	}
	return ""
}

// withoutComments drops lines that are comments.
func withoutComments(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(strings.TrimSpace(line), "#") {
			b.WriteString(line)
		}
	}
	return b.String()
}
