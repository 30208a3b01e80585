package main

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strings"
)

// figures are what a row is held to.
type figures struct {
	ratio  float64 // of processor time, to the yardstick's
	memory float64 // MB at the peak
}

// tolerance is how much of what was accepted is still good: a third more.
const tolerance = 4.0 / 3

func (r result) figures() figures {
	return figures{
		ratio:  float64(leastCPU(r.program)) / float64(leastCPU(r.yardstick)),
		memory: float64(leastMemory(r.program)) / 1e6,
	}
}

// exceeded is an error for each figure of a result that is more than a third above what was accepted.
func (accepted figures) exceeded(r result) error {
	var worse []error
	got := r.figures()
	if limit := tolerance * accepted.ratio; got.ratio > limit {
		worse = append(worse, fmt.Errorf("%s: %.3g times the processor time of %s; accepted are %.3g, the limit is %.3g",
			r.row.what, got.ratio, r.row.yardstick.name, accepted.ratio, limit))
	}
	if limit := tolerance * accepted.memory; got.memory > limit {
		worse = append(worse, fmt.Errorf("%s: %.0f MB; accepted are %.0f, the limit is %.0f",
			r.row.what, got.memory, accepted.memory, limit))
	}
	return errors.Join(worse...)
}

// limits are the accepted figures by row.
type limits map[string]figures

const limitsHead = "# What bash .ci/bench --accept has accepted: ratio of processor time, MB at the peak, row.\n"

// readLimits reads a file as write makes it; without one nothing is accepted yet.
func readLimits(file string) (limits, error) {
	accepted := limits{}
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return accepted, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		if strings.HasPrefix(line, "#") {
			continue
		}
		var a figures
		fields := strings.SplitN(line, "\t", 3)
		if len(fields) != 3 {
			return nil, fmt.Errorf("%s: %q is not ratio, MB and row", file, line)
		}
		if _, err := fmt.Sscan(fields[0]+" "+fields[1], &a.ratio, &a.memory); err != nil {
			return nil, fmt.Errorf("%s: %q: %w", file, line, err)
		}
		accepted[fields[2]] = a
	}
	return accepted, nil
}

func (accepted limits) write(file string) error {
	var b strings.Builder
	b.WriteString(limitsHead)
	for _, what := range slices.Sorted(maps.Keys(accepted)) {
		fmt.Fprintf(&b, "%.3g\t%.0f\t%s\n", accepted[what].ratio, accepted[what].memory, what)
	}
	return os.WriteFile(file, []byte(b.String()), 0o644)
}
