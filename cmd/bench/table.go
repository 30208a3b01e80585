package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// table prints what was measured, a row a line.
func table(out io.Writer, results []result, accepted limits) {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "what\tmedian\tpeak\tagainst\tmedian\tratio\taim\tCPU\tlimit")
	var skipped []string
	for _, r := range results {
		if r.row.skip != "" {
			skipped = append(skipped, fmt.Sprintf("not measured: %s, against %s: %s",
				r.row.what, r.row.yardstick.name, r.row.skip))
			continue
		}
		got, limit := r.figures(), "none yet"
		if a, ok := accepted[r.row.what]; ok {
			limit = fmt.Sprintf("%.3g, %.0f MB", tolerance*a.ratio, tolerance*a.memory)
		}
		program, yardstick := median(r.program), median(r.yardstick)
		ratio := float64(program) / float64(yardstick)
		fmt.Fprintf(w, "%s\t%s\t%.0f MB\t%s\t%s\t%.3g\t%s\t%.3g\t%s\n", r.row.what, short(program), got.memory,
			r.row.yardstick.name, short(yardstick), ratio, r.row.aim.against(ratio, program, got.memory), got.ratio, limit)
	}
	w.Flush()
	for _, s := range skipped {
		fmt.Fprintln(out, s)
	}
}

// against shows an aim, and whether it is missed.
func (a aim) against(ratio float64, elapsed time.Duration, memory float64) string {
	var parts []string
	missed := false
	if a.ratio > 0 {
		parts, missed = append(parts, fmt.Sprintf("≤ %.3g", a.ratio)), ratio > a.ratio
	}
	if a.time > 0 {
		parts, missed = append(parts, "≤ "+short(a.time)), missed || elapsed > a.time
	}
	if a.memory > 0 {
		parts, missed = append(parts, fmt.Sprintf("≤ %d MB", a.memory)), missed || memory > float64(a.memory)
	}
	if missed {
		parts = append(parts, "missed")
	}
	return strings.Join(parts, ", ")
}

// short is a time with three digits or so.
func short(d time.Duration) string {
	if d < time.Second {
		return fmt.Sprintf("%.3g ms", float64(d)/float64(time.Millisecond))
	}
	return fmt.Sprintf("%.3g s", d.Seconds())
}
