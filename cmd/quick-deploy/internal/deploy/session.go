package deploy

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/backup"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/logfile"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/preflight"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// session is one run at work.
type session struct {
	*Deployer
	goal  Goal
	plan  Plan
	state *journal.State
	data  data
	step  *journal.Step // the one at work
	final journal.Record
	// What the unit has written: all, the line that is not whole yet, and how many bytes.
	log, partial string
	offset       int
	profiles     map[string]string // of the homes, by user
	started      bool              // the unit of this run is at work
	uncount      func()            // ends the counting of the lease
	away         bool              // the machine has not answered for long
	thought      time.Duration     // how long the reader thought about the question of the step
	found        []preflight.Finding
	// between says that an earlier process switched something in this very run. What is refused before
	// this one goes on from there changes nothing.
	between bool
}

// data is what the steps hand on to each other. It lives in state.json, so
// that a run that is taken up has it again.
type data struct {
	Goal       *Goal    `json:"goal,omitempty"`        // so that resume has the run's flags again
	Withheld   bool     `json:"withheld,omitempty"`    // the goal's arguments for Nix held a secret, and are not kept
	BootOnly   string   `json:"boot_only,omitempty"`   // why the new system is not to be run before a reboot
	Files      []Change `json:"files,omitempty"`       // that a rollback brings back
	HomeBackup string   `json:"home_backup,omitempty"` // of the files in home-manager's way
	Suffix     string   `json:"suffix,omitempty"`      // of the files that home-manager moves out of its way
	Touched    bool     `json:"touched,omitempty"`     // something on the machine was switched, or was about to be
	Unit       string   `json:"unit,omitempty"`        // the folder of root's half, see unit.go
	UnitPlan   string   `json:"unit_plan,omitempty"`   // hash of what it was told to do
	Tools      *Tools   `json:"tools,omitempty"`       // what the unit activates with
	ToolsFor   string   `json:"tools_for,omitempty"`   // hash of the homes that they are for
	FlakeCopy  string   `json:"flake_copy,omitempty"`  // reference of the flake's copy in the store that was built
	// InstallLoader has the boot loader put onto the disk: the one that is there is of another kind.
	InstallLoader bool     `json:"install_loader,omitempty"`
	Failed        []string `json:"failed_units,omitempty"` // units that had failed before
	Confirmed     string   `json:"confirmed,omitempty"`    // hash of what was agreed to
}

func (d *Deployer) backups() *backup.Store {
	return &backup.Store{Dir: d.store.Path("backups"), Writer: d.cfg.Writer, Now: d.cfg.Now}
}

// save writes state.json with the data of the steps.
func (s *session) save() error {
	d := s.data
	d.Touched = d.Touched || s.between
	raw, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("encode state: %w", err)
	}
	s.state.Data = raw
	return s.store.SaveState(s.state)
}

// decode reads what the steps of a run hand on to each other.
func decode(st *journal.State, d *data) error {
	if len(st.Data) == 0 {
		return nil
	}
	if err := json.Unmarshal(st.Data, d); err != nil {
		return fmt.Errorf("read state: %w", err)
	}
	return nil
}

// note appends to the journal and tells the terminal. The journal is for
// people: a run does not fail because it cannot be written while state.json can.
func (s *session) note(e journal.Event) {
	e.SchemaVersion, e.Time, e.Run, e.Host = journal.EventSchema, s.cfg.Now(), s.state.ID, s.goal.Host
	if s.step != nil && e.Step == "" {
		e.Step = s.step.Name
	}
	entry := e
	if e.Type == "summary" {
		entry.Data = nil // it would only repeat the record's own file
	}
	if err := s.store.Append(entry); err != nil {
		s.cfg.Log.Warn("journal", "error", err)
	}
	s.event(e)
}

// say tells the user something that is worth keeping in the step's record too.
func (s *session) say(format string, args ...any) {
	msg := fmt.Sprintf(format, args...)
	if s.step != nil {
		if s.step.Note != "" {
			s.step.Note += "; "
		}
		s.step.Note += msg
	}
	logfile.At(s.cfg.Log, slog.LevelInfo, 1, msg)
	s.note(journal.Event{Type: "message", Message: msg})
}

// command runs a command of a step: its lines go to the terminal and the log.
func (s *session) command(ctx context.Context, c run.Command) (run.Result, error) {
	name := "rollback"
	if s.step != nil {
		name = s.step.Name
	}
	if s.cfg.Output != nil && c.OnLine == nil {
		c.OnLine = func(st run.Stream, line string) {
			if s.goal.Extend == nil || !strings.Contains(line, unlocked) {
				s.cfg.Output(name, st, line)
			}
		}
	}
	s.cfg.Log.Info("run", "step", name, "command", c.String(), "root", c.Elevate)
	res, err := s.cfg.Runner.Run(ctx, c)
	if s.step != nil && err != nil {
		s.step.Child = run.CodeOf(err)
	}
	return res, err
}

func (s skipped) Error() string { return string(s) }
