package catalogue

import (
	"regexp"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/generator/index"
	"github.com/quick-deploy/quick-deploy/generator/release"
)

// What is said of a service that the catalogue lacks names only services, options and packages that there are.
func TestAlike(t *testing.T) {
	all, err := services()
	if err != nil {
		t.Fatal(err)
	}
	names := index.Open(release.Default())
	option := regexp.MustCompile(`services\.[a-z0-9-]+\.[a-z]+`)
	wanted := regexp.MustCompile(`\$package: ([a-z0-9]+)`)
	hinted := 0
	for service, others := range alike() {
		if all.Properties[service] == nil {
			t.Errorf("%s is not in the catalogue", service)
		}
		for _, other := range others {
			if all.Properties[other] != nil {
				t.Errorf("%s is in the catalogue itself", other)
			}
			hints := strings.Join(fault.HintsOf(Known(other)), "\n")
			for _, o := range option.FindAllString(hints, -1) {
				hinted++
				if _, ok := names.List(index.Option).Lookup(o); !ok {
					t.Errorf("%s: unknown option %s", other, o)
				}
			}
			for _, p := range wanted.FindAllStringSubmatch(hints, -1) {
				if _, ok := names.List(index.Package).Lookup(p[1]); !ok {
					t.Errorf("%s: unknown package %s", other, p[1])
				}
			}
		}
	}
	if hinted == 0 {
		t.Error("no option is hinted")
	}
	for name, want := range map[string]bool{"mysql": true, "caddy": true, "splunk": false, "apache": false} {
		if got := turnsOn(name) != ""; got != want {
			t.Errorf("%s: got options %q", name, turnsOn(name))
		}
	}
}
