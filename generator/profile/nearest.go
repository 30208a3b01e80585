package profile

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/hbollon/go-edlib"
)

// Nearest is the name among names that is most like s, "" if none is likely
// to have been meant. Equal candidates are decided by their order.
func Nearest(s string, names []string) string {
	const longest = 64 // longer ones are not mistyped names
	if s == "" || utf8.RuneCountInString(s) > longest {
		return ""
	}
	fold := strings.ToLower(s)
	size := utf8.RuneCountInString(fold)
	best, found := 1+min(max(1, (size+1)/3), size-1), ""
	for _, name := range names {
		lower := strings.ToLower(name)
		if d := utf8.RuneCountInString(lower) - size; d >= best || -d >= best {
			continue
		}
		if d := distance(fold, lower); d < best {
			best, found = d, name
		}
	}
	if found != "" {
		return found
	}
	// "postgres" for "postgresql", "redis-server" for "redis".
	for _, name := range names {
		lower := strings.ToLower(name)
		if size >= 3 && strings.HasPrefix(lower, fold) || len(name) >= 3 && strings.HasPrefix(fold, lower) {
			return name
		}
	}
	return ""
}

// Mistyped tells whether s is surely meant to be name: by one slip behind the first letter of
// a word that is not short. "radio" is not "audio", nor "adb" "adm".
func Mistyped(s, name string) bool {
	const short = 3
	_, first := utf8.DecodeRuneInString(s)
	return utf8.RuneCountInString(s) > short && strings.HasPrefix(name, s[:first]) && distance(s, name) == 1
}

// distance is the number of single-character edits (insert, delete, replace,
// swap of neighbours) between a and b.
func distance(a, b string) int { return edlib.OSADamerauLevenshteinDistance(a, b) }

// Meant is a hint that near was meant, "" where nothing is near.
func Meant(near string) string {
	if near == "" {
		return ""
	}
	return "did you mean " + strconv.Quote(near) + "?"
}

// DidYouMean is a hint that names the nearest of names, else lists them if they are few.
func DidYouMean(s string, names []string) string {
	const few = 8
	near := Nearest(s, names)
	if near == "" && len(names) > 0 && len(names) <= few {
		return "known are " + strings.Join(names, ", ")
	}
	return Meant(near)
}
