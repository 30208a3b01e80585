package app

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

func TestNoticesOfManyHostsAreOneLine(t *testing.T) {
	at := func(line int) profile.Pos { return profile.Pos{File: "p.yaml", Line: line, Column: 2} }
	notices := []generator.Notice{
		{Host: "web", Text: "no disk"}, {Host: "web", Text: "no loader"},
		{Host: "db", Text: "no disk"}, {Host: "web", Text: "no disk"},
		{Host: "db", Text: "write ./db.json"}, {Host: "web", Text: "write ./web.json"}, {Host: "a", Text: "read a.json"},
		{Host: "db", Pos: at(3), Text: "steam is left out of db"},
		{Host: "db", Pos: at(4), Text: "a group says so"}, {Host: "web", Pos: at(4), Text: "a group says so"},
		{Host: "db", Pos: at(5), Text: "each says so"}, {Host: "web", Pos: at(6), Text: "each says so"},
	}
	for i := range 9 {
		notices = append(notices, generator.Notice{Host: fmt.Sprintf("n-%d", i), Text: "many"})
	}
	want := []string{
		"p.yaml:3:2: note: steam is left out of db",
		"p.yaml:4:2: note: 2 hosts (db, web): a group says so",
		"note: 2 hosts (db, web): each says so",
		"note: 2 hosts (db, web): no disk",
		"note: host web: no loader",
		"note: 2 hosts (db, web): write ./HOST.json",
		"note: host a: read a.json",
		"note: 9 hosts (n-0, n-1, n-2, n-3, n-4, and 4 more): many",
	}
	if diff := cmp.Diff(want, noticeLines(nil, notices, false)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
