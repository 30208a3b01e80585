// Command narhash prints the hash of a folder as Nix has it, which is what flake.lock has of a source:
// go run .ci/narhash.go DIR prints what nix hash path DIR does.
package main

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"os"

	"github.com/nix-community/go-nix/pkg/nar"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: narhash DIR")
		os.Exit(2)
	}
	h := sha256.New()
	if err := nar.DumpPath(h, os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "narhash:", err)
		os.Exit(1)
	}
	fmt.Println("sha256-" + base64.StdEncoding.EncodeToString(h.Sum(nil)))
}
