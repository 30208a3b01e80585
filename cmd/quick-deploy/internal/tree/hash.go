package tree

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/nix-community/go-nix/pkg/nar"

	"github.com/quick-deploy/quick-deploy/generator/encode"
)

// Hash is the SHA-256 of the NAR of a directory that holds exactly these
// files, in the notation of nix hash path.
func Hash(files []File) (string, error) {
	h := sha256.New()
	w, err := nar.NewWriter(h)
	if err != nil {
		return "", fmt.Errorf("hash the tree: %w", err)
	}
	if err := errors.Join(writeNAR(w, files), w.Close()); err != nil {
		return "", fmt.Errorf("hash the tree: %w", err)
	}
	return encode.SRI(h), nil
}

func writeNAR(w *nar.Writer, files []File) error {
	headers := []nar.Header{{Path: "/", Type: nar.TypeDirectory}}
	for _, d := range dirsOf(files) {
		headers = append(headers, nar.Header{Path: "/" + d, Type: nar.TypeDirectory})
	}
	content := map[string][]byte{}
	for _, f := range files {
		headers = append(headers, nar.Header{Path: "/" + f.Path, Type: nar.TypeRegular, Size: int64(len(f.Data))})
		content["/"+f.Path] = f.Data
	}
	// In a NAR the entries of a directory are sorted by name, and "a" with all that it holds comes before "a.b".
	key := func(h nar.Header) string { return strings.ReplaceAll(h.Path, "/", "\x00") }
	slices.SortFunc(headers, func(a, b nar.Header) int { return strings.Compare(key(a), key(b)) })
	for _, h := range headers {
		if err := w.WriteHeader(&h); err != nil {
			return err
		}
		if h.Type != nar.TypeRegular {
			continue
		}
		if _, err := w.Write(content[h.Path]); err != nil {
			return err
		}
	}
	return nil
}
