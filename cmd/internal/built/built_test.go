package built

import (
	"reflect"
	"testing"

	"github.com/quick-deploy/quick-deploy/generator/flake"
)

func TestOwnSource(t *testing.T) {
	const rev, hash = "0123456789abcdef0123456789abcdef01234567", "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
	for text, want := range map[string]*flake.Locked{
		"":                                 nil,
		rev:                                nil,
		rev + "," + hash + ",yesterday":    nil,
		rev + "," + hash + ",1784011430":   {Rev: rev, NarHash: hash, LastModified: 1784011430},
		rev + "," + hash + ",1784011430,1": nil,
	} {
		if got := Source(text); !reflect.DeepEqual(got, want) {
			t.Errorf("%q is read as %v, want %v", text, got, want)
		}
	}
}
