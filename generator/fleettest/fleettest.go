// Package fleettest makes profiles of fleets as people write them, for benchmarks.
package fleettest

import (
	"fmt"
	"strings"
)

// base is what the hosts of a fleet share. With a group each has five services.
const base = `version: 1
pins:
  nixpkgs:
    rev: 1f0c2a7be4d3958611aa0c5d7e9b24c8f3d6e071
    narHash: sha256-BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA=
    lastModified: 1784011430
defaults:
  system: x86_64-linux
  stateVersion: "26.05"
  timezone: Europe/Berlin
  network: {domain: fleet.example}
  services: {openssh: {}, node-exporter: {}, fail2ban: {}}
  users:
    admin: {admin: true, shell: zsh, sshKeys: [` + key + `], home: {git: {}, zsh: {}}}
groups:
  front: {services: {nginx: {expose: true}, tailscale: {}}}
  store: {services: {postgresql: {databases: [app]}, redis: {}}}
  watch: {services: {prometheus: {}, grafana: {}}}
  first:
    pins:
      nixpkgs:
        url: github:NixOS/nixpkgs/nixos-26.05-small
        rev: 2e1d3b8cf5e4a69722bb1d6e8fac35d904e7f182
        narHash: sha256-CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCA=
        lastModified: 1784097830
fleet: {waves: ["@first"]}
`

// key belongs to nobody.
const key = `"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKq3mE5v0n7b1JY2mRz8wQ4tXc6uLd9hSfGa0PoVeBiN fleet"`

// Host is the name of the host number i, from 0 on.
func Host(i int) string { return fmt.Sprintf("n%05d", i) }

// Profile is a profile of n hosts, and base.yaml, which it extends: groups, a pin of some hosts' own, two users and
// five services each.
func Profile(n int) (profile, extended string) {
	var b strings.Builder
	b.WriteString("version: 1\nextends: [./base.yaml]\nhosts:\n")
	for i := range n {
		groups := []string{"front", "store", "watch"}[i%3]
		if i%25 == 0 {
			groups += ", first"
		}
		fmt.Fprintf(&b, `  %s:
    groups: [%s]
    tags: [rack-%d]
    +packages: [ripgrep, htop]
    network: {tcpPorts: [%d]}
    users:
      dev%02d:
        sshKeys: [%s]
        home: {git: {name: Developer %d, email: dev%d@fleet.example}}
`, Host(i), groups, i%10, 9000+i%500, i%40, key, i, i)
	}
	return b.String(), base
}
