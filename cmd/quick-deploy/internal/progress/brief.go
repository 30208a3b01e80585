package progress

import "strings"

// Brief is an error of Nix without its trace: the message and the place it
// names. Nix prints the trace first, indented, and the message behind another
// "error:". Any other text is returned as it is.
func Brief(text string) string {
	if !strings.HasPrefix(text, "error:") {
		return text
	}
	lines := strings.Split(text, "\n")
	from := 0
	for i, l := range lines {
		if t := strings.TrimSpace(l); strings.HasPrefix(t, "… ") {
			from = -1 // a trace: what counts is behind it
		} else if from < 0 && strings.HasPrefix(t, "error:") {
			from = i
		}
	}
	if from <= 0 {
		return text
	}
	indent := len(lines[from]) - len(strings.TrimLeft(lines[from], " "))
	for i, l := range lines[from:] {
		lines[from+i] = l[min(indent, len(l)-len(strings.TrimLeft(l, " "))):]
	}
	return strings.Join(lines[from:], "\n")
}
