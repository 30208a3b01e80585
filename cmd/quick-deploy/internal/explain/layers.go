package explain

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/quick-deploy/quick-deploy/generator/profile"
)

// KeyLayers are what the layers of a profile say about a key, in the order they are applied.
type KeyLayers []Layer

// Layer is what one of them says.
type Layer struct {
	Layer  string `json:"layer"`
	Effect string `json:"effect"`
	Place  string `json:"place"`
	Path   string `json:"path"`
	Value  any    `json:"value"`
	Won    bool   `json:"won"` // it is in the result
	// Becomes are the options that a default is the value of.
	Becomes []string `json:"becomes,omitempty"`
}

// Layers looks a key of a host up.
func Layers(p *profile.Profile, host, key string) (KeyLayers, error) {
	steps, err := p.Explain(host, key)
	if err != nil {
		return nil, err
	}
	out := make(KeyLayers, len(steps))
	for i, s := range steps {
		out[i] = Layer{
			Layer: s.Layer, Effect: string(s.Effect), Place: s.Pos.String(), Path: s.Path, Value: s.Value.Any(), Won: s.Won,
		}
	}
	return out, nil
}

// WriteText writes them as a table, whose cells end with tabs, or a default as a sentence.
func (ls KeyLayers) WriteText(w io.Writer) {
	for _, l := range ls {
		value, _ := json.Marshal(l.Value) // a profile's value is made of what JSON knows
		if l.Layer == defaultLayer {
			place, becomes := "", ""
			if l.Place != "" {
				place = " (" + l.Place + ")"
			}
			if len(l.Becomes) > 0 {
				becomes = ", becomes " + strings.Join(l.Becomes, " and ")
			}
			fmt.Fprintf(w, "%s = %s, the default%s%s\n", l.Path, value, place, becomes)
			continue
		}
		used := "not used"
		if l.Won {
			used = "used"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s = %s\n", used, l.Place, l.Layer, l.Effect, l.Path, value)
	}
}
