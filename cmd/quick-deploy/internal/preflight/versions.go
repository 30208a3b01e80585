package preflight

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/closure"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

var release = Check{
	Name: "release", acting: true,
	Doc: "the machine does not get an older release of NixOS",
	find: func(_ context.Context, v *visit) {
		now, version := v.system().Release()
		next := v.to.Release
		if now == "" || next == "" || next == "unstable" || closure.CompareVersions(next, now) >= 0 {
			return
		}
		kind := "NixOS " + now
		if strings.Contains(version, "pre") { // 26.05pre812345.abcdef0
			kind = "a pre-release of " + kind + " (unstable)"
		}
		v.blocker(fmt.Sprintf("set release: %q in the profile; services may have migrated their data and not "+
			"work with older versions", now), "the running system is %s, the profile asks for %s", kind, next)
	},
}

// DateLayout is how dates are written for the user.
const DateLayout = "2 January 2006"

// builtFrom are release, date or number of commits, and revision in a version of
// NixOS. A flake's has the date of the commit in UTC, 26.05.20260714.8eeec93 (nixpkgs,
// lib/flake-version-info.nix); a channel's the number of commits, 26.05.4937.8eeec934ae0d
// and 26.11pre812345.8eeec934ae0d.
var builtFrom = lazyregexp.New(`([0-9]{2}\.[0-9]{2})(?:\.|pre|beta)([0-9]+)\.([0-9a-f]{7,40}|dirty)$`)

var nixpkgs = Check{
	Name: "nixpkgs", acting: true,
	Doc: "the machine does not get an older nixpkgs of its release, unless you chose it",
	// A way back to an older release is what the check "release" finds.
	find: func(_ context.Context, v *visit) {
		release, version := v.system().Release()
		of, next := builtFrom.FindStringSubmatch(version), v.to.Nixpkgs
		if of == nil || next.Date.IsZero() || strings.HasPrefix(next.Rev, of[3]) {
			return
		}
		// Which release unstable will become is not known; it is never an upgrade here.
		order := 0
		if v.to.Release != "unstable" {
			order = closure.CompareVersions(v.to.Release, cmp.Or(release, of[1]))
		}
		to := next.Date.UTC().Format(DateLayout)
		now, err := time.Parse("20060102", of[2])
		undated := err != nil || now.Year() == 1970 // a channel's, and a flake's whose source has no date
		switch {
		case order < 0, undated && (!next.BuiltIn || order > 0), !undated && !next.Date.Before(now):
			return
		case undated:
			v.warning(next.Fix, "nixpkgs (%s) is of %s, and that of the running NixOS %s may be newer",
				next.Origin, to, version)
			return
		}
		severity := Warning
		if next.BuiltIn && order == 0 {
			severity = Blocker
		}
		v.find(severity, next.Fix, "nixpkgs would be downgraded from %s to %s (%s)", now.Format(DateLayout), to, next.Origin)
	},
}

var stateVersion = Check{
	Name: "state-version", acting: true,
	Doc: "stateVersion is what it was at the first deployment",
	find: func(_ context.Context, v *visit) {
		first, now := v.to.Deployed, v.to.StateVersion
		if first != "" && now != "" && first != now {
			v.blocker(fmt.Sprintf("set it back to %q: it names the release that the machine's data was made with "+
				"and is not for upgrading", first),
				"stateVersion is %s, the machine was deployed with %s", now, first)
		}
	},
}

// packageVersion finds the version of a package in the store paths of a unit file:
// /nix/store/…-postgresql-and-plugins-17.5/bin/postgres.
func packageVersion(unit, name string) string {
	re := regexp.MustCompile(`/nix/store/[a-z0-9]{32}-` + regexp.QuoteMeta(name) + `(?:-[a-z-]+)?-([0-9]+(?:\.[0-9]+)*)`)
	if m := re.FindStringSubmatch(unit); m != nil {
		return m[1]
	}
	return ""
}

var services = Check{
	Name: "services", acting: true,
	Doc: "no service with data gets an older version",
	find: func(_ context.Context, v *visit) {
		for _, name := range slices.Sorted(maps.Keys(v.to.Versions)) {
			next := v.to.Versions[name]
			now := packageVersion(v.system().Text("/etc/systemd/system/"+name+".service"), name)
			if now == "" || closure.CompareVersions(now, next) <= 0 || strings.HasPrefix(now, next+".") {
				continue
			}
			major, _, _ := strings.Cut(now, ".")
			v.blocker("keep version "+major+" in the profile, or dump the data first and --skip services",
				"%s would go from %s to %s, and older versions do not read newer data", name, now, next)
		}
	},
}
