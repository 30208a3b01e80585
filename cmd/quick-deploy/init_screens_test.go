package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sebdah/goldie/v2"
)

// What a new user sees of init, on three sizes of terminal: each question as it is come to, a wrong
// answer, and what is shown after a change.
func TestInitScreens(t *testing.T) {
	for _, size := range []struct{ cols, rows int }{{60, 20}, {80, 24}, {120, 40}} {
		name := fmt.Sprintf("%dx%d", size.cols, size.rows)
		t.Run(name, func(t *testing.T) {
			x := start(t, t.TempDir(), newcomer(t), size.cols, size.rows, nil, "init")
			var shots strings.Builder
			known, _ := os.ReadFile(filepath.Join("testdata", "screens", name+".txt"))
			shot := func(about string) {
				text := ""
				// A busy machine may be slow to draw the rest of it.
				for range 10 {
					text = "=== " + about + "\n"
					for line := range strings.Lines(x.settled() + "\n") {
						text += strings.TrimRight(line, " \n") + "\n"
					}
					if strings.Contains(string(known), text) {
						break
					}
				}
				if n := strings.Count(text, "\n") - 1; n > size.rows {
					t.Errorf("%s: %d rows", about, n)
				}
				shots.WriteString(text)
			}
			x.see("Is this right?")
			shot("the machine")
			x.typed(enter)
			x.see("What is this machine for?")
			shot("the preset")
			x.typed(down + down)
			x.see("preset:server")
			shot("another preset")
			x.typed(enter)
			x.see("Which services?")
			shot("the services of the preset")
			x.typed("x")
			x.see("fail2ban: false")
			x.typed("x/")
			x.see("set filter")
			x.typed("grafana")
			x.see("> [ ] grafana")
			x.typed(enter)
			x.see("show all")
			x.typed("x")
			x.see("grafana: {}")
			shot("one service more")
			x.typed(enter)
			x.see("e-mail")
			x.typed("ada at example.org" + enter)
			x.see("email cannot be")
			shot("a wrong answer")
			x.typed(strings.Repeat("\x7f", 20) + "ada@example.org")
			x.see("email: \"ada@example.org\"")
			shot("the right answer")
			x.typed(enter)
			x.see("ssh key")
			x.typed(enter)
			x.see("Write quick-deploy.yaml?")
			shot("the end")
			x.typed(pageDown)
			shot("the preview, a page on")
			x.typed(escape)
			if code := x.end(); code != 130 {
				t.Errorf("exit code %d", code)
			}
			goldie.New(t, goldie.WithFixtureDir(filepath.Join("testdata", "screens")), goldie.WithNameSuffix(".txt")).
				Assert(t, name, []byte(shots.String()))
		})
	}
}

// newcomer is the root of a virtual machine with NixOS on which nobody has set up anything.
func newcomer(t *testing.T) string {
	t.Helper()
	root := machineOf(t, "vm-kvm-virtio")
	if err := os.WriteFile(filepath.Join(root, "etc/os-release"), []byte("ID=nixos\nVERSION_ID=\"26.05\"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return root
}

// settled is what is to be seen once nothing more is drawn.
func (x *terminal) settled() string {
	for {
		select {
		case <-x.drew:
		case <-x.done:
			return x.screen()
		case <-time.After(300 * time.Millisecond):
			return x.screen()
		}
	}
}
