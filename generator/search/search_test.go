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
	for _, c := range []struct {
		file               string
		asked, high, worst int // how many there are, of which so many rank high, and none worse than that
	}{{"questions.tsv", 102, 98, 10}, {"questions-later.tsv", 48, 44, 0}} {
		t.Run(c.file, func(t *testing.T) {
			data, err := os.ReadFile("testdata/" + c.file)
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
				rank, about := rankOf(t, question, strings.Fields(right))
				t.Logf("%-24s %s", question, about)
				if c.worst > 0 && (rank == 0 || rank > c.worst) {
					t.Errorf("%s: rank %d (0: not found) of %s, which must be within %d", question, rank, right, c.worst)
				}
				if rank > 0 && rank <= top {
					high++
				}
			}
			t.Logf("%d of %d answers are among the first %d", high, asked, top)
			if asked != c.asked || high < c.high {
				t.Errorf("%d of %d answers are among the first %d, want %d of %d", high, asked, top, c.high, c.asked)
			}
		})
	}
}

// top is up to which rank an answer is seen at once.
const top = 3

// rankOf is the rank of the first answer that is right, 0 if none is found.
func rankOf(t *testing.T, question string, answers []string) (rank int, about string) {
	t.Helper()
	r := find(t, question)
	var names []string
	for i, h := range r.Hits {
		names = append(names, fmt.Sprintf("%s:%s", h.Kind, h.Name))
		if rank == 0 && slices.Contains(answers, names[i]) {
			rank = i + 1
		}
	}
	return rank, fmt.Sprintf("%2d of %-4d %s", rank, r.Total, strings.Join(names[:min(len(names), top)], " "))
}
