package systemdtest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"
)

// Two machines with a cable between them: ada deploys borg from atlas, by ssh.

// sshd is borg's ssh server, with options.
func sshd(label, options string) string {
	return service(label, `/usr/sbin/sshd -D -f none -o HostKey=/etc/ssh/key -o UsePAM=yes `+
		`-o "SetEnv=PATH=/run/wrappers/bin:/run/current-system/sw/bin:/usr/bin:/bin:/usr/sbin:/sbin" `+options,
		"Type=notify\nKillMode=process\nRuntimeDirectory=sshd\nRuntimeDirectoryPreserve=yes\n")
}

// borg is the system of the machine that is deployed by ssh.
func borg(label string, change func(*system)) system {
	return nixos(label, func(s *system) {
		s.host = "borg"
		s.units["sshd.service"] = sshd(label, "")
		if change != nil {
			change(s)
		}
	})
}

var borgs = []system{
	borg("old", nil),
	borg("new", nil),
	borg("broken", broken),
	borg("dying", dying),
	borg("no-sudo", noSudo), borg("no-sudo-dying", both(noSudo, dying)),
	borg("slow", fresh("/bin/sleep 3", "Type=oneshot\nRemainAfterExit=yes\n")),
	borg("locked-out", func(s *system) { s.units["sshd.service"] = sshd(s.label, "-o AllowUsers=nobody") }),
}

// bare is a layer that makes borg of a machine: with its first system, and without what is to be copied there.
func bare(dir string) error {
	w := &writer{dir: dir}
	w.file("etc/hostname", "borg\n", 0o644)
	w.file("etc/machine-id", "fedcba9876543210fedcba9876543210\n", 0o444)
	first := borgs[0].path()
	w.link("nix/var/nix/profiles/system-1-link", first)
	w.link("nix/var/nix/profiles/system", "system-1-link")
	w.file("boot/loader/entries/nixos-generation-1.conf", "title NixOS\noptions init="+first+"/init\n", 0o644)
	away := []string{storePath("home-manager-generation-ada-new")}
	for _, s := range borgs[1:] {
		away = append(away, s.path())
	}
	w.file("nix/store/.keep", "", 0o644)
	for _, path := range away {
		if err := syscall.Mknod(filepath.Join(dir, path), syscall.S_IFCHR, 0); err != nil && w.err == nil {
			w.err = err
		}
	}
	if w.err != nil {
		return w.err
	}
	return os.Chmod(filepath.Join(dir, "nix/store"), 0o777)
}

const fleet = "quick-deploy fleet deploy --yes --on borg"

// wire lays the cable, and writes ada's profile for borg.
func wire(t *testing.T, atlas, target *machine, s scenario) {
	t.Helper()
	out, err := exec.Command("ip", "link", "add", "eth0", "netns", fmt.Sprint(atlas.pid), "type", "veth",
		"peer", "name", "eth0", "netns", fmt.Sprint(target.pid)).CombinedOutput()
	if err != nil {
		t.Fatalf("lay the cable: %v: %s", err, out)
	}
	atlas.must("root", "ip addr add 10.9.0.1/24 dev eth0; ip link set eth0 up")
	target.must("root", "ip addr add 10.9.0.2/24 dev eth0; ip link set eth0 up")
	atlas.must("ada", `cat > quick-deploy.yaml <<END
version: 1
hosts:
  borg:
    system: x86_64-linux
    stateVersion: "26.05"
    hardware: {loader: {kind: systemd-boot}, fileSystems: none}
    nixos: {system.nixos.label: $1}
    deployment: {targetHost: 10.9.0.2, targetUser: ada}
    services: {openssh: {}}
    users:
      ada: {admin: true, sshKeys: ["$(cat .ssh/id_ed25519.pub)"], home: {sessionVariables: {HOME_VARIANT: $2}}}
END
for _ in $(seq 100); do ssh -o ConnectTimeout=1 ada@10.9.0.2 true && break; sleep 0.2; done`, s.system, s.home)
}

func cable(state string) func(*testing.T, *machine) {
	return func(t *testing.T, m *machine) { m.must("root", "ip link set eth0 "+state) }
}

var remote = []scenario{
	{name: "good"},
	{name: "failing unit", system: "broken", want: before, code: failed},
	{name: "unit dies", system: "dying", want: before, code: unhealthy},
	{name: "new system without sudo", system: "no-sudo"},
	{name: "new system without sudo, unit dies", system: "no-sudo-dying", want: before, code: unhealthy},
	{name: "link cut before health", deeds: []deed{{at: "test.end", act: cable("down")}}, want: before,
		mend: "ip link set eth0 up || true", then: fleet},
	{name: "link cut during health", deeds: []deed{{at: "home.end", act: cable("down")}}, want: either,
		mend: "ip link set eth0 up || true", then: fleet},
	{name: "link cut for a moment", system: "slow", want: either,
		deeds: []deed{{at: "test.started", act: cable("down")}, {wait: time.Second, act: cable("up")}}},
	{name: "sshd of the new system lets nobody in", system: "locked-out", want: before},
	{name: "disk full", setup: full, want: before, mend: "rm -f /fill", then: fleet},
	{name: "disk full behind the copy", deeds: at("test.begin", full), want: either, mend: "rm -f /fill", then: fleet},
	{name: "program killed", deeds: []deed{{at: "test.activated", act: killCaller}}, want: either, then: fleet},
}

// small is the size of borg's disk.
const small = "8m"

// full fills borg's disk.
const full = "dd if=/dev/zero of=/fill bs=64k 2> /dev/null; true"

func killCaller(_ *testing.T, m *machine) { _, _ = m.peer.root(signal("KILL")) }

func TestRemoteScenarios(t *testing.T) {
	t.Parallel()
	all := slices.Clone(remote)
	for i, s := range all {
		all[i].remote, all[i].run, all[i].reach = true, fleet, len(s.deeds) > 0
	}
	run(t, all)
}
