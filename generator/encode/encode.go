// Package encode is how the program writes data down: JSON for people to read, and hashes as Nix has them.
package encode

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"hash"
	"io"
)

// JSON writes v to w, indented by two spaces, with a line end behind it. <, > and & stand as they are.
func JSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// Hash returns the SHA-256 of data, as SRI does.
func Hash(data []byte) string {
	h := sha256.New()
	h.Write(data)
	return SRI(h)
}

// SRI returns what a SHA-256 has come to in the notation of the web's Subresource Integrity (W3C, SRI), which
// Nix has too: sha256- and the digest in base 64.
func SRI(h hash.Hash) string { return "sha256-" + base64.StdEncoding.EncodeToString(h.Sum(nil)) }
