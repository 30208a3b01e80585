package main

import (
	"bytes"
	"cmp"
	"encoding/xml"
	"fmt"
	"image/color"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/charmbracelet/x/vt"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/probe/probetest"
)

// The picture in the README is of a real session: a new user on a machine with a real Nix, who types init, presses
// Enter, and says yes. GOLDIE_UPDATE=1 records it.
func TestRecording(t *testing.T) {
	const picture = "docs/session.svg"
	r := recorded(t)
	got, path := r.svg(), filepath.Join(projectRoot, picture)
	if err := xml.Unmarshal(got, new(struct{})); err != nil {
		t.Fatalf("this is not XML: %v", err)
	}
	if os.Getenv("GOLDIE_UPDATE") != "" {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if want, err := os.ReadFile(path); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%s is not of this session (%v): GOLDIE_UPDATE=1 go test ./cmd/quick-deploy -run TestRecording\n%s", picture, err, r.frames[len(r.frames)-1].text())
	}
}

// recording is what was to be seen, one after the other.
type recording struct{ frames []frame }

// frame is a screen, and how long it is looked at.
type frame struct {
	rows [][]stretch
	hold time.Duration
}

// stretch are neighbours on a row that look the same.
type stretch struct {
	at, cells int
	text      string
	look      string
}

const (
	recordingCols, recordingRows = 100, 30
	typedLine                    = "$ quick-deploy init\r\n"
)

// recorded has the session, and plays it with the paths and times that it would have on a machine.
func recorded(t *testing.T) *recording {
	c := newComputer(t)
	probetest.Write(t, c.Root, "vm-kvm-virtio")
	c.put(filepath.Join(c.Root, "etc/timezone"), "Europe/Berlin\n")
	c.put(filepath.Join(c.Root, "proc/meminfo"), "MemTotal: 28000000 kB\nMemAvailable: 16000000 kB\n")
	c.put(filepath.Join(c.Root, "etc/passwd"), "ada:x:1000:100:Ada Lovelace:/home/ada:/run/current-system/sw/bin/bash\n")
	env := append(append(c.env.Environ(), c.Vars()...), "TERM=xterm-256color", "COLORTERM=", "USER=ada",
		"QUICK_DEPLOY_ALLOW_ROOT=true", "QUICK_DEPLOY_ELEVATE=none", "QUICK_DEPLOY_SKIP=network", "QUICK_DEPLOY_SKIP_HEALTH_CHECK=true")
	x := start(t, c.work, c.Root, recordingCols, recordingRows, env, "init")
	var ends []int // of what was written before each key
	for x.comesToRest() {
		ends = append(ends, len(x.output()))
		if !strings.Contains(x.screen(), "┃") {
			break
		}
		x.typed(enter)
	}
	written := len(ends) // the form's screens; what follows are lines
	for x.asks() {
		answer := "y"
		if strings.HasSuffix(strings.TrimSpace(x.screen()), "[Y/n]") {
			answer = "n"
		}
		x.typed(answer + enter)
	}
	if code := x.end(); code != 0 {
		t.Fatalf("exit code %d\n%s", code, x.text())
	}
	if n, path := c.Generation(t); n != 1 || c.Running() != path {
		t.Errorf("generation %d, %s runs", n, c.Running())
	}

	r := &recording{}
	form := newScreen(recordingCols, recordingRows)
	form.write(typedLine)
	r.see(form, 1500*time.Millisecond)
	raw, from := x.output(), 0
	for _, end := range ends[:written-1] {
		form.write(raw[from:end])
		r.see(form, 2*time.Second)
		from = end
	}
	// As lines they are whole, however wide: paths are found in them.
	wide := newScreen(1000, 1000)
	wide.write(raw[from:])
	page := newScreen(recordingCols, recordingRows)
	page.write(typedLine)
	for _, line := range asOnAMachine(wide.lines(), c) {
		page.write(line + "\r\n")
		hold := 400 * time.Millisecond
		if strings.Contains(line, "/N]") || strings.Contains(line, "/n]") {
			hold = 2 * time.Second
		}
		r.see(page, hold)
	}
	r.frames[len(r.frames)-1].hold = 8 * time.Second
	return r
}

// comesToRest waits until a form has come to rest on something new, or a question is asked in a line. It is false if the
// program ends.
func (x *terminal) comesToRest() bool {
	x.t.Helper()
	before, since := x.old, time.Now()
	for begin := since; time.Since(begin) < ample; {
		select {
		case <-x.done:
			return false
		case <-time.After(50 * time.Millisecond):
		}
		if now := x.screen(); now != before {
			before, since = now, time.Now()
		}
		rest := strings.Contains(before, "┃") && before != x.old && time.Since(since) > time.Second
		if rest || strings.HasSuffix(strings.TrimSpace(before), "n]") || strings.HasSuffix(strings.TrimSpace(before), "N]") {
			return true
		}
	}
	x.t.Fatalf("it does not come to rest:\n%s", x.screen())
	return false
}

