package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// namesNix evaluates the lists of a release.
//
//go:embed names.nix
var namesNix string

// collect has Nix make the lists of the releases that have pins, below dir.
func collect(dir string) error {
	flakes, err := filepath.Glob(filepath.Join("generator", "flake", "pins", "*", "flake.lock"))
	if err != nil || flakes == nil {
		return fmt.Errorf("there are no pins here: %w", os.ErrNotExist)
	}
	for _, lock := range flakes {
		release := filepath.Base(filepath.Dir(lock))
		pins, err := filepath.Abs(filepath.Dir(lock))
		if err != nil {
			return err
		}
		into := filepath.Join(dir, release)
		if err := os.MkdirAll(into, 0o755); err != nil {
			return err
		}
		inputs := fmt.Sprintf("(builtins.getFlake %s).inputs", quote("path:"+pins))
		for _, kind := range []string{"packages", "options", "home-options"} {
			expr := fmt.Sprintf("((%s) { inherit (%s) nixpkgs home-manager; }).%s", namesNix, inputs, kind)
			if err := evaluate(filepath.Join(into, kind+".json"), expr); err != nil {
				return fmt.Errorf("%s of %s: %w", kind, release, err)
			}
		}
		expr := fmt.Sprintf(`let
			inputs = %s;
			source = name: {
				of = "${name} ${inputs.${name}.shortRev or "of a path"}";
				inherit (inputs.${name}) narHash;
			};
		in {
			packages = source "nixpkgs";
			options = source "nixpkgs";
			home-options = source "home-manager";
		}`, inputs)
		if err := evaluate(filepath.Join(into, "sources.json"), expr); err != nil {
			return fmt.Errorf("sources of %s: %w", release, err)
		}
	}
	return nil
}

// evaluate writes what Nix makes of an expression, as JSON, to a file.
func evaluate(file, expr string) error {
	cmd := exec.Command("nix", "--extra-experimental-features", "nix-command flakes",
		"eval", "--impure", "--json", "--expr", expr)
	cmd.Stderr = os.Stderr
	data, err := cmd.Output()
	if err != nil {
		return err
	}
	return os.WriteFile(file, data, 0o644)
}

// quote is a string of Nix: JSON's, but for antiquotation, which no path here has.
func quote(s string) string {
	data, _ := json.Marshal(s) // a text
	return string(data)
}
