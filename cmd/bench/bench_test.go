package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain is a program that works and takes memory as its argument says, if there is one: MILLISECONDS,MB.
func TestMain(m *testing.M) {
	work, memory, ok := strings.Cut(os.Getenv("BENCH_TEST_WORK"), ",")
	if !ok {
		os.Exit(m.Run())
	}
	ms, _ := strconv.Atoi(work)
	mb, _ := strconv.Atoi(memory)
	taken := make([]byte, mb<<20)
	for i := 0; i < len(taken); i += os.Getpagesize() {
		taken[i] = 1
	}
	for used := time.Duration(0); used < time.Duration(ms)*time.Millisecond; {
		var usage syscall.Rusage
		if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
			os.Exit(1)
		}
		used = time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
	}
}

// What costs a third more than was accepted fails and is named, in processor time as in memory; what did so once, or
// costs less, does not.
func TestAlarm(t *testing.T) {
	b, err := newBench(options{limits: filepath.Join(t.TempDir(), "limits.tsv")}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	b.budget = time.Nanosecond // one turn
	self := func(work string) command {
		return command{name: "half of it", argv: []string{b.self}, env: []string{"BENCH_TEST_WORK=" + work}}
	}
	judge := func(r row) (string, error) {
		var out strings.Builder
		r.what, r.yardstick = "working", self("100,1")
		err := b.judge(t.Context(), []row{r}, &out)
		return out.String(), err
	}
	b.accept = true
	if out, err := judge(row{program: self("200,10")}); err != nil {
		t.Fatal(err, out)
	}
	b.accept = false
	for _, work := range []string{"200,10", "220,11", "100,1"} {
		if out, err := judge(row{program: self(work)}); err != nil {
			t.Errorf("%s: %v\n%s", work, err, out)
		}
	}
	for work, want := range map[string]string{
		"400,10": "times the processor time of half of it; accepted are",
		"200,20": "MB; accepted are",
	} {
		out, err := judge(row{program: self(work)})
		if err == nil || strings.Count(err.Error(), "working: ") != 1 || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v\n%s", work, err, out)
		}
	}

	once := self("400,20")
	runs := 0
	once.argv = []string{"/bin/sh", "-c", `[ ! -e slow ] || exec "$0"; BENCH_TEST_WORK=200,10 exec "$0"`, b.self}
	once.before = func() error {
		if runs++; runs > 2 { // the first to warm up, the second measured
			return os.RemoveAll(filepath.Join(b.scratch, "slow"))
		}
		return os.WriteFile(filepath.Join(b.scratch, "slow"), nil, 0o600)
	}
	if out, err := judge(row{program: once}); err != nil || runs != 4 {
		t.Errorf("after %d runs: %v\n%s", runs, err, out)
	}
}

// A program that fails is no measurement, and what it said is in the error.
func TestFailingProgram(t *testing.T) {
	b, err := newBench(options{limits: filepath.Join(t.TempDir(), "limits.tsv")}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.sample(t.Context(), command{argv: []string{"sh", "-c", "echo no such thing >&2; exit 3"}})
	if err == nil || !strings.Contains(err.Error(), "exit status 3\nno such thing") {
		t.Errorf("%v", err)
	}
}
