package cleartext

import (
	"bytes"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	gitleaksFile    = flag.String("gitleaks", "", "gitleaks.toml, to make gitleaks.txt of")
	gitleaksVersion = flag.String("from", "", "the version of gitleaks that it is of")
)

// TestGitleaks makes the table of shapes anew from the rules of gitleaks:
//
//	go test ./generator/cleartext -run TestGitleaks -gitleaks gitleaks.toml -from v8.30.1
func TestGitleaks(t *testing.T) {
	if *gitleaksFile == "" {
		t.Skip("only with -gitleaks")
	}
	if err := writeGitleaks(*gitleaksFile, *gitleaksVersion); err != nil {
		t.Fatal(err)
	}
}

// The file is itself generated, in one layout: that is all of TOML that is read here.
var (
	ruleID       = regexp.MustCompile(`(?m)^id = "([a-z0-9-]+)"$`)
	rulePattern  = regexp.MustCompile(`(?m)^regex = '''(.+)'''$`)
	ruleKeywords = regexp.MustCompile(`(?ms)^keywords = \[(.*?)\]$`)
	quotedText   = regexp.MustCompile(`"([^"\n]+)"`)
)

// skippedRules are rules that go by the name of a file, or by names alone, which this package does better.
var skippedRules = []string{"generic-api-key", "pkcs12-file", "curl-auth-user", "curl-auth-header", "kubernetes-secret-yaml"}

func writeGitleaks(in, from string) error {
	data, err := os.ReadFile(in)
	if err != nil {
		return err
	}
	var lines []string
	for part := range strings.SplitSeq(string(data), "\n[[rules]]\n") {
		name := ruleID.FindStringSubmatch(part)
		if name == nil || slices.Contains(skippedRules, name[1]) {
			continue
		}
		shape := rulePattern.FindStringSubmatch(part)
		words := ruleKeywords.FindStringSubmatch(part)
		if shape == nil || words == nil {
			return fmt.Errorf("rule %s has no regular expression or no keywords", name[1])
		}
		if _, err := regexp.Compile(shape[1]); err != nil {
			return fmt.Errorf("rule %s: %w", name[1], err)
		}
		var list []string
		for _, m := range quotedText.FindAllStringSubmatch(words[1], -1) {
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
		"From gitleaks %s by gitleaks_test.go; licence in LICENSE.gitleaks.\n", from)
	b.WriteString(strings.Join(lines, "\n") + "\n")
	return os.WriteFile("gitleaks.txt", b.Bytes(), 0o644)
}
