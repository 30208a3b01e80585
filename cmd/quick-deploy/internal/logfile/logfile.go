// Package logfile writes the log of one command: a file of mode 0600, one line an
// entry, with time, level, function, step and place in the source; as text, or as one
// JSON object a line. What a terminal shows is another matter.
package logfile

import (
	"cmp"
	"context"
	"encoding/json"
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

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// ParseLevel reads LOG_LEVEL: DEBUG, INFO, WARNING (or WARN) and ERROR, in any case.
func ParseLevel(s string) (slog.Level, error) {
	level, ok := levels[strings.ToUpper(s)]
	if !ok {
		return 0, fmt.Errorf("log level %q is not one of DEBUG, INFO, WARNING, ERROR", s)
	}
	return level, nil
}

var levels = map[string]slog.Level{
	"": slog.LevelInfo, "DEBUG": slog.LevelDebug, "INFO": slog.LevelInfo, "WARNING": slog.LevelWarn,
	"WARN": slog.LevelWarn, "ERROR": slog.LevelError,
}

// File is an open log.
type File struct {
	path  string
	level slog.Level
	json  bool
	now   func() time.Time

	mu     sync.Mutex
	f      *os.File
	offset int64
	failed error
}

// Deploy is the kind of the logs of commands that change the machine.
const Deploy = "deploy"

// Kept is how many logs of each kind are kept, KeptFor how long at the most.
const (
	Kept    = 50
	KeptFor = 90 * 24 * time.Hour
)

// Options say how a log is written.
type Options struct {
	// Kind is what the log's name begins with: deploy, or the command.
	Kind  string
	Level slog.Level
	// JSON makes each entry a JSON object.
	JSON bool
	Now  func() time.Time
}

// Open makes KIND-YYYYMMDD_HHMMSS.log in dir, with a number behind it where
// the name is taken.
func Open(dir string, o Options) (*File, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	base := filepath.Join(dir, o.Kind+"-"+o.Now().Format("20060102_150405"))
	for n := 1; ; n++ {
		path := base + ".log"
		if n > 1 {
			path = fmt.Sprintf("%s-%d.log", base, n)
		}
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("open log: %w", err)
		}
		return &File{path: path, level: o.Level, json: o.JSON, now: o.Now, f: f}, nil
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
	e := entry{level: slog.LevelInfo, Step: step, Stream: "stdout", Message: line}
	if s == run.Stderr {
		e.Stream = "stderr"
	}
	e.call(caller(1))
	l.write(e)
}

// caller is the place of the function that is skip functions above the one that asks.
func caller(skip int) uintptr {
	var pcs [1]uintptr
	runtime.Callers(skip+2, pcs[:])
	return pcs[0]
}

// At writes a message as from the function that is skip functions above its
// caller: helpers of one line are no place to look for.
func At(log *slog.Logger, level slog.Level, skip int, message string, args ...any) {
	From(log, level, caller(skip+1), message, args...)
}

// From writes a message as from a place that runtime.Callers gave; 0: it is not known.
func From(log *slog.Logger, level slog.Level, pc uintptr, message string, args ...any) {
	ctx := context.Background()
	if !log.Enabled(ctx, level) {
		return
	}
	r := slog.NewRecord(time.Time{}, level, message, pc)
	r.Add(args...)
	_ = log.Handler().Handle(ctx, r) // what cannot be written is told by Close
}

// Logger writes to the log.
func (l *File) Logger() *slog.Logger { return slog.New(&handler{file: l}) }

// entry is one entry, as JSON has it.
type entry struct {
	Time     string            `json:"time"`
	Level    string            `json:"level"`
	Function string            `json:"function,omitempty"`
	Source   string            `json:"source,omitempty"` // file:line
	Step     string            `json:"step,omitempty"`
	Stream   string            `json:"stream,omitempty"` // stdout or stderr, of a command's output
	Message  string            `json:"message"`
	Fields   map[string]string `json:"fields,omitempty"`

	level slog.Level
	order []string // of the fields
}

// call says which function writes the entry.
func (e *entry) call(pc uintptr) {
	if pc == 0 {
		return
	}
	at := fault.At(pc)
	e.Function, e.Source = at.Function, at.Source
}

// text is the entry for people. A command's output is marked by | or, from stderr, !.
func (e *entry) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %-7s %s:", e.Time, e.Level, cmp.Or(e.Function, "?"))
	if e.Step != "" {
		fmt.Fprintf(&b, " [%s]", e.Step)
	}
	switch e.Stream {
	case "stdout":
		b.WriteString(" |")
	case "stderr":
		b.WriteString(" !")
	}
	b.WriteString(" " + e.Message)
	for _, key := range e.order {
		fmt.Fprintf(&b, " %s=%s", key, quote(e.Fields[key]))
	}
	if e.Source != "" && e.Stream == "" {
		fmt.Fprintf(&b, " (%s)", e.Source)
	}
	// One entry is one line: what a command says must not look like an entry of ours.
	return strings.ReplaceAll(term.Clean(strings.ReplaceAll(b.String(), "\r", "")), "\n", "\n    ")
}

