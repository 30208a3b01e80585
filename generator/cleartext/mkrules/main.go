// Command mkrules writes the table of shapes that package cleartext looks for,
// out of gitleaks.toml, the rules of gitleaks (config/gitleaks.toml of its repository).
package main

import (
	"bytes"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"regexp"
	"slices"
	"strings"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("mkrules: ")
	in := flag.String("rules", "", "gitleaks.toml")
	from := flag.String("from", "", "the version of gitleaks that it is of")
	out := flag.String("out", "gitleaks.txt", "file to write")
	flag.Parse()
	if err := run(*in, *from, *out); err != nil {
		log.Fatal(err)
	}
}

// The file is itself generated, in one layout: that is all of TOML that is read here.
var (
	id       = regexp.MustCompile(`(?m)^id = "([a-z0-9-]+)"$`)
	pattern  = regexp.MustCompile(`(?m)^regex = '''(.+)'''$`)
	keywords = regexp.MustCompile(`(?ms)^keywords = \[(.*?)\]$`)
	text     = regexp.MustCompile(`"([^"\n]+)"`)
)

// skipped are rules that go by the name of a file, or by names alone, which package cleartext does better.
var skipped = []string{"generic-api-key", "pkcs12-file", "curl-auth-user", "curl-auth-header", "kubernetes-secret-yaml"}

func run(in, from, out string) error {
	data, err := os.ReadFile(in)
	if err != nil {
		return err
	}
	var lines []string
	for part := range strings.SplitSeq(string(data), "\n[[rules]]\n") {
		name := id.FindStringSubmatch(part)
		if name == nil || slices.Contains(skipped, name[1]) {
			continue
		}
		shape := pattern.FindStringSubmatch(part)
		words := keywords.FindStringSubmatch(part)
		if shape == nil || words == nil {
			return fmt.Errorf("rule %s has no regular expression or no keywords", name[1])
		}
		if _, err := regexp.Compile(shape[1]); err != nil {
			return fmt.Errorf("rule %s: %w", name[1], err)
		}
		var list []string
		for _, m := range text.FindAllStringSubmatch(words[1], -1) {
			list = append(list, strings.ToLower(m[1]))
		}
		lines = append(lines, name[1]+"\t"+strings.Join(list, ",")+"\t"+shape[1])
	}
	if len(lines) == 0 {
		return errors.New("no rules in " + in)
	}
	slices.SortFunc(lines, cmp.Compare[string])
	var b bytes.Buffer
	fmt.Fprintf(&b, "# Shapes of secrets: name, keywords, regular expression. "+
		"From gitleaks %s by mkrules; licence in LICENSE.gitleaks.\n", from)
	b.WriteString(strings.Join(lines, "\n") + "\n")
	return os.WriteFile(out, b.Bytes(), 0o644)
}
