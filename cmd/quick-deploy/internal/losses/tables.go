package losses

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"sync"
)

//go:embed tables.json
var tablesText []byte

// tables are what is known of names, in tables.json, which says what each list holds.
type tables struct {
	Needed                    []string
	LockOut, NoBoot, Volatile []string
	Managers                  []manager
	Plumbing, Internal        []string
	Families                  []struct{ Prefix, What string }
}

// known returns them. The file is part of the program, so that one that cannot be read is a fault of it.
var known = sync.OnceValue(func() (t tables) {
	if err := json.Unmarshal(tablesText, &t); err != nil {
		panic(fmt.Errorf("tables.json: %w", err))
	}
	return t
})
