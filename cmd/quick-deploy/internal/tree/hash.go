package tree

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/nix-community/go-nix/pkg/nar"
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
	return sri(h.Sum(nil)), nil
}

func writeNAR(w *nar.Writer, files []File) error {
	if err := w.WriteHeader(&nar.Header{Path: "/", Type: nar.TypeDirectory}); err != nil {
		return err
	}
	open := "."
	for _, f := range inNAROrder(files) {
		if err := enter(w, &open, path.Dir(f.Path)); err != nil {
			return err
		}
		header := nar.Header{Path: "/" + f.Path, Type: nar.TypeRegular, Size: int64(len(f.Data))}
		if err := w.WriteHeader(&header); err != nil {
			return err
		}
		if _, err := w.Write(f.Data); err != nil {
			return err
		}
	}
	return nil
}

// inNAROrder sorts by path, part by part: in a NAR the entries of a directory
// are sorted by name, and "a" with all that it holds comes before "a.b".
func inNAROrder(files []File) []File {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b File) int { return byParts(a.Path, b.Path) })
	return files
}

func byParts(a, b string) int {
	for {
		x, restA, moreA := strings.Cut(a, "/")
		y, restB, moreB := strings.Cut(b, "/")
		if x != y {
			return strings.Compare(x, y)
		}
		if !moreA || !moreB {
			return cmp.Compare(len(restA), len(restB))
		}
		a, b = restA, restB
	}
}

// enter writes the directories that lead from the open one to dir.
func enter(w *nar.Writer, open *string, dir string) error {
	var missing []string
	for d := dir; d != "." && d != *open && !strings.HasPrefix(*open, d+"/"); d = path.Dir(d) {
		missing = append(missing, d)
	}
	slices.Reverse(missing)
	for _, d := range missing {
		if err := w.WriteHeader(&nar.Header{Path: "/" + d, Type: nar.TypeDirectory}); err != nil {
			return err
		}
	}
	*open = dir
	return nil
}

func sri(digest []byte) string { return "sha256-" + base64.StdEncoding.EncodeToString(digest) }