// asks waits for a question in a line. It is false if the program ends.
func (x *terminal) asks() bool {
	for {
		select {
		case <-x.done:
			return false
		case <-time.After(50 * time.Millisecond):
		}
		last := strings.ToLower(strings.TrimSpace(ansi.Strip(x.output()[x.seen:])))
		if strings.HasSuffix(last, "[y/n]") {
			return true
		}
	}
}

var (
	storeHash = regexp.MustCompile(`/store/[0-9a-z]{32}-`)
	lasted    = regexp.MustCompile(` [0-9.]+m?s((?:\x1b\[[0-9;]*m)*)$`)
)

// asOnAMachine are lines as a machine with its own store and a home at /home/ada shows them. Beside nixpkgs stands a
// stand-in, of which Nix warns; on a machine it does not.
func asOnAMachine(lines []string, c *computer) []string {
	names := strings.NewReplacer(c.env.Home(), "/home/ada", c.work, "/home/ada", c.Root, "", filepath.Dir(c.env.Store()), "/nix")
	var out []string
	warned := false
	for _, line := range lines {
		text := ansi.Strip(line)
		warned = strings.Contains(text, "warning: not writing modified lock file") || warned &&
			(strings.HasPrefix(text, "    •") || strings.HasPrefix(text, "        '") || strings.HasPrefix(text, "      →"))
		if warned {
			continue
		}
		line = storeHash.ReplaceAllString(names.Replace(line), "/store/7gay2cj2v4vjrdmbgccra60v11id0fi0-")
		if strings.HasPrefix(text, "✓") {
			line = lasted.ReplaceAllString(line, "$1")
		}
		out = append(out, line)
	}
	return out
}

// screen is a terminal that nobody answers.
type screen struct{ *vt.Emulator }

func newScreen(cols, rows int) screen {
	s := screen{vt.NewEmulator(cols, rows)}
	go func() { _, _ = io.Copy(io.Discard, s) }()
	return s
}

func (s screen) write(text string) { _, _ = s.WriteString(text) }

// lines are the rows with how they look, without the empty ones at the end.
func (s screen) lines() []string {
	lines := strings.Split(s.Render(), "\n")
	for len(lines) > 0 && strings.TrimSpace(ansi.Strip(lines[len(lines)-1])) == "" {
		lines = lines[:len(lines)-1]
	}
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " \r")
	}
	return lines
}

// see adds what is to be seen now.
func (r *recording) see(s screen, hold time.Duration) {
	var rows [][]stretch
	for y := range s.Height() {
		rows = append(rows, runs(s, y))
	}
	r.frames = append(r.frames, frame{rows, hold})
}