func (l *File) write(e entry) {
	e.Time, e.Level = l.now().Format("2006-01-02T15:04:05.000Z07:00"), e.level.String()
	if e.level == slog.LevelWarn {
		e.Level = "WARNING"
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	e.Message = run.RedactText(e.Message)
	for key, value := range e.Fields {
		e.Fields[key] = run.RedactText(value)
	}
	line := []byte(nil)
	if l.json {
		line, _ = json.Marshal(e) // texts only: it cannot fail
		line = term.EscapeJSON(line)
	} else {
		line = []byte(e.text())
	}
	n, err := l.f.Write(append(line, '\n'))
	l.offset += int64(n)
	if err != nil && l.failed == nil {
		l.failed = fmt.Errorf("write log: %w", err)
	}
}

// handler is the slog.Handler of a File.
type handler struct {
	file  *File
	attrs []slog.Attr
}

func (h *handler) Enabled(_ context.Context, level slog.Level) bool { return level >= h.file.level }

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &handler{h.file, slices.Concat(h.attrs, attrs)}
}

// WithGroup leaves the group out: the fields of an entry are a flat list.
func (h *handler) WithGroup(string) slog.Handler { return h }

func (h *handler) Handle(_ context.Context, r slog.Record) error {
	e := entry{level: r.Level, Message: r.Message, Fields: map[string]string{}}
	for _, a := range h.attrs {
		e.add(a)
	}
	r.Attrs(func(a slog.Attr) bool { e.add(a); return true })
	e.call(r.PC)
	h.file.write(e)
	return nil
}

// add puts a field into the entry.
func (e *entry) add(a slog.Attr) {
	value := a.Value.Resolve().String()
	if a.Key == "step" {
		e.Step = value
		return
	}
	if secret(a.Key) {
		value = "[redacted]"
	}
	e.order = append(e.order, a.Key)
	e.Fields[a.Key] = value
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

// name is what Open calls a log.
var name = lazyregexp.New(`^([a-z-]+)-\d{8}_\d{6}(?:-\d+)?\.log$`)

// Prune removes the oldest logs of a kind beyond the newest count, and those that
// are older than before, except those in keep.
func Prune(dir, kind string, count int, before time.Time, keep []string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("prune logs: %w", err)
	}
	var logs []string
	for _, e := range entries {
		if m := name.FindStringSubmatch(e.Name()); m != nil && m[1] == kind {
			logs = append(logs, strings.TrimSuffix(e.Name(), ".log"))
		}
	}
	slices.Sort(logs) // the names begin with the date
	oldest := kind + "-" + before.Format("20060102_150405")
	for i, log := range logs {
		path := filepath.Join(dir, log+".log")
		if i >= len(logs)-count && log >= oldest || i == len(logs)-1 || slices.Contains(keep, path) {
			continue
		}
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) { // another run prunes as well
			return fmt.Errorf("prune logs: %w", err)
		}
	}
	return nil
}
