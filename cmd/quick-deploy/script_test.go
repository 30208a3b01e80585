package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/cli"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/storepath"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/flake"
	"github.com/quick-deploy/quick-deploy/generator/nixtest"
)

func TestMain(m *testing.M) {
	testscript.Main(nixtest.Kept{M: m}, map[string]func(){"quick-deploy": mainAt, "serve-http": serveHTTP})
}

// mainAt is main $PIN_AGE days after the date of the built-in nixpkgs, at once
// where that is not set: it is not old then, whenever the tests run.
func mainAt() {
	pins, err := flake.Builtin()
	if err != nil {
		panic(err)
	}
	inputs, err := pins.Inputs(generator.DefaultRelease(), "nixpkgs")
	if err != nil {
		panic(err)
	}
	lock, err := flake.Lock(inputs)
	if err != nil {
		panic(err)
	}
	locked, err := flake.ReadLock(lock)
	if err != nil {
		panic(err)
	}
	days := 0
	if age := os.Getenv("PIN_AGE"); age != "" {
		if days, err = strconv.Atoi(age); err != nil {
			panic(err)
		}
	}
	p := newProgram(os.Stdin, os.Stdout, os.Stderr)
	p.Now = func() time.Time { return time.Unix(locked["nixpkgs"].LastModified, 0).AddDate(0, 0, days) }
	os.Exit(int(p.Execute(os.Args)))
}

// quickDeploy carries out a command line, and returns the code to exit with.
func quickDeploy(args []string, in io.Reader, out, err io.Writer) fault.Code {
	return newProgram(in, out, err).Execute(args)
}

// newProgram is the program at three streams.
func newProgram(in io.Reader, out, err io.Writer) *cli.Program { return cli.New(version, in, out, err) }

// TestScript runs the program as users do: testdata/script, one session a file.
func TestScript(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: false,
		RequireUniqueNames:  true,
		UpdateScripts:       os.Getenv("GOLDIE_UPDATE") != "",
		Setup: func(e *testscript.Env) error {
			home := filepath.Join(e.WorkDir, "home")
			// These folders are there, so that what changes is what a command changes otherwise.
			for _, dir := range notes {
				if err := os.MkdirAll(filepath.Join(home, dir), 0o755); err != nil {
					return err
				}
			}
			e.Setenv("HOME", home)
			e.Setenv("XDG_CONFIG_HOME", "")
			e.Setenv("XDG_STATE_HOME", "")
			e.Setenv("QUICK_DEPLOY_ROOT", filepath.Join(e.WorkDir, "machine"))
			// No test asks the network for the newest revisions.
			e.Setenv("QUICK_DEPLOY_LOCK", "built-in")
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits":    exits,
			"snapshot": snapshot,
			"append":   appendTo,
			"nixpkgs":  nixpkgsIn,
		},
	})
}

// notes are the folders of what a command notes for itself: its log, and what generate found.
var notes = []string{".local/state/quick-deploy/logs", ".local/state/quick-deploy/generated"}

// exits CODE COMMAND... runs a command and compares its exit code; stdout and
// stderr can be looked at afterwards.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := "0"
	if err != nil {
		code = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if code != args[0] {
		ts.Fatalf("%s exited with %s, want %s", strings.Join(args[1:], " "), code, args[0])
	}
}

// snapshot FILE writes down every file below the work directory with mode,
// size, time of change and content, so that two snapshots can be compared.
func snapshot(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: snapshot FILE")
	}
	var b strings.Builder
	root := ts.Getenv("WORK")
	out := ts.MkAbs(args[0])
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || strings.HasPrefix(filepath.Base(path), "snap-") {
			return err
		}
		if d.IsDir() && slices.ContainsFunc(notes, func(dir string) bool { return strings.HasSuffix(path, dir) }) {
			return fs.SkipDir
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		// Writing the snapshots themselves changes the time of their directory.
		when := info.ModTime().UnixNano()
		if path == root {
			when = 0
		}
		sum := ""
		if info.Mode().IsRegular() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			sum = fmt.Sprintf("%x", sha256.Sum256(data))
		}
		fmt.Fprintf(&b, "%s %s %d %s\n", path, info.Mode(), when, sum)
		return nil
	})
	ts.Check(err)
	ts.Check(os.WriteFile(out, []byte(b.String()), 0o600))
}

// nixpkgsIn FOLDER makes the folder of the built-in nixpkgs in a store. It is empty.
func nixpkgsIn(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: nixpkgs FOLDER")
	}
	pins, err := flake.Builtin()
	ts.Check(err)
	path, err := storepath.Source(ts.MkAbs(args[0]), pins[generator.DefaultRelease()]["nixpkgs"].NarHash())
	ts.Check(err)
	ts.Check(os.MkdirAll(path, 0o755))
}

// appendTo FILE TEXT adds text to a file.
func appendTo(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: append FILE TEXT")
	}
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_WRONLY|os.O_APPEND, 0)
	ts.Check(err)
	_, err = f.WriteString(args[1])
	ts.Check(err)
	ts.Check(f.Close())
}
