package catalogue

import (
	"fmt"
	"io/fs"
	"strings"

	"github.com/quick-deploy/quick-deploy/schema"
)

// Preset is a profile to start from, with a sentence about it.
type Preset struct{ Name, Summary string }

// Presets are the presets with what their first comment says about them.
func Presets() ([]Preset, error) {
	files, err := fs.Glob(schema.Presets(), "*.yaml")
	if err != nil {
		return nil, fmt.Errorf("list the presets: %w", err)
	}
	var out []Preset
	for _, file := range files {
		text, err := fs.ReadFile(schema.Presets(), file)
		if err != nil {
			return nil, fmt.Errorf("read the presets: %w", err)
		}
		out = append(out, Preset{strings.TrimSuffix(file, ".yaml"), firstSentence(text)})
	}
	return out, nil
}

// firstSentence is the first sentence of the comment that a file begins with.
func firstSentence(text []byte) string {
	var words []string
	for line := range strings.Lines(string(text)) {
		comment, ok := strings.CutPrefix(line, "#")
		if !ok {
			break
		}
		words = append(words, strings.Fields(comment)...)
	}
	sentence, _, _ := strings.Cut(strings.Join(words, " ")+" ", ". ")
	return strings.TrimSpace(sentence)
}
