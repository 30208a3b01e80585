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

// event is an event about a machine; its journal gets it, too.
func (f *Fleet) event(m *memory, e journal.Event) {
	e.SchemaVersion, e.Time, e.Run, e.Host = journal.EventSchema, f.Now(), m.state.ID, m.state.Host
	// The journal is for people; what decides is in state.json.
	_ = m.store.Append(e)
	f.tell(e)
}

func lineOf(host, text string) journal.Event {
	return journal.Event{Type: "line", Host: host, Message: text}
}
