package logfile

import (
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

func fixed() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func open(t *testing.T, level slog.Level) *File {
	t.Helper()
	l, err := Open(filepath.Join(t.TempDir(), "logs"), Options{Kind: Deploy, Level: level, Now: fixed})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func text(t *testing.T, l *File) string {
	t.Helper()
	data, err := os.ReadFile(l.Path())
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestEntry(t *testing.T) {
	l := open(t, slog.LevelDebug)
	l.Logger().With("step", "build").Warn("attempt failed", "n", 2, "why", "no route")
	l.Output("build", run.Stderr, "error: x")
	got := text(t, l)
	want := regexp.MustCompile(`^2026-03-01T12:00:00\.000Z WARNING logfile\.TestEntry: \[build\] attempt failed n=2 why="no route" \(logfile_test\.go:\d+\)\n` +
		`2026-03-01T12:00:00\.000Z INFO    logfile\.TestEntry: \[build\] ! error: x\n$`)
	if !want.MatchString(got) {
		t.Errorf("log:\n%s", got)
	}
	if l.Offset() != int64(len(got)) {
		t.Errorf("offset %d, size %d", l.Offset(), len(got))
	}
	fi, err := os.Stat(l.Path())
	if err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", fi.Mode(), err)
	}
	if fi, err := os.Stat(filepath.Dir(l.Path())); err != nil || fi.Mode().Perm() != 0o700 {
		t.Errorf("mode of the directory %v, %v", fi.Mode(), err)
	}
}

func TestLevels(t *testing.T) {
	for level, want := range map[string]string{"DEBUG": "dioiwe", "INFO": "ioiwe", "WARNING": "we", "error": "e"} {
		lv, err := ParseLevel(level)
		if err != nil {
			t.Fatal(err)
		}
		l := open(t, lv)
		log := l.Logger()
		log.Debug("d")
		log.Info("i")
		l.Output("o", run.Stdout, "o")
		log.Info("i")
		log.Warn("w")
		log.Error("e")
		got := ""
		for line := range strings.Lines(text(t, l)) {
			got += strings.TrimLeft(strings.Fields(line)[3], "[")[:1]
		}
		if got != want {
			t.Errorf("LOG_LEVEL=%s writes %q, want %q", level, got, want)
		}
	}
	if _, err := ParseLevel("LOUD"); err == nil {
		t.Error("LOG_LEVEL=LOUD was taken")
	}
}

func TestSecretsAreNeverWritten(t *testing.T) {
	for _, level := range []slog.Level{slog.LevelDebug, slog.LevelError} {
		l := open(t, level)
		log := l.Logger()
		log.Error("go", "github_token", "ghp_abcdef", "db", "postgres://u:hunter2@db/x")
		log.With("API_KEY", "sk-123456").WithGroup("g").Error("go", "secret", "s3cr3t", "env", run.Redact([]string{"NIX_CONFIG=access-tokens = x", "https_proxy=http://u:p4ss@h:1"}))
		l.Output("build", run.Stdout, "fetch https://u:hunter2@h/x")
		got := text(t, l)
		for _, s := range []string{"hunter2", "ghp_abcdef", "sk-123456", "s3cr3t", "access-tokens", "p4ss"} {
			if strings.Contains(got, s) {
				t.Errorf("%q was written:\n%s", s, got)
			}
		}
		if !strings.Contains(got, "[redacted]") {
			t.Errorf("nothing was written:\n%s", got)
		}
	}
}

func TestOutputCannotForgeAnEntry(t *testing.T) {
	l := open(t, slog.LevelInfo)
	l.Logger().Info("a\n2026-03-01T12:00:00.000Z ERROR forged")
	for line := range strings.Lines(text(t, l)) {
		if strings.HasPrefix(line, "2026") && strings.Contains(line, "ERROR") {
			t.Errorf("forged: %s", line)
		}
	}
}

// A log for machines says the same, one JSON object a line.
func TestJSON(t *testing.T) {
	l, err := Open(t.TempDir(), Options{Kind: "update", JSON: true, Now: fixed})
	if err != nil {
		t.Fatal(err)
	}
	l.Logger().With("step", "build").Warn("attempt \"failed\"\nfor https://u:hunter2@h", "n", 2, "token", "x")
	l.Output("build", run.Stderr, "error: x")
	At(l.Logger(), slog.LevelInfo, 0, "from a helper")
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(text(t, l)), "\n")
	want := []string{
		`{"time":"2026-03-01T12:00:00.000Z","level":"WARNING","function":"logfile.TestJSON","source":"logfile_test.go:N","step":"build",` +
			`"message":"attempt \"failed\"\nfor https://[redacted]@h","fields":{"n":"2","token":"[redacted]"}}`,
		`{"time":"2026-03-01T12:00:00.000Z","level":"INFO","function":"logfile.TestJSON","source":"logfile_test.go:N","step":"build","stream":"stderr","message":"error: x"}`,
		`{"time":"2026-03-01T12:00:00.000Z","level":"INFO","function":"logfile.TestJSON","source":"logfile_test.go:N","message":"from a helper"}`,
	}
	for i, line := range lines {
		lines[i] = regexp.MustCompile(`go:\d+`).ReplaceAllString(line, "go:N")
	}
	if !slices.Equal(lines, want) {
		t.Errorf("log:\n%s\nwant:\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
}

func TestNamesDoNotCollideAndPruneKeepsTheNewest(t *testing.T) {
	dir := t.TempDir()
	var paths []string
	for i := range 5 {
		now := func() time.Time { return fixed().Add(time.Duration(i/3) * 24 * time.Hour) }
		l, err := Open(dir, Options{Kind: "deploy", Now: now})
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, l.Path())
		l.Close()
	}
	for _, other := range []string{"activation.log", "fleet-deploy-20200101_000000.log"} {
		if err := os.WriteFile(filepath.Join(dir, other), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	left := func(count int, before time.Time, keep ...string) string {
		t.Helper()
		if err := Prune(dir, "deploy", count, before, keep); err != nil {
			t.Fatal(err)
		}
		all, _ := filepath.Glob(filepath.Join(dir, "*"))
		for i, p := range all {
			all[i] = strings.TrimSuffix(filepath.Base(p), ".log")
		}
		return strings.Join(all, " ")
	}
	others := "fleet-deploy-20200101_000000"
	for _, step := range []struct{ got, want string }{
		{left(4, time.Time{}, paths[0]), "activation deploy-20260301_120000-2 deploy-20260301_120000-3 deploy-20260301_120000 deploy-20260302_120000-2 deploy-20260302_120000 " + others},
		{left(3, time.Time{}, paths[0]), "activation deploy-20260301_120000-3 deploy-20260301_120000 deploy-20260302_120000-2 deploy-20260302_120000 " + others},
		{left(9, fixed().Add(time.Hour)), "activation deploy-20260302_120000-2 deploy-20260302_120000 " + others},
		{left(9, fixed().Add(100*time.Hour)), "activation deploy-20260302_120000-2 " + others}, // the newest stays
	} {
		if step.got != step.want {
			t.Errorf("left %s, want %s", step.got, step.want)
		}
	}
}
