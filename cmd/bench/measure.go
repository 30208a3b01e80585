package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// A command is one side of a row: what is run.
type command struct {
	name string // as the table has it, of a yardstick
	argv []string
	dir  string
	env  []string
	// before is done before each run and not measured.
	before func() error
	// each is how often the command does what the row is about; 0 is once.
	each int
}

// A row compares the program with a yardstick.
type row struct {
	what      string
	program   command
	yardstick command
	aim       aim
	skip      string // why it cannot be measured here
	// prepare is done once, before all else.
	prepare func(context.Context) error
	after   func() error
}

// An aim is about the medians of elapsed time; what is 0 is no aim.
type aim struct {
	ratio  float64
	time   time.Duration
	memory int64 // MB
}

// A sample is what one run took.
type sample struct {
	elapsed time.Duration
	cpu     time.Duration // of all processors, user's and kernel's, children that were waited for included
	memory  int64         // bytes at the peak, of the largest process
}

// A result holds the samples of a row, one of each side a turn.
type result struct {
	row                row
	program, yardstick []sample
}

const (
	mostTurns  = 40
	leastTurns = 3
	mostTries  = 4 // of a row that is above its limit
)

// measure runs both sides of a row in turn until their time is up, and adds to its result.
func (b *bench) measure(ctx context.Context, res *result) (err error) {
	if res.row.after != nil {
		defer func() { err = errors.Join(err, res.row.after()) }()
	}
	if res.row.prepare != nil {
		if err := res.row.prepare(ctx); err != nil {
			return err
		}
	}
	// Files and programs are in memory when it counts.
	for _, c := range []command{res.row.yardstick, res.row.program} {
		if _, err := b.sample(ctx, c); err != nil {
			return err
		}
	}
	var spent time.Duration
	for turn := 0; turn < mostTurns; turn++ {
		if spent >= b.budget && turn >= leastTurns || spent >= leastTurns*b.budget {
			break
		}
		y, err := b.sample(ctx, res.row.yardstick)
		if err != nil {
			return err
		}
		p, err := b.sample(ctx, res.row.program)
		if err != nil {
			return err
		}
		spent += y.elapsed + p.elapsed
		res.yardstick, res.program = append(res.yardstick, y), append(res.program, p)
	}
	return nil
}

// sample runs a command once. A status other than 0 is an error, with what the command said last.
func (b *bench) sample(ctx context.Context, c command) (sample, error) {
	if c.before != nil {
		if err := c.before(); err != nil {
			return sample{}, err
		}
	}
	said, err := os.Create(filepath.Join(b.scratch, "stderr"))
	if err != nil {
		return sample{}, err
	}
	defer said.Close()
	cmd := exec.CommandContext(ctx, c.argv[0], c.argv[1:]...)
	cmd.Dir, cmd.Stderr = cmp.Or(c.dir, b.scratch), said
	cmd.Env = append(slices.Clone(b.env), c.env...)
	begin := time.Now()
	err = cmd.Run()
	elapsed := time.Since(begin)
	if err != nil {
		text, _ := os.ReadFile(said.Name())
		return sample{}, fmt.Errorf("%q: %w\n%s", c.argv, err, text[max(0, len(text)-2000):])
	}
	s := sample{elapsed: elapsed, cpu: cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()}
	if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		s.memory = usage.Maxrss << 10 // getrusage(2): in kilobytes
	}
	each := time.Duration(max(c.each, 1))
	s.elapsed /= each
	s.cpu /= each
	return s, nil
}

func median(of []sample) time.Duration {
	var all []time.Duration
	for _, s := range of {
		all = append(all, s.elapsed)
	}
	slices.Sort(all)
	return all[len(all)/2]
}

func leastCPU(of []sample) time.Duration {
	return slices.MinFunc(of, func(a, b sample) int { return cmp.Compare(a.cpu, b.cpu) }).cpu
}

func leastMemory(of []sample) int64 {
	return slices.MinFunc(of, func(a, b sample) int { return cmp.Compare(a.memory, b.memory) }).memory
}
