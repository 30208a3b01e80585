package generator_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// installed are the packages in a file, and those that it names in comments.
func installed(t *testing.T, file []byte) (yes, no []string) {
	t.Helper()
	for _, m := range regexp.MustCompile(`(?m)^ *(# *)?pkgs\.([\w.-]+)$`).FindAllStringSubmatch(string(file), -1) {
		if m[1] != "" {
			no = append(no, m[2])
			continue
		}
		yes = append(yes, m[2])
	}
	return yes, no
}

// atlasWith is a profile of host atlas, with keys in YAML's short form.
func atlasWith(keys string, extends ...string) fstest.MapFS {
	return fstest.MapFS{"profile.yaml": {Data: fmt.Appendf(nil, "version: 1\nextends: [%s]\n"+
		"host: {name: atlas, system: x86_64-linux, stateVersion: \"26.05\", %s}\n", strings.Join(extends, ", "), keys)}}
}

// What release 3.0.0 put into home.nix, installed and in comments, is there again.
func TestPackagesOfTheReleaseNotes(t *testing.T) {
	tree := generate(t, atlasWith(`users: {ada: {}, eve: {home: {packages: ["bundle:kubernetes"]}}}`, "preset:ai-workstation"))
	system, _ := installed(t, tree.File("hosts/atlas/configuration.nix"))
	for user, kubernetes := range map[string]bool{"ada": false, "eve": true} {
		home := tree.File("hosts/atlas/home-" + user + ".nix")
		yes, no := installed(t, home)
		for _, p := range []string{
			"duckdb", "sqlite-utils", "litecli", "pgcli", "httpie", "grpcurl", "k6", "mermaid-cli", "graphviz", "plantuml",
			"hyperfine", "trivy", "cosign", "dvc", "age", "sops",
		} {
			if !slices.Contains(yes, p) || slices.Contains(system, p) {
				t.Errorf("%s: not in the home of %s, or in the system as well", p, user)
			}
		}
		for _, p := range []string{
			"meilisearch", "typesense", "weaviate", "mlflow-server", "kubectl", "k9s", "kubernetes-helm", "prometheus-node-exporter", "grafana-alloy",
		} {
			on := kubernetes && slices.Contains([]string{"kubectl", "k9s", "kubernetes-helm"}, p)
			if slices.Contains(yes, p) != on || slices.Contains(no, p) == on || slices.Contains(system, p) {
				t.Errorf("%s: installed for %s: %v, in a comment: %v", p, user, slices.Contains(yes, p), slices.Contains(no, p))
			}
		}
		how := map[bool]string{false: "bundle:kubernetes", true: "bundle:mlflow"}[kubernetes]
		if !strings.Contains(string(home), `# +userPackages: ["`+how+`"]`) {
			t.Errorf("the home of %s does not say how to have more", user)
		}
	}
}

func TestHomePackages(t *testing.T) {
	for name, tc := range map[string]struct {
		host                  string
		system, home, comment []string
		unfree                bool
	}{
		"a bundle in both places": {
			`packages: ["bundle:performance"], users: {ada: {home: {packages: ["bundle:performance"]}}}`, []string{"hyperfine"}, []string{"hyperfine"}, nil, false,
		},
		"a bundle with an unfree package": {`users: {ada: {home: {packages: ["bundle:unrar"]}}}`, nil, []string{"unrar"}, nil, true},
		"the same for every user":         {`userPackages: ["bundle:unrar"], users: {ada: {}}`, nil, []string{"unrar"}, nil, true},
		"named twice":                     {`userPackages: [gimp, age], users: {ada: {home: {packages: [age, sops]}}}`, nil, []string{"gimp", "age", "sops"}, nil, false},
		"none":                            {`userPackages: [], users: {ada: {}}`, nil, nil, nil, false},
		"only comments":                   {`optionalPackages: [gimp, "bundle:unrar"], users: {ada: {home: {}}}`, nil, nil, []string{"gimp", "unrar"}, false},
		"chosen, so no comment":           {`optionalPackages: ["bundle:mlops"], userPackages: [dvc, age, sops], users: {ada: {}}`, nil, []string{"dvc", "age", "sops"}, nil, false},
		"chosen in part":                  {`optionalPackages: ["bundle:mlops"], userPackages: [dvc], users: {ada: {}}`, nil, []string{"dvc"}, []string{"age", "dvc", "sops"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			tree := generate(t, atlasWith(tc.host))
			configuration := tree.File("hosts/atlas/configuration.nix")
			system, _ := installed(t, configuration)
			home, comment := installed(t, tree.File("hosts/atlas/home.nix"))
			if !slices.Equal(system, tc.system) || !slices.Equal(home, tc.home) || !slices.Equal(comment, tc.comment) {
				t.Errorf("system %q, home %q, in comments %q", system, home, comment)
			}
			if unfree := strings.Contains(string(configuration), `"unrar"`); unfree != tc.unfree {
				t.Errorf("unfree packages are allowed: %v", unfree)
			}
		})
	}
	// A fault is told once, however many homes there are.
	p, err := load(t, atlasWith(`userPackages: ["bundle:ia"], optionalPackages: ["bundle:kubernets"], users: {ada: {}, eve: {}}`))
	if err != nil {
		t.Fatal(err)
	}
	_, err = generator.Generate(generator.Input{Profile: p, Schema: schemaRoot(t), Files: profile.FS{}})
	var problems profile.Problems
	if !errors.As(err, &problems) || len(problems) != 2 || !strings.Contains(err.Error(), `did you mean "bundle:kubernetes"`) {
		t.Errorf("problems %v", err)
	}
	tree := generate(t, atlasWith(`userPackages: [gimp]`))
	if !slices.ContainsFunc(tree.Notices, func(n generator.Notice) bool { return strings.Contains(n.Text, "installs for nobody") }) {
		t.Errorf("notices %+v", tree.Notices)
	}
}
