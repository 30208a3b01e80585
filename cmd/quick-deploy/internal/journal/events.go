package journal

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
)

// Event is one line of journal.jsonl and of the program's --json output.
type Event struct {
	SchemaVersion int       `json:"schema_version"`
	Time          time.Time `json:"time"`
	// Type is run, inputs, notice, step, retry, question, finding, loss, progress, line, image, vm, health or summary.
	Type    string  `json:"type"`
	Run     int     `json:"run,omitempty"`
	Host    string  `json:"host,omitempty"`
	Step    string  `json:"step,omitempty"`
	Status  Status  `json:"status,omitempty"`
	Message string  `json:"message,omitempty"`
	Code    *int    `json:"code,omitempty"`       // of the program, in the summary
	Child   int     `json:"child_exit,omitempty"` // of the command that failed
	Seconds float64 `json:"seconds,omitempty"`
	Attempt int     `json:"attempt,omitempty"`
	Data    any     `json:"data,omitempty"`
}

// EventSchema is the version of Event.
const EventSchema = 1

// maxJournal is the size at which journal.jsonl is moved to journal.jsonl.1, bytes.
const maxJournal = 4 << 20

// Append adds an event to journal.jsonl and syncs it. A line that a crash cut
// short is ended first, so that the next one stands alone.
func (s *Store) Append(e Event) error {
	data, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode event: %w", err)
	}
	path := s.Path("journal.jsonl")
	if fi, err := os.Stat(path); err == nil && fi.Size() > maxJournal {
		if err := os.Rename(path, path+".1"); err != nil {
			return fmt.Errorf("rotate journal: %w", err)
		}
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("append to journal: %w", err)
	}
	defer f.Close()
	line := append(term.EscapeJSON(data), '\n')
	if fi, err := f.Stat(); err == nil && fi.Size() > 0 {
		last := make([]byte, 1)
		if _, err := f.ReadAt(last, fi.Size()-1); err == nil && last[0] != '\n' {
			line = append([]byte{'\n'}, line...)
		}
	}
	if _, err := f.Write(line); err != nil {
		return fmt.Errorf("append to journal: %w", err)
	}
	if err := f.Sync(); err != nil {
		return fmt.Errorf("append to journal: %w", err)
	}
	return nil
}
