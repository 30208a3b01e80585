package journal

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
)

func store(t *testing.T) (*Store, *[]string) {
	t.Helper()
	var warned []string
	s := &Store{
		Dir: filepath.Join(t.TempDir(), "quick-deploy"), Now: func() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) },
		Warn: func(format string, args ...any) { warned = append(warned, fmt.Sprintf(format, args...)) },
	}
	if err := s.Open(); err != nil {
		t.Fatal(err)
	}
	return s, &warned
}

func sample() *State {
	start := time.Date(2026, 3, 1, 11, 0, 0, 0, time.UTC)
	return &State{
		Record: Record{
			ID: 7, Verb: "switch", Host: "atlas", Flake: "/home/ada/nixos", By: "ada", Started: start,
			Steps: []Step{
				{Name: "build", Status: Done, Input: "sha256-x", Start: &start, End: &start, LogOffset: 99}, {Name: "health",
					Status: Pending},
			},
		},
		PID: 12, Status: Running,
		Data: json.RawMessage(`{"system":"/nix/store/x"}`),
	}
}

func TestStateRoundTrip(t *testing.T) {
	s, _ := store(t)
	if st, err := s.State(); st != nil || err != nil {
		t.Fatalf("of nothing: %v, %v", st, err)
	}
	want := sample()
	if err := s.SaveState(want); err != nil {
		t.Fatal(err)
	}
	got, err := s.State()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(want.Data, &want.Data); err != nil {
		t.Fatal(err)
	}
	got.Data, want.Data = nil, nil // indented in the file
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	for p, mode := range map[string]fs.FileMode{"": 0o700, "history": 0o700, "state.json": 0o600} {
		fi, err := os.Stat(s.Path(p))
		if err != nil || fi.Mode().Perm() != mode {
			t.Errorf("mode of %q: %v, %v", p, fi.Mode(), err)
		}
	}
}

