package main

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/quick-deploy/quick-deploy/generator/fleettest"
)

// A fleet is a profile of n hosts, in a folder of its own.
type fleet struct {
	*bench
	n   int
	dir string
}

func (b *bench) fleet(n int) fleet {
	return fleet{bench: b, n: n, dir: filepath.Join(b.scratch, strconv.Itoa(n))}
}

func (f fleet) named(what string) string {
	hosts := " hosts"
	if f.n == 1 {
		hosts = " host"
	}
	return what + ", " + humanize.Comma(int64(f.n)) + hosts
}

// path is that of a file in the fleet's folder.
func (f fleet) path(name string) string { return filepath.Join(f.dir, name) }

// run is the program in the fleet's folder. What it notes about each host is not printed.
func (f fleet) run(args ...string) command { return f.runOn("flake", args...) }

// runOn is the same with another folder for the flake.
func (f fleet) runOn(flake string, args ...string) command {
	c := f.command(append([]string{"--quiet", "--no-probe", "--flake", f.path(flake)}, args...)...)
	c.dir = f.dir
	return c
}

func (f fleet) generate() command { return f.run("generate") }

// write writes the profile.
func (f fleet) write() error {
	profile, base := fleettest.Profile(f.n)
	if err := os.MkdirAll(f.dir, 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(f.path("base.yaml"), []byte(base), 0o644); err != nil {
		return err
	}
	return os.WriteFile(f.path("quick-deploy.yaml"), []byte(profile), 0o644)
}

// make writes the profile and its flake, unless they are there.
func (f fleet) make(ctx context.Context) error {
	if _, err := os.Stat(f.path("flake")); err == nil {
		return nil
	}
	if err := f.write(); err != nil {
		return err
	}
	_, err := f.sample(ctx, f.generate())
	return err
}

// change gives one host a port that it has not had.
func (f fleet) change() error {
	file := f.path("quick-deploy.yaml")
	profile, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	ports := regexp.MustCompile(`tcpPorts: \[(\d+)`)
	at := ports.FindSubmatchIndex(profile)
	port, err := strconv.Atoi(string(profile[at[2]:at[3]]))
	if err != nil {
		return err
	}
	next := strconv.Itoa(port + 1)
	return os.WriteFile(file, slices.Concat(profile[:at[2]], []byte(next), profile[at[3]:]), 0o644)
}

// cold is a first generate, against a copy of its output that is on the disk in the end.
func (f fleet) cold(aim aim) row {
	// What goes is off the disk before, and the program remembers nothing of the last run.
	without := func(names ...string) func() error {
		return func() error {
			for _, name := range names {
				if err := os.RemoveAll(f.path(name)); err != nil {
					return err
				}
			}
			return exec.Command("sync", "--file-system", f.dir).Run()
		}
	}
	generate := f.runOn("cold", "generate")
	generate.env = []string{"XDG_STATE_HOME=" + f.path("state")}
	generate.before = without("cold", "state")
	return row{
		what: f.named("generate, cold"), aim: aim, prepare: f.make, program: generate,
		yardstick: command{
			name:   "cp -r of it, sync -f",
			argv:   []string{"sh", "-c", `cp -r "$1" "$2" && sync -f "$2"`, "sh", f.path("flake"), f.path("copy")},
			before: without("copy"),
		},
		after: without("cold", "copy", "state"),
	}
}

// many are the rows that are about a large fleet. Aims in seconds and MB are for 10,000 hosts.
func (f fleet) many() []row {
	within := func(t time.Duration, memory int64) aim {
		if f.n < 10000 {
			return aim{}
		}
		return aim{time: t, memory: memory}
	}
	stat := command{name: "du -s of the flake", argv: []string{"du", "-s", f.path("flake")}}
	yaml := command{
		name: "parsing its YAML", argv: []string{f.self, "parse", f.path("base.yaml"), f.path("quick-deploy.yaml")},
	}
	cold := within(10*time.Second, 250)
	if f.n < 10000 {
		cold.ratio = 1.5
	}
	changed := f.generate()
	changed.before = f.change
	host := fleettest.Host(f.n / 2)
	soon := within(1500*time.Millisecond, 150)
	rows := []row{f.cold(cold)}
	for _, r := range []row{
		{what: "generate, no change", program: f.generate(), yardstick: stat, aim: within(time.Second, 250)},
		{what: "generate, one host changed", program: changed, yardstick: stat},
		{what: "validate", program: f.run("validate"), yardstick: yaml, aim: within(3*time.Second, 250)},
		{what: "hosts --on ONE", program: f.run("hosts", "--on", host), yardstick: yaml, aim: soon},
		{what: "explain ONE timezone", program: f.run("explain", host, "timezone"), yardstick: yaml, aim: soon},
		{what: "build -n --host ONE", program: f.run("build", "-n", "--host", host), yardstick: yaml, aim: soon},
	} {
		r.what, r.prepare = f.named(r.what), f.make
		rows = append(rows, r)
	}
	return rows
}

// deploy plans the deployment of all hosts, against that of a tenth of them.
func (f fleet) deploy(tenth fleet) row {
	plan := func(f fleet) command { return f.run("fleet", "deploy", "--dry-run", "--retries", "0") }
	yardstick := plan(tenth)
	yardstick.name = tenth.named("the same")
	return row{
		what: f.named("fleet deploy --dry-run"), program: plan(f), yardstick: yardstick, aim: aim{ratio: 10.5},
		prepare: func(ctx context.Context) error {
			if err := tenth.make(ctx); err != nil {
				return err
			}
			return f.make(ctx)
		},
	}
}
