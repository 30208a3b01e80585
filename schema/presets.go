package schema

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// Preset is a profile to start from, with a sentence about it.
type Preset struct{ Name, Summary string }

// PresetList is the presets in the order that somebody new reads them in. Each begins with a comment that
// says its place and what it is for: "# 2. Workstation: a desktop for daily work."
func PresetList() ([]Preset, error) {
	files, err := fs.Glob(Presets(), "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list the presets: %w", err)
	}
	out := make([]Preset, len(files))
	for _, file := range files {
		text, err := fs.ReadFile(Presets(), file)
		if err != nil {
			return nil, fmt.Errorf("read the presets: %w", err)
		}
		number, about, _ := strings.Cut(firstComment(text), ". ")
		place, err := strconv.Atoi(number)
		if err != nil || place < 1 || place > len(out) || out[place-1].Name != "" {
			return nil, fmt.Errorf("read the presets: %s does not begin with a place of its own", file)
		}
		summary, _, _ := strings.Cut(about+" ", ". ")
		out[place-1] = Preset{strings.TrimSuffix(file, ".yaml"), strings.Trim(summary, ". ")}
	}
	return out, nil
}

// firstComment is the comment that a file begins with, on one line.
func firstComment(text []byte) string {
	var words []string
	for line := range strings.Lines(string(text)) {
		comment, ok := strings.CutPrefix(line, "#")
		if !ok {
			break
		}
		words = append(words, strings.Fields(comment)...)
	}
	return strings.Join(words, " ")
}
