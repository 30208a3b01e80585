package term

import (
	"context"
	"fmt"
	"io"
	"strings"
)

// ReadLine reads up to the end of a line and not a byte more: whoever reads the same
// input afterwards finds the rest. The end of ctx ends the wait, with its error; the
// read itself cannot be called off.
func ReadLine(ctx context.Context, in io.Reader) (string, error) {
	type result struct {
		line []byte
		err  error
	}
	done := make(chan result, 1)
	go func() {
		var r result
		for b := make([]byte, 1); r.err == nil; {
			var n int
			n, r.err = in.Read(b)
			r.line = append(r.line, b[:n]...)
			if n > 0 && b[0] == '\n' {
				break
			}
		}
		done <- r
	}()
	select {
	case <-ctx.Done():
		return "", ctx.Err()
	case r := <-done:
		return string(r.line), r.err
	}
}

// Count is a number with its noun, such as "2 files".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// List is some names in a line, and how many more there are.
func List(names []string) string {
	const most = 8
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
