package progress

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixlog"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// testdata/*.log were written by Nix 2.34.8; store paths are shortened to /nix/store.
func logLines(t testing.TB, name string) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

// clock advances by a second a call.
func clock() func() time.Time {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	return func() time.Time { now = now.Add(time.Second); return now }
}

func TestTrackerFollowsABuild(t *testing.T) {
	tr := &Tracker{Now: clock()}
	var most int64
	seen := map[string]string{}
	for _, line := range logLines(t, "build.log") {
		tr.Feed(nixlog.ReadLine(line))
		s := tr.Snapshot()
		most = max(most, s.ToBuild)
		for _, j := range s.Jobs {
			if j.Phase != "" {
				seen[j.Name] = j.Phase
			}
		}
	}
	want := map[string]string{"left-2.1": "buildPhase", "right-3": "buildPhase", "top-1.0": "buildPhase"}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("builds and phases (-want +got):\n%s", diff)
	}
	if most < 3 {
		t.Errorf("at most %d builds were expected", most)
	}
	if s := tr.Snapshot(); len(s.Jobs) != 0 {
		t.Errorf("still at work: %+v", s.Jobs)
	}
}

func TestTrackerIsLenient(t *testing.T) {
	tr := &Tracker{Now: clock()}
	for _, line := range []string{
		"", "@nix", "@nix ", "@nix {", "@nix []", "@nix {}", `@nix {"action":"stop","id":99}`, `@nix {"action":"result","id":99,"type":105,"fields":[1,2]}`,
		`@nix {"action":"start","id":1,"type":105,"fields":[7]}`, `@nix {"action":"result","id":1,"type":105,"fields":["x"]}`,
		`@nix {"action":"result","id":1,"type":101}`, `@nix {"action":"start","id":-1}`, `@nix {"action":"start","id":18446744073709551615,"type":104}`,
		`@nix {"action":"result","id":18446744073709551615,"type":105,"fields":[2.0,5,1,0]}`, `@nix {"action":"result","id":18446744073709551615,"type":105,"fields":[1,4,1,0]}`,
		`@nix {"action":"new-thing","id":3}`, `@nix {"action":"msg","level":0}`, "\xff\xfe",
	} {
		tr.Feed(nixlog.ReadLine(line))
	}
	if s := tr.Snapshot(); s.Built != 1 || s.ToBuild != 4 {
		t.Errorf("a counter that shrank: %+v", s)
	}
	if text, show := tr.Feed(nixlog.ReadLine("plain words")); text != "plain words" || !show {
		t.Errorf("another program's line: %q %t", text, show)
	}
}

func FuzzTracker(f *testing.F) {
	for _, name := range []string{"build.log"} {
		for _, l := range logLines(f, name) {
			f.Add(l)
		}
	}
	f.Fuzz(func(t *testing.T, line string) {
		tr := &Tracker{Now: clock()}
		tr.Feed(nixlog.ReadLine(`@nix {"action":"start","id":1,"type":105,"fields":["/nix/store/x.drv"]}`))
		tr.Feed(nixlog.ReadLine(line))
		tr.Snapshot()
		if text, show := nixlog.ReadLine(line).Plain(); !show && text != "" {
			t.Errorf("hidden and not empty: %q", text)
		}
	})
}

func events(u *UI) {
	u.Event(journal.Event{Type: "step", Step: "preflight", Status: journal.Running})
	u.Event(journal.Event{Type: "finding", Message: "memory: 900 MiB"})
	u.Event(journal.Event{Type: "finding", Status: journal.Failed, Message: "boot: it is not mounted"})
	u.Event(journal.Event{Type: "step", Step: "preflight", Status: journal.Done, Seconds: 0.25})
	u.Event(journal.Event{Type: "finding", Status: journal.Skipped, Message: "network (skipped): no route"})
	u.Event(journal.Event{Type: "step", Step: "generate", Status: journal.Skipped, Message: "the files are up to date"})
	u.Event(journal.Event{Type: "step", Step: "build", Status: journal.Running})
	for _, l := range []string{
		`@nix {"action":"start","id":1,"type":104}`, `@nix {"action":"result","id":1,"type":105,"fields":[2,14,3,0]}`,
		`@nix {"action":"start","id":2,"type":105,"fields":["/nix/store/7krkaq482m4jy74x2cq2pndswn3iv3qq-linux-6.12.drv"]}`,
		`@nix {"action":"result","id":2,"type":104,"fields":["buildPhase"]}`, `@nix {"action":"result","id":2,"type":101,"fields":["CC main.o"]}`,
		`@nix {"action":"msg","level":1,"msg":"\u001b[35;1mwarning:\u001b[0m Git tree is dirty"}`,
	} {
		u.Output("build", run.Stderr, nixlog.ReadLine(l))
	}
	u.Tick()
	u.Event(journal.Event{Type: "retry", Message: "attempt 1 of 4 failed"})
	u.Event(journal.Event{Type: "step", Step: "build", Status: journal.Failed, Seconds: 83})
}

