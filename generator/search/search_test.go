package search_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/generator/index"
	"github.com/quick-deploy/quick-deploy/generator/search"
)

func find(t *testing.T, words string) search.Result {
	t.Helper()
	r, err := search.New(index.Open("26.05")).Find(words, 20)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestQuestions looks where the right answers rank; with -v it prints them all.
func TestQuestions(t *testing.T) {
	const most, all = 3, 10 // ranks for nearly all, and for all
	data, err := os.ReadFile("testdata/questions.tsv")
	if err != nil {
		t.Fatal(err)
	}
	asked, high := 0, 0
	for line := range strings.Lines(string(data)) {
		question, right, ok := strings.Cut(strings.TrimSpace(line), "\t")
		if !ok {
			continue
		}
		asked++
		answers := strings.Fields(right)
		r := find(t, question)
		hits := r.Hits
		rank := 1 + slices.IndexFunc(hits, func(h search.Hit) bool {
			return slices.Contains(answers, fmt.Sprintf("%s:%s", h.Kind, h.Name))
		})
		var first []string
		for _, h := range hits[:min(len(hits), most)] {
			first = append(first, fmt.Sprintf("%s:%s", h.Kind, h.Name))
		}
		t.Logf("%-22s %2d of %-4d %s", question, rank, r.Total, strings.Join(first, " "))
		if rank == 0 || rank > all {
			t.Errorf("%s: rank %d (0: not found) of %s, which must be within %d", question, rank, right, all)
		}
		if rank > 0 && rank <= most {
			high++
		}
	}
	if asked < 100 || high < asked*95/100 {
		t.Errorf("%d of %d answers are among the first %d", high, asked, most)
	}
}
