package generator_test

import (
	"testing"

	"github.com/quick-deploy/quick-deploy/generator/nixtest"
)

// Every name in the profiles of README and docs is known. Those of the golden cases and the presets are looked at where
// they are generated.
func TestDocsNameKnownThings(t *testing.T) {
	count := 0
	for _, doc := range nixtest.Documents(t, "..") {
		for _, p := range doc.Profiles() {
			t.Run(p.Name, func(t *testing.T) {
				p.Files["profile.yaml"] = p.Files["quick-deploy.yaml"]
				generate(t, p.Files)
			})
			count++
		}
	}
	if count < 10 {
		t.Errorf("the documentation has %d profiles", count)
	}
}
