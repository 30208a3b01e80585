package journal

import (
	"encoding/json"
	"errors"
	"fmt"
)

// newerError is a file written by a later version of the program.
type newerError int

func (e newerError) Error() string {
	return fmt.Sprintf("written by a newer quick-deploy (format %d, this one knows %d)", int(e), Version)
}

// migration changes a file of one version into the next, in place.
type migration func(fields map[string]json.RawMessage) error

// migrations[i] leads from version i+1 to i+2. Format 1 is the first.
var migrations []migration

// migrate brings a file to version len(ms)+1. A file without a version number
// is foreign: the shell program of the same name wrote "version": "3.0.0" and
// nothing that could be resumed.
func migrate(data []byte, ms []migration) ([]byte, error) {
	if !json.Valid(data) {
		return nil, errors.New("cut short or not JSON")
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, errors.New("not a JSON object")
	}
	var v int
	if err := json.Unmarshal(fields["version"], &v); err != nil || v < 1 {
		return nil, errors.New("not a file of this program (no version number)")
	}
	current := len(ms) + 1
	if v > current {
		return nil, newerError(v)
	}
	if v == current {
		return data, nil
	}
	for ; v < current; v++ {
		if err := ms[v-1](fields); err != nil {
			return nil, fmt.Errorf("format %d cannot be read: %w", v, err)
		}
	}
	fields["version"], _ = json.Marshal(current) // an int always encodes
	return json.Marshal(fields)
}
