package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// A bench has what the rows share.
type bench struct {
	options

	self    string        // this program, for its yardsticks
	scratch string        // all that is written lies below it
	env     []string      // of all that is run
	budget  time.Duration // for the turns of one row
}

func newBench(o options, scratch string) (*bench, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	b := &bench{options: o, self: self, scratch: scratch, budget: 2 * time.Second}
	if o.full {
		b.budget = 20 * time.Second
	}
	// No machine is called: each call fails at once.
	bin := filepath.Join(scratch, "bin")
	if err := os.Mkdir(bin, 0o755); err != nil {
		return nil, err
	}
	if err := os.WriteFile(filepath.Join(bin, "ssh"), []byte("#!/bin/sh\nexit 255\n"), 0o755); err != nil {
		return nil, err
	}
	b.env = []string{
		"PATH=" + bin + ":" + os.Getenv("PATH"),
		"PERL5LIB=" + os.Getenv("PERL5LIB"),
		"HOME=" + scratch,
		"XDG_STATE_HOME=" + filepath.Join(scratch, "state"),
		"LC_ALL=C.UTF-8",
		"QUICK_DEPLOY_ALLOW_ROOT=true",
		// How much Go's collector works, and how much memory it lets grow, depends on the number of processors.
		"GOMAXPROCS=2",
	}
	return b, nil
}

// rows are those of the table, in its order.
func (b *bench) rows() []row {
	most := 1000
	if b.full {
		most = 10000
	}
	empty := command{name: "an empty Go program", argv: []string{b.empty}}
	one, few, many := b.fleet(1), b.fleet(most/10), b.fleet(most)
	rows := []row{{what: "--version", program: b.command("--version"), yardstick: empty, aim: aim{ratio: 3}}}
	rows = append(rows, row{
		what: "search web server", program: b.command("search", "web", "server"), yardstick: empty,
		aim: aim{time: 30 * time.Millisecond},
	})
	rows = append(rows, b.probes(empty)...)
	rows = append(rows,
		row{
			what: one.named("generate, no change"), program: one.generate(), yardstick: empty, aim: aim{ratio: 6},
			prepare: one.make,
		},
		one.cold(aim{ratio: 2}))
	if b.full {
		rows = append(rows, few.cold(aim{ratio: 1.5}))
	}
	rows = append(rows, many.many()...)
	return append(rows, many.deploy(few), b.classifying())
}

// command is the program with arguments.
func (b *bench) command(args ...string) command {
	return command{argv: append([]string{b.program}, args...)}
}

// classifying is what package diagnose does with 1 MiB of a failed build's output: a benchmark, which has to be there.
func (b *bench) classifying() row {
	const script = `"$0" -test.run '^$' -test.bench '^BenchmarkClassify$/^log$' -test.benchtime "$1" | grep '^Benchmark'`
	r := row{
		what: "classifying 1 MiB", aim: aim{time: 50 * time.Millisecond},
		program: command{
			argv: []string{"sh", "-c", script, b.classify, fmt.Sprintf("%dx", scans)},
			dir:  b.classifyIn, each: scans,
		},
		yardstick: command{name: "one regular expression", argv: []string{b.self, "scan"}, each: scans},
	}
	if b.classify == "" {
		r.skip = "it takes BenchmarkClassify of the checkout that is measured"
	}
	return r
}
