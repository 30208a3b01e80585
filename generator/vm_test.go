package generator_test

import (
	"strings"
	"testing"
	"testing/fstest"

	"github.com/quick-deploy/quick-deploy/generator"
)

// A virtual machine has what its services can start with in the place of secrets, and nothing of the real ones.
func TestVM(t *testing.T) {
	tree := generate(t, fstest.MapFS{"profile.yaml": {Data: []byte(`version: 1
host:
  name: atlas
  system: x86_64-linux
  stateVersion: "26.05"
  secrets:
    a-word: {file: /etc/secrets/word}
    hash: {file: /etc/secrets/hash}
    key: {file: /etc/secrets/key}
    lines: {file: /etc/secrets/lines}
    keys: {file: /etc/secrets/keys}
  users: {ada: {passwordSecret: a-word, home: {}}}
  desktop: gnome
  services:
    alloy: {environmentSecret: lines}
    jupyter: {passwordHashSecret: hash}
    meilisearch: {masterKeySecret: key}
    nginx: {}
    openssh: {}
    redis: {}
    tailscale: {}
    weaviate: {environmentSecret: keys}
`)}})
	vm, err := tree.Hosts[0].VM(generator.VMSize{Cores: 4})
	if err != nil {
		t.Fatal(err)
	}
	module := strings.Join(strings.Fields(vm.Files["module.nix"]), " ")
	for _, want := range []string{
		`"/etc/secrets/word" = "throwaway-a-word";`,
		// What printf throwawaythrowaway | sha256sum prints, as jupyter_server compares it.
		`"/etc/secrets/hash" = "sha256:throwaway:38a72062a95ae5f715d04c1be937fceea5c377b4d3273d8e8ee6e236a9de2895";`,
		`"/etc/secrets/key" = "throwaway-key---";`,
		`"/etc/secrets/lines" = "THROWAWAY=throwaway-lines\n";`,
		`"/etc/secrets/keys" = "AUTHENTICATION_APIKEY_ALLOWED_KEYS=throwaway-keys\nAUTHENTICATION_APIKEY_USERS=throwaway\n";`,
		`homes = [ "ada" ];`, `memorySize = lib.mkDefault 6144;`, `cores = lib.mkForce 4;`,
	} {
		if !strings.Contains(module, want) {
			t.Errorf("no %s in\n%s", want, module)
		}
	}
	var pages []string
	for _, p := range vm.Pages {
		pages = append(pages, p.Name)
	}
	if got := strings.Join(pages, " "); got != "alloy jupyter meilisearch http https weaviate" {
		t.Errorf("pages: %s", got)
	}
}
