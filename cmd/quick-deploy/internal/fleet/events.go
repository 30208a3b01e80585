package fleet

import "github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"

// tell hands an event on.
func (f *Fleet) tell(e journal.Event) {
	if f.Events == nil {
		return
	}
	e.SchemaVersion, e.Time = journal.EventSchema, f.Now()
	f.talk.Lock()
	defer f.talk.Unlock()
	f.Events(e)
}

func lineOf(host, text string) journal.Event {
	return journal.Event{Type: "line", Host: host, Message: text}
}
