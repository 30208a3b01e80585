package diagnose_test

import (
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/diagnose"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixlog"
)

// Whatever a program writes, it is read without harm, and what is found lies in
// a file that exists.
func FuzzParse(f *testing.F) {
	all := samples(f)
	for _, s := range all {
		for _, text := range s.text {
			f.Add(text)
		}
	}
	source := all[0].source
	f.Fuzz(func(t *testing.T, text string) {
		for _, found := range diagnose.Locate(nixlog.Read(text).Errors, source) {
			if found.Owner == diagnose.OfProfile && !found.Pos.IsValid() {
				t.Errorf("%s is of the profile, and nowhere in it", found.What)
			}
		}
	})
}