func TestPlainLinesWhereThereIsNoTerminal(t *testing.T) {
	var b bytes.Buffer
	u := New(&b, Options{Now: clock()})
	events(u)
	u.Close()
	want := `! memory: 900 MiB
✓ preflight 0.2s
- network (skipped): no route
- generate (the files are up to date)
    warning: Git tree is dirty
! attempt 1 of 4 failed
✗ build 1m23s
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// What a step says is brief: warnings once and errors not at all, which are put into words at its end; names of store
// paths. With --debug all is there. A step that takes its time is named.
func TestWhatIsShownOfAStep(t *testing.T) {
	show := func(verbose bool) string {
		var b bytes.Buffer
		now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
		u := New(&b, Options{Verbose: verbose, Now: func() time.Time { return now }})
		u.Event(journal.Event{Type: "step", Step: "build", Status: journal.Running})
		u.Tick()
		for _, l := range []string{
			`@nix {"action":"msg","level":0,"msg":"error: attribute 'ripgerp' missing"}`,
			"evaluation warning: x was renamed", "evaluation warning: x was renamed",
			"warning: not writing modified lock file of flake 'path:/f':", "error: plain",
		} {
			u.Output("build", run.Stderr, nixlog.ReadLine(l))
		}
		now = now.Add(patience)
		u.Tick()
		u.Tick()
		u.Event(journal.Event{Type: "step", Step: "build", Status: journal.Done, Seconds: 6})
		u.Event(journal.Event{Type: "step", Step: "activate-system", Status: journal.Running})
		const system = "/nix/store/7krkaq482m4jy74x2cq2pndswn3iv3qq-nixos-system-atlas-26.05"
		for _, l := range []string{
			"Done. The new configuration is " + system, system,
			"Command '" + system + "/bin/switch-to-configuration test' returned non-zero exit status 4.",
		} {
			u.Output("activate-system", run.Stdout, nixlog.ReadLine(l))
		}
		u.Close()
		return b.String()
	}
	want := `    evaluation warning: x was renamed
    warning: not writing modified lock file of flake 'path:/f':
  build …
✓ build 6.0s
    Done. The new configuration is nixos-system-atlas-26.05
`
	if diff := cmp.Diff(want, show(false)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	all := show(true)
	for _, want := range []string{"error: attribute 'ripgerp' missing", "error: plain", "/nix/store/", "non-zero exit status 4"} {
		if !strings.Contains(all, want) {
			t.Errorf("with --debug no %q in\n%s", want, all)
		}
	}
}

// screen is as much of a terminal as the live region uses: lines, cursor up, clear below.
func screen(t *testing.T, out string) []string {
	t.Helper()
	var lines []string
	for out != "" {
		if rest, ok := strings.CutPrefix(out, "\x1b["); ok {
			n := 0
			for rest[0] >= '0' && rest[0] <= '9' {
				n, rest = n*10+int(rest[0]-'0'), rest[1:]
			}
			switch rest[0] {
			case 'A':
				if n > len(lines) {
					t.Fatalf("the cursor goes %d lines up from line %d", n, len(lines))
				}
				lines = lines[:len(lines)-n]
			case 'J':
			default:
				t.Fatalf("control sequence %q", rest[:1])
			}
			out = rest[1:]
			continue
		}
		line, rest, ok := strings.Cut(out, "\n")
		if !ok {
			t.Fatalf("an unfinished line: %q", out)
		}
		lines, out = append(lines, line), rest
	}
	return lines
}

func TestLiveRegionStaysAtTheBottom(t *testing.T) {
	var b bytes.Buffer
	u := New(&b, Options{Live: true, Now: clock(), Width: func() int { return 40 }})
	u.Event(journal.Event{Type: "step", Step: "build", Status: journal.Running})
	for i := range 9 {
		id := string(rune('0' + i))
		u.Output("build", run.Stderr, nixlog.ReadLine(`@nix {"action":"start","id":`+id+`,"type":105,"fields":["/nix/store/7krkaq482m4jy74x2cq2pndswn3iv3qq-a-very-long-name-of-a-package-`+id+`.drv"]}`))
	}
	u.Output("build", run.Stderr, nixlog.ReadLine(`@nix {"action":"msg","level":1,"msg":"warning: dirty"}`))
	u.Tick()
	got := screen(t, b.String())
	if len(got) != 1+1+maxJobs+1 || got[0] != "    warning: dirty" || !strings.HasPrefix(got[1], "build  ") ||
		got[len(got)-1] != "  … and 3 more" {
		t.Errorf("screen:\n%s", strings.Join(got, "\n"))
	}
	for _, l := range got {
		if len([]rune(l)) >= 40 {
			t.Errorf("a line that wraps: %q", l)
		}
	}
	u.Pause()
	if got := screen(t, b.String()); len(got) != 1 {
		t.Errorf("paused:\n%s", strings.Join(got, "\n"))
	}
	u.Resume()
	u.Event(journal.Event{Type: "step", Step: "build", Status: journal.Done, Seconds: 2})
	u.Close()
	if got := screen(t, b.String()); len(got) != 2 || got[1] != "✓ build 2.0s" {
		t.Errorf("at the end:\n%s", strings.Join(got, "\n"))
	}
}

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		400 * time.Millisecond: "0.4s", 12 * time.Second: "12s", 185 * time.Second: "3m05s", 62 * time.Minute: "1h02m",
	} {
		if got := short(d); got != want {
			t.Errorf("short(%s) = %q, want %q", d, got, want)
		}
	}
}
