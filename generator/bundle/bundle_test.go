package bundle_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/generator/bundle"
)

func TestBundlesAreWellFormed(t *testing.T) {
	bundles, err := bundle.All()
	if err != nil {
		t.Fatal(err)
	}
	if len(bundles) == 0 {
		t.Fatal("no bundles")
	}
	name := regexp.MustCompile(`^[a-z][a-z0-9-]*$`)
	attr := regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_'-]*(\.[A-Za-z_][A-Za-z0-9_'-]*)*$`)
	var names []string
	owner := map[string]string{}
	for _, b := range bundles {
		names = append(names, b.Name)
		if !name.MatchString(b.Name) {
			t.Errorf("%q is no bundle name", b.Name)
		}
		if b.Summary == "" || strings.HasSuffix(b.Summary, ".") {
			t.Errorf("%s: summary %q", b.Name, b.Summary)
		}
		if len(b.Packages) == 0 {
			t.Errorf("%s is empty", b.Name)
		}
		if !slices.IsSorted(b.Packages) {
			t.Errorf("%s: packages are not sorted: %v", b.Name, b.Packages)
		}
		for _, p := range b.Packages {
			if !attr.MatchString(p) {
				t.Errorf("%s: %q is no attribute path", b.Name, p)
			}
			if other, taken := owner[p]; taken {
				t.Errorf("%s stands in %s and in %s", p, other, b.Name)
			}
			owner[p] = b.Name
		}
		for _, u := range b.Unfree {
			if !slices.Contains(b.Packages, u) {
				t.Errorf("%s: unfree %s is not among the packages", b.Name, u)
			}
		}
	}
	if !slices.IsSorted(names) {
		t.Errorf("bundles are not sorted: %v", names)
	}
}

// Names that nixpkgs has dropped since the bundles' first version, each with
// what took its place. Source: pkgs/top-level/aliases.nix of nixos-26.05.
var dropped = map[string]string{
	"chkrootkit":       "nothing: unmaintained, never worked on NixOS",
	"dogdns":           "doggo",
	"du-dust":          "dust",
	"grafana-agent":    "grafana-alloy",
	"helm":             "kubernetes-helm (helm is a synthesizer)",
	"nixfmt-classic":   "nixfmt",
	"nixfmt-rfc-style": "nixfmt",
	"nodePackages":     "packages of their own",
	"nodejs_20":        "nodejs",
	"promtail":         "grafana-alloy",
}

func TestNoBundleNamesADroppedPackage(t *testing.T) {
	bundles, err := bundle.All()
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range bundles {
		for _, p := range b.Packages {
			if instead, gone := dropped[strings.Split(p, ".")[0]]; gone {
				t.Errorf("%s: nixpkgs 26.05 has no %s; instead: %s", b.Name, p, instead)
			}
		}
	}
}

// The sixteen packages that release 3.0.0 named, and what became of the nine
// optional ones.
func TestThePromisedPackagesHaveABundle(t *testing.T) {
	promised := map[string][]string{
		"ai-data":     {"duckdb", "sqlite-utils", "litecli", "pgcli"},
		"api":         {"httpie", "grpcurl", "k6"},
		"docs":        {"mermaid-cli", "graphviz", "plantuml"},
		"performance": {"hyperfine"},
		"security":    {"trivy", "cosign"},
		"mlops":       {"dvc", "age", "sops"},
		"vector-db":   {"meilisearch", "typesense", "weaviate"},
		"mlflow":      {"mlflow-server"},
		"kubernetes":  {"kubectl", "k9s", "kubernetes-helm"},
		"monitoring":  {"prometheus-node-exporter", "grafana-alloy"},
	}
	for name, packages := range promised {
		b, err := bundle.Find(name)
		if err != nil {
			t.Error(err)
			continue
		}
		for _, p := range packages {
			if !slices.Contains(b.Packages, p) {
				t.Errorf("%s lacks %s", name, p)
			}
		}
	}
}

func TestFindSuggestsTheNearestName(t *testing.T) {
	_, err := bundle.Find("ai-dat")
	if err == nil || !strings.Contains(err.Error(), `did you mean "bundle:ai-data"?`) {
		t.Errorf("got %v", err)
	}
	if _, err := bundle.Find("xxxxxxxxxxxx"); err == nil || !strings.Contains(err.Error(), "ai-data") {
		t.Errorf("the message should list the bundles: %v", err)
	}
}
