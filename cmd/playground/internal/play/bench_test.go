package play

import (
	"encoding/json"
	"strings"
	"testing"
)

// A keystroke in each preset, with JSON both ways: the whole of what the page waits for. It has 50 ms in a browser, which
// takes some five times as long.
func BenchmarkKeystroke(b *testing.B) {
	p := newPage(b)
	for _, s := range ask[info](b, p, "info", struct{}{}).Presets {
		b.Run(s.Name, func(b *testing.B) {
			b.ReportAllocs()
			zone := "Etc/UTC"
			for b.Loop() {
				text, err := json.Marshal(question{Profile: strings.Replace(s.Profile, "Europe/Berlin", zone, 1)})
				if err != nil {
					b.Fatal(err)
				}
				if _, err := p.Call("generate", text); err != nil {
					b.Fatal(err)
				}
				zone += " # "
			}
		})
	}
}
