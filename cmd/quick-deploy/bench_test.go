package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// BenchmarkCold is the program from its start to its end, as a user waits for
// it: one host with two users and four services.
func BenchmarkCold(b *testing.B) {
	for _, bench := range []struct {
		name string
		args []string
	}{
		{"version", []string{"--version"}},
		{"validate", []string{"validate"}},
		{"generate", []string{"generate"}},
		{"generate-again", []string{"generate"}},
		{"diff", []string{"diff"}},
	} {
		b.Run(bench.name, func(b *testing.B) {
			dir := b.TempDir()
			const text = `version: 1
host:
  name: atlas
  system: x86_64-linux
  stateVersion: "26.05"
  timezone: Europe/Berlin
  users: {ada: {admin: true, shell: zsh, home: {git: {}, zsh: {}}}, bob: {home: {git: {}}}}
  services: {openssh: {}, postgresql: {databases: [aidb]}, redis: {}, grafana: {}}
`
			if err := os.WriteFile(filepath.Join(dir, "quick-deploy.yaml"), []byte(text), 0o644); err != nil {
				b.Fatal(err)
			}
			run := func() {
				cmd := exec.Command("quick-deploy", append([]string{"--no-probe", "-o", filepath.Join(dir, "flake")}, bench.args...)...)
				cmd.Dir = dir
				if out, err := cmd.CombinedOutput(); err != nil {
					b.Fatalf("%v\n%s", err, out)
				}
			}
			run()
			for b.Loop() {
				if bench.name == "generate" {
					b.StopTimer()
					if err := os.RemoveAll(filepath.Join(dir, "flake")); err != nil {
						b.Fatal(err)
					}
					b.StartTimer()
				}
				run()
			}
		})
	}
}
