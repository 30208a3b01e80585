// Package storepath reads names out of paths in a Nix store: a folder, wherever it is, of
// HASH-NAME, where the hash has 32 characters (nix, doc/manual/source/store/store-path.md).
package storepath

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

var (
	hash    = lazyregexp.New(`(?:^|/)[0-9a-z]{32}-`)
	found   = lazyregexp.New(`/[0-9A-Za-z/+._-]*/[0-9a-z]{32}-[0-9A-Za-z+._?=/@-]+`)
	version = lazyregexp.New(`-[^a-zA-Z].*$`)
)

// Find lists the paths in a store that a text names, with what follows in each, in their order.
func Find(text string) []string { return found.FindAllString(text, -1) }

// Shorten is a text in which of each path in a store the name is left: linux-6.12 for /nix/store/…-linux-6.12.
func Shorten(text string) string { return found.ReplaceAllStringFunc(text, Inner) }

// Inner returns a path without store and hash: linux-6.12/bzImage for /nix/store/…-linux-6.12/bzImage,
// "" for what is in no store.
func Inner(path string) string {
	at := hash.FindStringIndex(path)
	if at == nil {
		return ""
	}
	return path[at[1]:]
}

// Name returns the name of what a path is in: linux-6.12 for /nix/store/…-linux-6.12/bzImage and for
// …-linux-6.12.drv, "" for what is in no store.
func Name(path string) string {
	name, _, _ := strings.Cut(Inner(path), "/")
	name, _, _ = strings.Cut(name, ".drv")
	return name
}

// Package returns that name without its version.
func Package(path string) string { return Unversioned(Name(path)) }

// Unversioned is a name without its version, which begins behind a dash that no letter
// follows (nix, src/libstore/names.cc, DrvName).
func Unversioned(name string) string { return version.ReplaceAllString(name, "") }

// Source is where Nix has the source of a flake's input, by the NAR hash that its lock has, sha256-…: a fixed output
// that is called source (nix, doc/manual/source/protocols/store-path.md). Store is the folder of the store: it is part
// of what the name is made from.
func Source(store, narHash string) (string, error) {
	text, isSHA := strings.CutPrefix(narHash, "sha256-")
	digest, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(digest) != sha256.Size || !isSHA {
		return "", fmt.Errorf("%q is not a NAR hash", narHash)
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "source:sha256:%x:%s:source", digest, store))
	return store + "/" + short(sum[:]) + "-source", nil
}

// short folds a digest to 20 bytes and writes it in Nix's base 32, the lowest bits last (nix, src/libutil/hash.cc,
// compressHash and printHash32).
func short(digest []byte) string {
	const size, letters = 20, "0123456789abcdfghijklmnpqrsvwxyz"
	var folded [size]byte
	for i, b := range digest {
		folded[i%size] ^= b
	}
	out := make([]byte, 0, size*8/5)
	for n := size*8/5 - 1; n >= 0; n-- {
		at, shift := n*5/8, n*5%8
		c := folded[at] >> shift
		if at+1 < size {
			c |= folded[at+1] << (8 - shift)
		}
		out = append(out, letters[c&0x1f])
	}
	return string(out)
}
