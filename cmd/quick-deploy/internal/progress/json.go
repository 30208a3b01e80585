package progress

import (
	"encoding/json"
	"io"
	"sync"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
)

// JSON writes events, one object a line, for programs.
type JSON struct {
	mu  sync.Mutex
	enc *json.Encoder
	err error
}

// NewJSON writes to w.
func NewJSON(w io.Writer) *JSON {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return &JSON{enc: enc}
}

// Event writes one event.
func (j *JSON) Event(e journal.Event) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.enc.Encode(e); err != nil && j.err == nil {
		j.err = err
	}
}

// Err is the first error that writing met: the reader has gone, the run goes on.
func (j *JSON) Err() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.err
}
