package profile

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Nearest is the name among names that is most like s, "" if none is likely
// to have been meant. Equal candidates are decided by their order.
func Nearest(s string, names []string) string {
	const longest = 64 // longer ones are not mistyped names
	if s == "" || utf8.RuneCountInString(s) > longest {
		return ""
	}
	fold := []rune(strings.ToLower(s))
	limit := min(max(1, (len(fold)+1)/3), len(fold)-1)
	best, found := limit+1, ""
	for _, name := range names {
		cand := []rune(strings.ToLower(name))
		if d := len(cand) - len(fold); d >= best || -d >= best {
			continue
		}
		if d := distance(fold, cand); d < best {
			best, found = d, name
		}
	}
	if found != "" {
		return found
	}
	// "postgres" for "postgresql", "redis-server" for "redis".
	for _, name := range names {
		lower := strings.ToLower(name)
		if len(fold) >= 3 && strings.HasPrefix(lower, string(fold)) || len(name) >= 3 && strings.HasPrefix(string(fold), lower) {
			return name
		}
	}
	return ""
}

// Mistyped tells whether s is surely meant to be name: by one slip behind the first letter of
// a word that is not short. "radio" is not "audio", nor "adb" "adm".
func Mistyped(s, name string) bool {
	const short = 3
	a, b := []rune(s), []rune(name)
	return len(a) > short && len(b) > 0 && a[0] == b[0] && distance(a, b) == 1
}

// distance is the number of single-character edits (insert, delete, replace,
// swap of neighbours) between a and b.
func distance(a, b []rune) int {
	prev2 := make([]int, len(b)+1)
	prev := make([]int, len(b)+1)
	cur := make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], prev2[j-2]+1)
			}
		}
		prev2, prev, cur = prev, cur, prev2
	}
	return prev[len(b)]
}

// didYouMean is a hint that names the nearest of names, else lists them if they are few.
func didYouMean(s string, names []string) string {
	if near := Nearest(s, names); near != "" {
		return "did you mean " + strconv.Quote(near) + "?"
	}
	const few = 8
	if len(names) == 0 || len(names) > few {
		return ""
	}
	return "known are " + strings.Join(names, ", ")
}
