package modules

import (
	"io/fs"
	"regexp"
	"strings"
	"testing"
)

var defaultList = regexp.MustCompile(`(mkDefault|mkOverride \d+) \(?\[|(mkDefault|mkOverride \d+) \($`)

// A list that is a default gives way as a whole to any other definition. So it is one only where it is one choice,
// and the line above says so.
func TestDefaultListsAreOneChoice(t *testing.T) {
	err := fs.WalkDir(Files, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(Files, path)
		if err != nil {
			return err
		}
		lines := strings.Split(string(data), "\n")
		for i, line := range lines {
			isList := defaultList.MatchString(line)
			if strings.HasSuffix(line, "(") {
				isList = isList && i+1 < len(lines) && strings.HasPrefix(strings.TrimSpace(lines[i+1]), "[")
			}
			if isList && (i == 0 || !strings.HasPrefix(strings.TrimSpace(lines[i-1]), "# One choice:")) {
				t.Errorf("%s:%d: a list by mkDefault is lost beside any other definition; "+
					"make it a plain definition, or say above it that it is \"# One choice:\"", path, i+1)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
