package search_test

import (
	"testing"

	"github.com/quick-deploy/quick-deploy/generator/index"
	"github.com/quick-deploy/quick-deploy/generator/search"
)

func BenchmarkFind(b *testing.B) {
	for _, words := range []string{"web server", "services", "ngnix"} {
		b.Run(words, func(b *testing.B) {
			for b.Loop() {
				if _, err := search.New(index.Open("26.05")).Find(words, 20); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