func (f frame) text() string {
	var b strings.Builder
	for _, row := range f.rows {
		for _, one := range row {
			b.WriteString(one.text)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// Attributes of a cell.
const (
	bold, faint, reversed = 1 << 0, 1 << 1, 1 << 5
)

// runs are the runs of a row. A cursor, which blinks, is left out: it is one cell in reverse.
func runs(s screen, y int) []stretch {
	var out []stretch
	for x := 0; x < s.Width(); x++ {
		cell := s.CellAt(x, y)
		if cell == nil || cell.Width == 0 {
			continue
		}
		var look []string
		fg := cell.Style.Fg
		if cell.Style.Attrs&reversed == 0 && cell.Style.Bg != nil {
			look = append(look, "b"+hex(cell.Style.Bg))
		}
		if fg != nil {
			look = append(look, "f"+hex(fg))
		}
		if cell.Style.Attrs&bold != 0 {
			look = append(look, "bold")
		}
		if cell.Style.Attrs&faint != 0 {
			look = append(look, "faint")
		}
		text, key := cmp.Or(cell.Content, " "), strings.Join(look, " ")
		if n := len(out) - 1; n >= 0 && out[n].look == key && out[n].at+out[n].cells == x {
			out[n].text += text
			out[n].cells += cell.Width
			continue
		}
		out = append(out, stretch{x, cell.Width, text, key})
	}
	// Blanks that nobody sees.
	for len(out) > 0 {
		last := &out[len(out)-1]
		if strings.Contains(last.look, "b#") {
			break
		}
		trimmed := strings.TrimRight(last.text, " ")
		last.cells -= len(last.text) - len(trimmed)
		if last.text = trimmed; trimmed != "" {
			break
		}
		out = out[:len(out)-1]
	}
	return out
}

// palette are the sixteen colours that a terminal has names for, on a dark ground.
var palette = []string{
	"#484f58", "#ff7b72", "#3fb950", "#d29922", "#58a6ff", "#bc8cff", "#39c5cf", "#b1bac4",
	"#6e7681", "#ffa198", "#56d364", "#e3b341", "#79c0ff", "#d2a8ff", "#56d4dd", "#f0f6fc",
}

func hex(c color.Color) string {
	if basic, ok := c.(ansi.BasicColor); ok {
		return palette[basic]
	}
	if indexed, ok := c.(ansi.IndexedColor); ok && int(indexed) < len(palette) {
		return palette[indexed]
	}
	r, g, b, _ := c.RGBA()
	return fmt.Sprintf("#%02x%02x%02x", r>>8, g>>8, b>>8)
}

// svg is the recording as a picture that moves where pictures may, and else is the end of the session. Each row that
// is to be seen is in it once.
func (r *recording) svg() []byte {
	const cw, ch, pad, bar = 8.4, 17.0, 14.0, 30.0
	w, h := recordingCols*cw+2*pad, recordingRows*ch+2*pad+bar
	film := recordingRows * ch // of one frame
	var defs, strip, keys bytes.Buffer
	ids := map[string]int{}
	var total, passed time.Duration
	for _, f := range r.frames {
		total += f.hold
	}
	for i, f := range r.frames {
		fmt.Fprintf(&keys, "%.3f%%{transform:translateY(-%gpx)}", 100*float64(passed)/float64(total), float64(i)*film)
		passed += f.hold
		for y, row := range f.rows {
			if len(row) == 0 {
				continue
			}
			drawn := drawRow(row, cw, ch)
			id, ok := ids[drawn]
			if !ok {
				id = len(ids)
				ids[drawn] = id
				fmt.Fprintf(&defs, "<g id=\"r%d\">%s</g>\n", id, drawn)
			}
			fmt.Fprintf(&strip, "<use href=\"#r%d\" y=\"%g\"/>", id, float64(i)*film+float64(y)*ch)
		}
		strip.WriteString("\n")
	}
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%g" height="%g" viewBox="0 0 %g %g" role="img">
<title>quick-deploy init: questions with the profile beside them, then the build, the question, and the new system</title>
<style>
text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#e6edf3;white-space:pre}
.bold{font-weight:bold}.faint{opacity:.6}
.film{animation:film %gs step-end infinite}
@media (prefers-reduced-motion:reduce){.film{animation:none}}
@keyframes film{%s}
</style>
<defs>
%s</defs>
<rect width="%g" height="%g" rx="8" fill="#0d1117"/>
<circle cx="20" cy="17" r="6" fill="#ff5f57"/><circle cx="40" cy="17" r="6" fill="#febc2e"/><circle cx="60" cy="17" r="6" fill="#28c840"/>
<svg x="%g" y="%g" width="%g" height="%g"><g class="film" transform="translate(0,-%g)">
%s</g></svg>
</svg>
`, w, h, w, h, total.Seconds(), keys.String(), defs.String(), w, h,
		pad, pad+bar, recordingCols*cw, film, float64(len(r.frames)-1)*film, strip.String())
	return b.Bytes()
}

// drawRow draws a row at the top.
func drawRow(row []stretch, cw, ch float64) string {
	var b strings.Builder
	for _, one := range row {
		var class []string
		fill := ""
		for look := range strings.FieldsSeq(one.look) {
			switch {
			case strings.HasPrefix(look, "b#"):
				fmt.Fprintf(&b, `<rect x="%.1f" width="%.1f" height="%g" fill="%s"/>`, float64(one.at)*cw, float64(one.cells)*cw, ch, look[1:])
			case strings.HasPrefix(look, "f#"):
				fill = look[1:]
			default:
				class = append(class, look)
			}
		}
		lead := len(one.text) - len(strings.TrimLeft(one.text, " "))
		text := strings.TrimSpace(one.text)
		if text == "" {
			continue
		}
		attrs := ""
		if len(class) > 0 {
			attrs += ` class="` + strings.Join(slices.Compact(class), " ") + `"`
		}
		if fill != "" {
			attrs += ` style="fill:` + fill + `"`
		}
		cells := one.cells - (len(one.text) - len(strings.TrimRight(one.text, " "))) - lead
		var escaped bytes.Buffer
		_ = xml.EscapeText(&escaped, []byte(text))
		fmt.Fprintf(&b, `<text x="%.1f" y="%g" textLength="%.1f" xml:space="preserve"%s>%s</text>`,
			float64(one.at+lead)*cw, ch-4, float64(cells)*cw, attrs, escaped.String())
	}
	return b.String()
}
