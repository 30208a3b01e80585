package interview

import (
	"slices"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"
	"pgregory.net/rapid"
)

// Whatever changed, what is shown has room, is part of it in its order, and has as much of what is new as fits.
func TestFit(t *testing.T) {
	lines := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", "d: 1", "", "e = \"x\";"}), 0, 30)
	rapid.Check(t, func(t *rapid.T) {
		before, after := lines.Draw(t, "before"), lines.Draw(t, "after")
		room := rapid.IntRange(0, 40).Draw(t, "room")
		rows := changed(strings.Join(before, "\n"), strings.Join(after, "\n"))
		got := fit(rows, room)
		if len(got) > room {
			t.Fatalf("%d rows where there is room for %d", len(got), room)
		}
		isNew := func(r row) bool { return r.mark == '+' }
		added, shown, at := 0, 0, 0
		for _, r := range rows {
			if isNew(r) {
				added++
			}
		}
		for _, r := range got {
			if strings.HasPrefix(r.text, "⋮") {
				continue
			}
			i := slices.Index(rows[at:], r)
			if i < 0 {
				t.Fatalf("%+v is not there, or not in its place: %+v", r, rows)
			}
			if at += i + 1; isNew(r) {
				shown++
			}
		}
		if added > 0 && room > 1 && shown < min(added, room-1) {
			t.Fatalf("%d of %d new rows are shown in %d", shown, added, room)
		}
	})
}

// Colours change nothing but colours.
func TestColoured(t *testing.T) {
	for line, want := range map[string]string{
		`    timezone: Europe/Berlin # here`: "\x1b[36m    timezone:\x1b[0m Europe/Berlin\x1b[90m # here\x1b[0m",
		`  networking.hostName = "at#las";`:  "\x1b[36m  networking.hostName =\x1b[0m \x1b[32m\"at#las\"\x1b[0m;",
		`          - "ssh-ed25519 AAAA"`:     "          - \x1b[32m\"ssh-ed25519 AAAA\"\x1b[0m",
		`    ../../modules/redis.nix`:        `    ../../modules/redis.nix`,
	} {
		got := coloured(line)
		if got != want || ansi.Strip(got) != line {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
