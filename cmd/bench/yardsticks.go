package main

import (
	"fmt"
	"os"
	"regexp"
	"strings"

	"go.yaml.in/yaml/v4"
)

// parse has the YAML library read files and does nothing else: what reads a profile cannot be faster by much.
func parse(files []string) error {
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		var doc yaml.Node
		if err := yaml.Unmarshal(data, &doc); err != nil {
			return err
		}
	}
	return nil
}

// scans is how often scan looks through its text, so that the start of the process counts for little.
const scans = 20

// scan has one regular expression look through 1 MiB of a builder's output, which it does not match.
func scan() error {
	const line = "/build/source/src/module.c:128:14: note: in expansion of macro 'container_of'\n"
	text := strings.Repeat(line, 1<<20/len(line))
	failure := regexp.MustCompile(`(?i)(error|failed) with (exit code|status) [0-9]+$`)
	for range scans {
		if failure.MatchString(text) {
			return fmt.Errorf("%s matches", failure)
		}
	}
	return nil
}