func TestStateTornAtEveryByte(t *testing.T) {
	s, warned := store(t)
	if err := s.SaveState(sample()); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(s.Path("state.json"))
	if err != nil {
		t.Fatal(err)
	}
	aside := 0
	for n := range len(whole) {
		if err := os.WriteFile(s.Path("state.json"), whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		// Without the last line end it is still whole.
		torn := n < len(whole)-1
		if _, err := s.State(); IsUnusable(err) != torn {
			t.Fatalf("%d bytes: State says %v", n, err)
		}
		if _, err := os.Stat(s.Path("state.json")); err != nil {
			t.Fatalf("%d bytes: State moved the file", n)
		}
		*warned = nil
		if err := s.Clean(); err != nil {
			t.Fatal(err)
		}
		st, err := s.State()
		if err != nil || (st == nil) != torn || (len(*warned) > 0) != torn {
			t.Fatalf("%d of %d bytes: %+v, %v, warned %q", n, len(whole), st, err, *warned)
		}
		if !torn {
			continue
		}
		aside++
		kept, err := os.ReadFile(fmt.Sprintf("%s.unusable-%d", s.Path("state.json"), aside))
		if err != nil || string(kept) != string(whole[:n]) {
			t.Fatalf("%d bytes: what was torn was not kept: %v", n, err)
		}
	}
	if aside < 300 {
		t.Errorf("only %d lengths", aside)
	}
}

func TestForeignAndNewerFiles(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want string // "" for: put aside
	}{
		"the shell program's": {`{"version": "3.0.0", "completed_steps": [], "last_error": null}`, ""},
		"no version":          {`{"id": 1}`, ""},
		"a list":              {`[1]`, ""},
		"wrong types":         {`{"version": 1, "id": "seven"}`, ""},
		"version 0":           {`{"version": 0}`, ""},
		"newer":               {`{"version": 3}`, "written by a newer quick-deploy (format 3, this one knows 2)"},
		"older, unfinished":   {`{"version": 1, "id": 3, "status": "running"}`, "an unfinished run of an older quick-deploy"},
	} {
		t.Run(name, func(t *testing.T) {
			s, warned := store(t)
			if err := os.WriteFile(s.Path("state.json"), []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			err := s.Clean()
			st, serr := s.State()
			err = errors.Join(err, serr)
			_, left := os.Stat(s.Path("state.json"))
			if c.want == "" {
				if st != nil || err != nil || len(*warned) != 1 || !errors.Is(left, fs.ErrNotExist) {
					t.Errorf("%v, %v, warned %q", st, err, *warned)
				}
				return
			}
			if fault.CodeOf(err) != fault.Preflight || !strings.Contains(err.Error(), c.want) || left != nil {
				t.Errorf("%v, %v", err, left)
			}
		})
	}
}

func TestResetKeepsEverythingElseAndIsIdempotent(t *testing.T) {
	s, _ := store(t)
	if err := s.SaveState(sample()); err != nil {
		t.Fatal(err)
	}
	if err := s.SavePoint(Point{Record: 7}); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveRecord(Record{ID: 7}); err != nil {
		t.Fatal(err)
	}
	first, err := s.ResetState()
	if err != nil || filepath.Base(first) != "state.json.archived-1" {
		t.Fatalf("%q, %v", first, err)
	}
	if again, err := s.ResetState(); again != "" || err != nil {
		t.Errorf("again: %q, %v", again, err)
	}
	if st, err := s.State(); st != nil || err != nil {
		t.Errorf("%v, %v", st, err)
	}
	if p, err := s.Point(); p == nil || err != nil {
		t.Errorf("the rollback record is gone: %v", err)
	}
	if _, err := s.Record(7); err != nil {
		t.Error(err)
	}
	if id, err := s.NextID(nil); id != 8 || err != nil {
		t.Errorf("the next number is %d, %v", id, err)
	}
	if err := s.SaveState(sample()); err != nil {
		t.Fatal(err)
	}
	if second, err := s.ResetState(); err != nil || filepath.Base(second) != "state.json.archived-2" {
		t.Errorf("%q, %v", second, err)
	}
}

func TestOneTornRecordDoesNotHideTheOthers(t *testing.T) {
	s, _ := store(t)
	for id := 1; id <= 12; id++ {
		if err := s.SaveRecord(Record{ID: id, Result: Good}); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(s.Path("history", "5.json"), []byte(`{"ver`), 0o600); err != nil {
		t.Fatal(err)
	}
	all, bad := s.Records()
	if len(all) != 11 || len(bad) != 1 || all[0].ID != 12 || all[10].ID != 1 {
		t.Errorf("%d records, %v", len(all), bad)
	}
	if _, err := s.Record(99); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v", err)
	}
}

func TestPruneKeepsWhatIsNeeded(t *testing.T) {
	s, _ := store(t)
	old := s.Now().AddDate(-1, 0, 0)
	path := func(id int) Machine {
		p := fmt.Sprintf("/nix/store/%d", id)
		return Machine{Current: p, System: Generation{Path: p}}
	}
	for id := 1; id <= 10; id++ {
		r := Record{ID: id, Result: Broken, Ended: old, After: path(id)}
		if id == 6 || id == 4 {
			r.Result = Good
		}
		if id == 3 {
			r.Ended = s.Now()
		}
		if err := s.SaveRecord(r); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.SavePoint(Point{Record: 5}); err != nil {
		t.Fatal(err)
	}
	if err := s.Prune(Retention{Count: 2, Age: time.Hour}, []string{"/nix/store/1"}); err != nil {
		t.Fatal(err)
	}
	left, _ := s.Records()
	var ids []int
	for _, r := range left {
		ids = append(ids, r.ID)
	}
	// 10 and 9 are the newest, 6 is the newest good one, 5 is the rollback point, 3 is young, 1 is live.
	if want := []int{10, 9, 6, 5, 3, 1}; !slices.Equal(ids, want) {
		t.Errorf("left %v, want %v", ids, want)
	}
}

func TestBadClosures(t *testing.T) {
	s, _ := store(t)
	for i := range 250 {
		if err := s.MarkBad(Closure{Path: fmt.Sprintf("/nix/store/%d", i), Record: i}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.MarkBad(Closure{Path: "/nix/store/249", Record: 999}); err != nil {
		t.Fatal(err)
	}
	bad, err := s.Bad()
	if err != nil || len(bad) != 200 || bad[199].Record != 999 {
		t.Fatalf("%d bad, %v", len(bad), err)
	}
	if err := s.ClearBad(func(c Closure) bool { return c.Path == "/nix/store/249" }); err != nil {
		t.Fatal(err)
	}
	if bad, _ := s.Bad(); len(bad) != 199 ||
		slices.ContainsFunc(bad, func(c Closure) bool { return c.Path == "/nix/store/249" }) {
		t.Errorf("%d bad after clearing one", len(bad))
	}
}

func TestLock(t *testing.T) {
	s, _ := store(t)
	if s.Locked() {
		t.Error("locked before anybody came")
	}
	unlock, err := s.Lock(t.Context(), Holder{PID: 4711, Host: "atlas", Verb: "switch", Started: s.Now()})
	if err != nil {
		t.Fatal(err)
	}
	if !s.Locked() {
		t.Error("not locked")
	}
	other := &Store{Dir: s.Dir, Now: s.Now}
	_, err = other.Lock(t.Context(), Holder{PID: 1})
	if fault.CodeOf(err) != fault.Locked ||
		!strings.Contains(err.Error(), "switch, process 4711 on atlas, since 2026-03-01 12:00:00") {
		t.Errorf("%v", err)
	}
	other.Wait = 10 * time.Millisecond
	if _, err := other.Lock(t.Context(), Holder{PID: 1}); fault.CodeOf(err) != fault.Locked {
		t.Errorf("a lock that stays held: %v", err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	other.Wait = time.Hour
	if _, err := other.Lock(cancelled, Holder{PID: 1}); fault.CodeOf(err) != fault.Interrupted {
		t.Errorf("an interrupted wait: %v", err)
	}
	time.AfterFunc(10*time.Millisecond, unlock)
	unlock, err = other.Lock(t.Context(), Holder{PID: 1})
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}

func TestJournalLinesStandAlone(t *testing.T) {
	s, _ := store(t)
	if err := s.Append(Event{Type: "step", Step: "build"}); err != nil {
		t.Fatal(err)
	}
	// A power cut in the middle of a line.
	f, err := os.OpenFile(s.Path("journal.jsonl"), os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	f.WriteString(`{"schema_version":1,"ty`)
	f.Close()
	if err := s.Append(Event{Type: "step", Step: "health"}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(s.Path("journal.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	var e Event
	if len(lines) != 3 || json.Unmarshal([]byte(lines[2]), &e) != nil || e.Step != "health" {
		t.Errorf("journal:\n%s", data)
	}
}

func TestJournalIsRotated(t *testing.T) {
	s, _ := store(t)
	if err := os.WriteFile(s.Path("journal.jsonl"), make([]byte, maxJournal+1), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.Append(Event{Type: "run"}); err != nil {
		t.Fatal(err)
	}
	if fi, err := os.Stat(s.Path("journal.jsonl")); err != nil || fi.Size() > 1000 {
		t.Errorf("%v, %v", fi.Size(), err)
	}
	if _, err := os.Stat(s.Path("journal.jsonl.1")); err != nil {
		t.Error(err)
	}
}

func TestUnwritableStateDirectory(t *testing.T) {
	blocker := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(blocker, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := &Store{Dir: filepath.Join(blocker, "quick-deploy")}
	err := s.Open()
	if fault.CodeOf(err) != fault.Preflight || len(fault.HintsOf(err)) == 0 {
		t.Errorf("%v", err)
	}
}
