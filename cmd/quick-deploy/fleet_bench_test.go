package main

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fleetProfile is a profile of n hosts in three groups; changed is the time
// zone of the first.
func fleetProfile(n int, changed string) string {
	var b strings.Builder
	b.WriteString(`version: 1
defaults:
  system: x86_64-linux
  stateVersion: "26.05"
  services: {openssh: {}}
  users: {ops: {admin: true, home: {git: {}, zsh: {}}}}
groups:
  web: {services: {nginx: {expose: true}}}
  db: {services: {postgresql: {databases: [aidb]}, redis: {}}}
  edge: {services: {tailscale: {}}}
fleet: {engine: colmena, waves: ["@t0"]}
hosts:
`)
	for i := range n {
		zone := "Etc/UTC"
		if i == 0 {
			zone = changed
		}
		fmt.Fprintf(&b, "  host-%05d: {groups: [%s], tags: [t%d], timezone: %s}\n", i, []string{"web", "db", "edge"}[i%3], i%10, zone)
	}
	return b.String()
}

// BenchmarkFleet runs the program on fleets of growing size: the first
// generate, one after a change of one host, pin verify, and the plan of a
// roll-out, which fingerprints every host. It reports seconds, peak memory and files written of each.
func BenchmarkFleet(b *testing.B) {
	for _, n := range []int{1, 10, 100, 1000, 10000} {
		b.Run(fmt.Sprintf("hosts=%d", n), func(b *testing.B) {
			for b.Loop() {
				benchFleet(b, n)
			}
		})
	}
}

func benchFleet(b *testing.B, n int) {
	dir := b.TempDir()
	profile, flake := filepath.Join(dir, "quick-deploy.yaml"), filepath.Join(dir, "flake")
	write := func(zone string) {
		if err := os.WriteFile(profile, []byte(fleetProfile(n, zone)), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	run := func(what string, args ...string) {
		cmd := exec.Command("quick-deploy", append([]string{"--quiet", "--no-probe", "--profile", profile, "--flake", flake}, args...)...)
		cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_STATE_HOME="+filepath.Join(dir, "state"))
		mark := time.Now()
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%s: %v: %.2000s", what, err, out)
		}
		b.ReportMetric(time.Since(mark).Seconds(), what+"-s")
		usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
		if ok {
			b.ReportMetric(float64(usage.Maxrss)/1024, what+"-MiB")
		}
	}
	// written counts the files that changed since mark.
	written := func(mark time.Time) (changed, all int) {
		err := filepath.WalkDir(flake, func(_ string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			info, err := d.Info()
			if err == nil && info.ModTime().After(mark) {
				changed++
			}
			all++
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
		return changed, all
	}
	write("Etc/UTC")
	mark := time.Now()
	run("generate", "generate")
	changed, all := written(mark)
	b.ReportMetric(float64(changed), "generate-files")
	if changed != all {
		b.Errorf("%d of %d files are new", changed, all)
	}
	run("export", "pin", "export")
	run("verify", "pin", "verify")
	run("plan", "fleet", "deploy", "--dry-run")
	write("Europe/Berlin")
	time.Sleep(20 * time.Millisecond) // coarse clocks of file systems
	mark = time.Now()
	run("again", "generate")
	if changed, _ = written(mark); changed != 2 {
		b.Errorf("%d files were written for one host's change, want its own and the manifest", changed)
	}
	b.ReportMetric(float64(changed), "again-files")
}
