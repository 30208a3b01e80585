// Package logfile writes the log of one run: a file of mode 0600, one line an
// entry, with time, level, step and caller. What a terminal shows is another matter.
package logfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
)

// ParseLevel reads LOG_LEVEL: DEBUG, INFO, WARNING (or WARN) and ERROR, in any case.
func ParseLevel(s string) (slog.Level, error) {
	switch strings.ToUpper(s) {
	case "", "INFO":
		return slog.LevelInfo, nil
	case "DEBUG":
		return slog.LevelDebug, nil
	case "WARNING", "WARN":
		return slog.LevelWarn, nil
	case "ERROR":
		return slog.LevelError, nil
	}
	return 0, fmt.Errorf("log level %q is not one of DEBUG, INFO, WARNING, ERROR", s)
}

// File is an open log.
type File struct {
	path  string
	level slog.Level
	now   func() time.Time

	mu     sync.Mutex
	f      *os.File
	offset int64
	hidden []string
	failed error
}

// Open makes deploy-YYYYMMDD_HHMMSS.log in dir, with a number behind it where
// the name is taken.
func Open(dir string, level slog.Level, now func() time.Time) (*File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	base := filepath.Join(dir, "deploy-"+now().Format("20060102_150405"))
	for n := 1; ; n++ {
		path := base + ".log"
		if n > 1 {
			path = fmt.Sprintf("%s_%d.log", base, n)
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("open log: %w", err)
		}
		return &File{path: path, level: level, now: now, f: f}, nil
	}
}

// Path is the absolute path of the log.
func (l *File) Path() string { return l.path }

// Offset is the size of the log, bytes: where the next entry begins.
func (l *File) Offset() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.offset
}

// Hide has a value replaced by "[redacted]" wherever it would be written.
// Values shorter than four bytes are not: they would hide half the log.
func (l *File) Hide(values ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, v := range values {
		if len(v) >= 4 && !slices.Contains(l.hidden, v) {
			l.hidden = append(l.hidden, v)
		}
	}
	// Longest first: one secret may begin with another.
	slices.SortFunc(l.hidden, func(a, b string) int { return len(b) - len(a) })
}

// Close ends the log. The error is the first that writing met: a full disk
// must not stop a deployment, but it must be said.
func (l *File) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.failed, l.f.Close())
}

// Output writes a line of a command's output.
func (l *File) Output(step string, s run.Stream, line string) {
	if l.level > slog.LevelInfo {
		return
	}
	mark := "|"
	if s == run.Stderr {
		mark = "!"
	}
	l.line(slog.LevelInfo, fmt.Sprintf("[%s] %s %s", step, mark, line))
}

// Logger writes to the log.
func (l *File) Logger() *slog.Logger { return slog.New(&handler{file: l}) }

func (l *File) line(level slog.Level, text string) {
	name := level.String()
	if level == slog.LevelWarn {
		name = "WARNING"
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, h := range l.hidden {
		text = strings.ReplaceAll(text, h, "[redacted]")
	}
	text = run.RedactText(text)
	// One entry is one line: what a command says must not look like an entry of ours.
	text = strings.ReplaceAll(term.Clean(strings.ReplaceAll(text, "\r", "")), "\n", "\n    ")
	n, err := fmt.Fprintf(l.f, "%s %-7s %s\n", l.now().Format("2006-01-02T15:04:05.000Z07:00"), name, text)
	l.offset += int64(n)
	if err != nil && l.failed == nil {
		l.failed = fmt.Errorf("write log: %w", err)
	}
}

// handler is the slog.Handler of a File.
type handler struct {
	file  *File
	attrs []slog.Attr
	group string
}

func (h *handler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.file.level }

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *h
	c.attrs = slices.Concat(h.attrs, h.named(attrs))
	return &c
}

func (h *handler) WithGroup(name string) slog.Handler {
	c := *h
	c.group += name + "."
	return &c
}

func (h *handler) named(attrs []slog.Attr) []slog.Attr {
	out := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		out[i] = slog.Attr{Key: h.group + a.Key, Value: a.Value}
	}
	return out
}

func (h *handler) Handle(_ context.Context, r slog.Record) error {
	attrs := slices.Clone(h.attrs)
	r.Attrs(func(a slog.Attr) bool {
		attrs = append(attrs, h.named([]slog.Attr{a})...)
		return true
	})
	step := ""
	var rest strings.Builder
	for _, a := range attrs {
		if a.Key == "step" {
			step = a.Value.String()
			continue
		}
		value := a.Value.Resolve().String()
		if secret(a.Key) {
			value = "[redacted]"
		}
		fmt.Fprintf(&rest, " %s=%s", a.Key, quote(value))
	}
	var b strings.Builder
	if step != "" {
		fmt.Fprintf(&b, "[%s] ", step)
	}
	b.WriteString(r.Message)
	b.WriteString(rest.String())
	if r.PC != 0 {
		frame, _ := runtime.CallersFrames([]uintptr{r.PC}).Next()
		fmt.Fprintf(&b, " (%s:%d)", filepath.Base(frame.File), frame.Line)
	}
	h.file.line(r.Level, b.String())
	return nil
}

func secret(key string) bool {
	return run.Redact([]string{key + "=x"})[0] != key+"=x"
}

func quote(s string) string {
	if s == "" || strings.ContainsAny(s, " \t\n\"") {
		return fmt.Sprintf("%q", s)
	}
	return s
}

// Prune removes the oldest logs beyond the newest count, except those in keep.
func Prune(dir string, count int, keep []string) error {
	logs, err := filepath.Glob(filepath.Join(dir, "deploy-*.log"))
	if err != nil {
		return fmt.Errorf("prune logs: %w", err)
	}
	slices.Sort(logs) // the names begin with the date
	for _, p := range logs[:max(0, len(logs)-count)] {
		if slices.Contains(keep, p) {
			continue
		}
		if err := os.Remove(p); err != nil {
			return fmt.Errorf("prune logs: %w", err)
		}
	}
	return nil
}
