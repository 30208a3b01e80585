// Command bench measures how long people wait for quick-deploy: it runs the whole program beside a yardstick, the two
// in turn, and prints both. .ci/bench builds what it needs and starts it.
//
// Two ratios are shown. The first is that of the time that passes, by medians; the aims are about it. The other is that
// of the time that processors worked, user's and kernel's, children included, by the least of all runs. Other work on
// the machine disturbs it little, so it has the limit: a row fails whose ratio, or whose memory, is more than a third
// above what was accepted.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"syscall"
)

type options struct {
	program, empty, classify, classifyIn, generateConfig, limits string

	only         *regexp.Regexp
	full, accept bool
}

func main() {
	var o options
	var only string
	flag.StringVar(&o.program, "program", "", "measure `FILE`")
	flag.StringVar(&o.empty, "empty", "", "`FILE`, a Go program that does nothing")
	flag.StringVar(&o.classify, "classify", "", "`FILE`, the test program that has BenchmarkClassify")
	flag.StringVar(&o.classifyIn, "classify-in", "", "run it in `DIR`")
	flag.StringVar(&o.generateConfig, "generate-config", "", "`FILE`, nixos-generate-config as a Perl script")
	flag.StringVar(&o.limits, "limits", "", "`FILE` with what was accepted")
	flag.StringVar(&only, "only", "", "only rows that `REGEXP` matches")
	flag.BoolVar(&o.full, "full", false, "ten times the hosts, and more runs")
	flag.BoolVar(&o.accept, "accept", false, "accept what is measured")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o, only, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run is one of the yardsticks if an argument names it, since this program is some itself, and else the measurement.
func run(ctx context.Context, o options, only string, args []string) (err error) {
	switch {
	case len(args) == 0:
	case args[0] == "parse":
		return parse(args[1:])
	case args[0] == "scan":
		return scan()
	default:
		return fmt.Errorf("%q is no yardstick", args[0])
	}
	if o.only, err = regexp.Compile(only); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(os.Getenv("TMPDIR"), "quick-deploy-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b, err := newBench(o, dir)
	if err != nil {
		return err
	}
	rows := slices.DeleteFunc(b.rows(), func(r row) bool { return !o.only.MatchString(r.what) })
	return b.judge(ctx, rows, os.Stdout)
}

// judge measures the rows and prints the table, be it of those before one that cannot be measured. It is an error if a
// row is worse than accepted.
func (b *bench) judge(ctx context.Context, rows []row, out io.Writer) error {
	accepted, err := readLimits(b.limits)
	if err != nil {
		return err
	}
	var results []result
	var errs []error
	for _, r := range rows {
		res := result{row: r}
		if r.skip != "" {
			results = append(results, res)
			continue
		}
		fmt.Fprintln(os.Stderr, "measuring", r.what)
		limit, limited := accepted[r.what]
		err := b.measure(ctx, &res)
		// Again, while it is in doubt: other work on the machine costs time by accident, and the least of all counts.
		for tries := 1; err == nil && !b.accept && limited && tries < mostTries && limit.exceeded(res) != nil; tries++ {
			err = b.measure(ctx, &res)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", r.what, err))
			break
		}
		if b.accept {
			accepted[r.what] = res.figures()
		} else if limited {
			errs = append(errs, limit.exceeded(res))
		}
		results = append(results, res)
	}
	table(out, results, accepted)
	if b.accept && len(errs) == 0 {
		return accepted.write(b.limits)
	}
	return errors.Join(errs...)
}
