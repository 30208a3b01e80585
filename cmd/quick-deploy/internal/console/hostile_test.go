package console

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/deploy"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
)

// hostile does everything to a terminal that text can do.
const hostile = "a\x1b]52;c;ZXZpbA==\a\x1b]0;t\x1b\\\x1b[2J\x1b[31m\x1b[5A\x1bc\u009b1m\u009d0;x\u009c\x9b1m\xff\b\a\x7f\rb\u202ec\u2066\u200f\u2028\ufeff\x00z"

// own are the sequences of our own: what colours and redraws.
var own = regexp.MustCompile(`\x1b\[(0|1|2|31|32|33|36|1;31)m|\x1b\[[0-9]+A\x1b\[J`)

func harmlessly(t *testing.T, where, text string) {
	t.Helper()
	for _, r := range own.ReplaceAllString(text, "") {
		if r != '\n' && r != '\t' && term.Hidden(r) {
			t.Errorf("%s has U+%04X: %q", where, r, text)
			return
		}
	}
	if bytes.Contains([]byte(text), []byte("\x1b[31ma")) {
		t.Errorf("%s has a colour of another: %q", where, text)
	}
}

// Nothing that a tool, a machine or a profile says reaches the terminal, the
// stream of events or the log as more than text.
func TestHostileText(t *testing.T) {
	quoted := strconv.QuoteToASCII(hostile)
	asJSON, err := json.Marshal(hostile)
	if err != nil {
		t.Fatal(err)
	}
	lines := []string{
		hostile, "error: " + hostile, "@nix {", "@nix " + quoted,
		`@nix {"action":"msg","level":0,"msg":` + string(asJSON) + `}`,
		`@nix {"action":"msg","level":0,"msg":` + string(asJSON) + `,"raw_msg":` + string(asJSON) + `}`,
		`@nix {"action":"start","id":1,"level":3,"type":105,"text":` + string(asJSON) + `,"fields":[` + string(asJSON) + `,"",1,1]}`,
		`@nix {"action":"result","id":1,"type":101,"fields":[` + string(asJSON) + `]}`,
		`@nix {"action":"result","id":1,"type":104,"fields":[` + string(asJSON) + `]}`,
	}
	for _, screen := range []Terminal{
		{}, {JSON: true}, {Live: true, ColourErr: true}, {Debug: true}, {Live: true, Debug: true, ColourErr: true},
	} {
		var data, talk bytes.Buffer
		c, cfg := open(t, options{Terminal: screen, data: &data, err: &talk})
		for _, step := range []string{"build", "activate-system", "boot-default", hostile} {
			cfg.Events(journal.Event{Type: "step", Step: step, Status: journal.Running})
			for _, line := range lines {
				cfg.Output(step, run.Stdout, line)
				cfg.Output(step, run.Stderr, line)
			}
			if c.ui != nil {
				c.ui.Tick()
			}
			for _, kind := range []string{"message", "warning", "retry", "finding", "run", "health", "diff", "line", "progress"} {
				cfg.Events(journal.Event{Type: kind, Step: step, Message: hostile})
			}
			cfg.Events(journal.Event{Type: "step", Step: step, Status: journal.Done, Message: hostile})
			cfg.Events(journal.Event{Type: "step", Step: step, Status: journal.Failed, Message: hostile})
		}
		cfg.Log.Error(hostile, "key", hostile, hostile, hostile, "step", hostile)
		if _, err := c.confirm(t.Context(), deploy.Question{Text: hostile, Details: []string{hostile}}); err != nil {
			t.Fatal(err)
		}
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		harmlessly(t, "the terminal", talk.String())
		harmlessly(t, "standard output", data.String())
		logs, err := filepath.Glob(filepath.Join(filepath.Dir(cfg.LogPath), "*"))
		if err != nil || len(logs) == 0 {
			t.Fatal(logs, err)
		}
		for _, name := range logs {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			harmlessly(t, "the log", string(text))
		}
		if talk.Len()+data.Len() == 0 {
			t.Error("nothing was said")
		}
	}
}

// A record says the same, in characters that can be shown as they lie there.
func TestHostileRecords(t *testing.T) {
	store := &journal.Store{Dir: t.TempDir()}
	if err := store.Append(journal.Event{Type: "message", Message: hostile}); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(store.Dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		harmlessly(t, name, string(text))
	}
}
