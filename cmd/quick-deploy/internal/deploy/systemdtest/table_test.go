package systemdtest

import (
	"fmt"
	"testing"
	"time"
)

// dies starts well, and fails once ada has another home: switch-to-configuration is content with it, health is not.
const dies = "/bin/sh -c 'while readlink /home/ada/.config/app.conf | grep -q ada-old; do sleep 0.05; done; exit 3'"

func dying(s *system) { s.units["fresh.service"] = service(s.label, dies, "") }

// both makes one change of two.
func both(a, b func(*system)) func(*system) { return func(s *system) { a(s); b(s) } }

func noSudo(s *system)   { s.wrappers, s.sudoers = "doas\n", "" }
func noDoas(s *system)   { s.wrappers, s.doas = "sudo\n", "" }
func noPolkit(s *system) { s.polkit = false }
func noWheel(s *system)  { s.wheel = "" }
func password(s *system) {
	s.sudoers = "root ALL=(ALL:ALL) SETENV: ALL\n%wheel ALL=(ALL:ALL) SETENV: ALL\n"
}
func securePath(s *system) { s.sudoers = "Defaults secure_path=/var/empty\n" + sudoers }

var systems = []system{
	nixos("old", nil),
	nixos("new", nil),
	nixos("broken", func(s *system) { s.units["fresh.service"] = service("broken", "/bin/false", "Type=oneshot\n") }),
	nixos("flapping", func(s *system) {
		s.units["flap.service"] = service("flapping", "/bin/false", "Restart=always\nRestartSec=300ms\n[Unit]\nStartLimitIntervalSec=0\n")
	}),
	nixos("slow", func(s *system) {
		s.units["fresh.service"] = service("slow", "/bin/sleep 6", "Type=oneshot\nRemainAfterExit=yes\n")
	}),
	nixos("dying", dying),
	nixos("script", func(s *system) { s.snippet = "false\n" }),
	nixos("refusing", func(s *system) { s.check = "#!/bin/sh\necho 'not today' >&2\nexit 1\n" }),
	nixos("other-init", func(s *system) { s.init = "3" }),
	nixos("timers", both(dying, func(s *system) {
		delete(s.units, "job.timer")
		s.units["other.timer"] = "[Timer]\nOnActiveSec=1h\nUnit=job.service\n"
	})),
	nixos("no-sudo", noSudo), nixos("no-sudo-dying", both(noSudo, dying)),
	nixos("no-wheel", noWheel), nixos("no-wheel-dying", both(noWheel, dying)),
	nixos("password", password), nixos("password-dying", both(password, dying)),
	nixos("secure-path", securePath), nixos("secure-path-dying", both(securePath, dying)),
	nixos("no-doas-dying", both(noDoas, dying)), nixos("no-polkit-dying", both(noPolkit, dying)),
}

var homes = []home{
	{variant: "old", cli: true, files: map[string]string{".config/app.conf": "old", ".config/gone/x": "old"}},
	{variant: "new", cli: true, files: map[string]string{".config/app.conf": "new", ".config/fresh/x": "new"}},
	{variant: "failing", cli: true, files: map[string]string{".config/app.conf": "failing"}, onChange: "[ $USER != ada ]"},
	{variant: "eve-failing", cli: true, files: map[string]string{".config/app.conf": "failing"}, onChange: "[ $USER != eve ]"},
	{variant: "taking", cli: true, files: map[string]string{".config/app.conf": "new", "mine.conf": "theirs"}},
	{variant: "bare", files: map[string]string{".config/app.conf": "new"}},
	{variant: "legacy", legacy: true, files: map[string]string{".config/app.conf": "new"}},
}

// Scripts that set the scene.
const (
	failedBefore = "touch /test/backup-fails; systemctl restart backup.service || true"
	shellTools   = `ln -sfn /nix/store/*-tools-shell "$(readlink /run/current-system)/sw"`
	unitTools    = `for s in /nix/store/*-nixos-system-*; do ln -sfn /nix/store/*-tools-ng-unit $s/sw; done`
	mine         = "echo mine > /home/ada/mine.conf; chown ada:users /home/ada/mine.conf"
	noHomeOfEve  = "cd /home/eve; rm -rf .config .local/state/home-manager .local/state/nix/profiles/home-manager*"
	deny         = "echo 'ada ALL=(ALL) !ALL' > /etc/sudoers.d/deny; chmod 440 /etc/sudoers.d/deny"
	resume       = "quick-deploy resume --yes"
	rollback     = "quick-deploy rollback --yes"
)

func signal(name string) string { return "pkill -" + name + " -x quick-deploy" }

// killRoot kills the main process of what acts as root.
const killRoot = "systemctl kill --kill-whom=main --signal=KILL 'quick-deploy-*.service'"

// The points that a switch comes to, in their order. Those of homes come once for each user.
var points = []string{
	"build.begin", "build.end", "test.begin", "test.stopped", "test.activated", "test.reloaded", "test.started", "test.end",
	"home.begin", "home.cleaned", "home.linked", "home.end", "profile.begin", "profile.made", "profile.end",
	"boot.begin", "boot.half", "boot.end",
}

func scenarios() []scenario {
	all := []scenario{
		{name: "good switch"},
		{name: "good switch with the shell nixos-rebuild and without home-manager", setup: shellTools, home: "bare"},
		{name: "good switch to a home of before gen-version", home: "legacy"},
		{name: "nixos-rebuild that starts a unit", setup: unitTools},
		{name: "nixos-rebuild that starts a unit and a unit fails", setup: unitTools, system: "broken", want: before, code: []int{7}},
		{name: "nixos-rebuild that starts a unit and root is killed", setup: unitTools, want: either,
			deeds: []deed{{at: "test.stopped", do: killRoot}}, then: resume, reach: true},
		{name: "twice", run: command + "&&" + command, says: "nothing to do"},
		{name: "test", run: "quick-deploy test --yes", hand: byHandTool + " test --flake path:/tmp/flake#atlas"},
		{name: "boot", run: "quick-deploy boot --yes", hand: byHandTool + " boot --flake path:/tmp/flake#atlas"},
		{name: "failing unit", system: "broken", want: before, code: []int{7}, says: "fresh.service"},
		{name: "failing unit that is kept", system: "broken", run: command + " --rollback-on-failure=false", code: []int{7},
			hand: byHandTool + " test --flake path:/tmp/flake#atlas || [ $? = 4 ]"},
		{name: "unit failed before", setup: failedBefore},
		{name: "unit failed before and another one fails", setup: failedBefore, system: "broken", want: before, code: []int{7},
			says: "fresh.service"},
		{name: "unit failed before and a home fails", setup: failedBefore, home: "failing", want: before, code: []int{7}},
		{name: "slow unit", system: "slow"},
		{name: "unit in auto-restart", system: "flapping", want: before, code: []int{7, 8}, says: "flap.service"},
		{name: "unit dies after the switch", system: "dying", want: before, code: []int{8}, says: "fresh.service"},
		{name: "activation script fails", system: "script", want: before, code: []int{7}},
		{name: "pre-switch check refuses", system: "refusing", want: before, code: []int{7}, says: "not today"},
		{name: "another init interface", system: "other-init", says: "reboot",
			hand: byHandTool + " boot --flake path:/tmp/flake#atlas"},
		{name: "timers", system: "timers", want: before, code: []int{8}},
		{name: "socket units", setup: "systemctl start echo.service"},
		{name: "socket units and a unit dies", setup: "systemctl start echo.service", system: "dying", want: before, code: []int{8}},
		{name: "boot loader cannot be set up", setup: "readlink -f /nix/store/*-nixos-system-atlas-new > /boot/full", want: before,
			code: []int{7}},
		{name: "failing home", home: "failing", want: before, code: []int{7}},
		{name: "failing home of another user", home: "eve-failing", want: before, code: []int{7}},
		{name: "file in the way of a home", setup: mine, home: "taking"},
		{name: "file in the way of a home and a unit dies", setup: mine, home: "taking", system: "dying", want: before, code: []int{8}},
		{name: "first home", setup: noHomeOfEve},
		{name: "first home and a unit dies", setup: noHomeOfEve, system: "dying", want: before, code: []int{8}},
		{name: "sudo answers once", deeds: []deed{{at: "test.begin", do: deny}}, code: []int{0}},
		{name: "sudo answers once and a unit dies", system: "dying", deeds: []deed{{at: "test.begin", do: deny}}, want: before,
			code: []int{8}},
		{name: "new system without sudo", system: "no-sudo"},
		{name: "new system without sudo and a unit dies", system: "no-sudo-dying", want: before, code: []int{8}},
		{name: "new system takes wheel away", system: "no-wheel"},
		{name: "new system takes wheel away and a unit dies", system: "no-wheel-dying", want: before, code: []int{8}},
		{name: "new system asks for a password", system: "password"},
		{name: "new system asks for a password and a unit dies", system: "password-dying", want: before, code: []int{8}},
		{name: "new system sets secure_path", system: "secure-path"},
		{name: "new system sets secure_path and a unit dies", system: "secure-path-dying", want: before, code: []int{8}},
		{name: "secure_path", setup: "echo 'Defaults secure_path=/usr/bin:/bin' > /etc/sudoers.d/path"},
		{name: "run0", run: command + " --elevate run0"},
		{name: "run0, the new system forbids it and a unit dies", run: command + " --elevate run0", system: "no-polkit-dying",
			want: before, code: []int{8}},
		{name: "doas", run: command + " --elevate doas"},
		{name: "doas, the new system is without it and a unit dies", run: command + " --elevate doas", system: "no-doas-dying",
			want: before, code: []int{8}},
		{name: "no sudo at all", setup: deny, want: before, code: []int{4}},
		{name: "two runs at once", deeds: []deed{{at: "test.activated", act: second}}, code: []int{0}},
		{name: "another switch-to-configuration at work", deeds: []deed{{at: "build.end",
			do: "mkdir -p /run/nixos; flock /run/nixos/switch-to-configuration.lock sleep 2 > /dev/null 2>&1 &"}}, code: []int{0}},
		{name: "closed terminal", run: "script -qec '" + command + "' /dev/null", deeds: []deed{
			{at: "test.activated", do: "pkill -KILL -x script"}}, want: either, then: resume, reach: true},
		{name: "closed terminal during health", run: "script -qec '" + command + "' /dev/null", deeds: []deed{
			{at: "home.end", wait: time.Second, do: "pkill -KILL -x script || true"}}, want: either, then: resume, reach: true},
		{name: "silence", deeds: []deed{{at: "test.end", do: signal("STOP")}, {wait: 12 * time.Second, do: signal("CONT")}},
			want: before, then: resume, reach: true},
		{name: "short silence", deeds: []deed{{at: "test.end", do: signal("STOP")}, {wait: time.Second, do: signal("CONT")}},
			code: []int{0}},
		{name: "killed and taken up in time", deeds: []deed{{at: "home.begin", do: signal("KILL"), act: takenUp}}, want: after},
		{name: "rollback by number", first: command, run: rollback + " --to 1", want: initial, code: []int{0}},
		{name: "rollback", first: command, run: rollback, want: initial, code: []int{0}},
		{name: "rollback killed", first: command, run: rollback, deeds: []deed{{at: "test.activated", do: signal("KILL")}}, want: undone,
			then: resume},
		{name: "rollback and its root killed", first: command, run: rollback, deeds: []deed{{at: "test.activated", do: killRoot}},
			want: undone, then: resume},
		{name: "resume forgets no flag", run: "unset QUICK_DEPLOY_SKIP; " + command + " --skip " + skip, want: either,
			deeds: []deed{{at: "test.activated", do: signal("KILL")}}, then: "unset QUICK_DEPLOY_SKIP; " + resume},
		{name: "resume that preflight refuses", deeds: []deed{{at: "boot.half", do: signal("KILL")}}, want: either,
			then: "unset QUICK_DEPLOY_SKIP; " + resume, reach: true},
		{name: "link in the way of the log", setup: `echo root > /etc/victim; cd /home/ada/.local/state/quick-deploy/logs
rm -f activation.log; ln -s /etc/victim activation.log`, want: either, holds: "[ $(cat /etc/victim) = root ]"},
		{name: "history that names another system", first: command, run: rollback, want: before, setup: evil,
			holds: "[ ! -e /evil-ran ]"},
	}
	for _, p := range points {
		all = append(all, scenario{name: "killed at " + p, deeds: []deed{{at: p, do: signal("KILL")}}, want: either, then: resume,
			reach: true})
	}
	for _, ms := range []int{50, 150, 300} {
		all = append(all, scenario{name: fmt.Sprintf("killed %d ms behind home.end", ms), want: either, then: resume, reach: true,
			deeds: []deed{{at: "home.end", wait: time.Duration(ms) * time.Millisecond, do: signal("KILL") + " || true"}}})
	}
	for _, p := range []string{"test.begin", "test.stopped", "test.activated", "test.end", "home.linked", "profile.made", "boot.half"} {
		all = append(all, scenario{name: "root killed at " + p, deeds: []deed{{at: p, do: killRoot}}, want: either, then: resume,
			reach: true})
	}
	for _, name := range []string{"INT", "QUIT", "TERM", "HUP"} {
		all = append(all, scenario{name: "SIG" + name, deeds: []deed{{at: "test.activated", do: signal(name)}}, want: either,
			never: "goroutine", then: resume, reach: true})
	}
	all = append(all, scenario{name: "SIGQUIT in a home", deeds: []deed{{at: "home.linked", do: signal("QUIT")}}, want: either,
		never: "goroutine", then: resume, reach: true})
	for _, p := range []string{"test.stopped", "test.activated", "home.linked", "profile.made", "boot.half", "boot.end"} {
		all = append(all, scenario{name: "power cut at " + p, deeds: []deed{{at: p, act: powerCut}}, power: true, want: either,
			then: resume, reach: true})
	}
	return append(all, scenario{name: "reboot at test.activated", deeds: []deed{{at: "test.activated", act: reboot}}, power: true,
		want: either, then: resume, reach: true})
}

const skip = "network,boot,boot-space,memory,accounts,nixpkgs"

// evil makes the history name a system of ada's own.
const evil = `mkdir -p /home/ada/evil/bin; printf '#!/bin/sh\ntouch /evil-ran\n' > /home/ada/evil/bin/switch-to-configuration
chmod +x /home/ada/evil/bin/switch-to-configuration; touch /home/ada/evil/init /home/ada/evil/nixos-version
sed -i "s,/nix/store/[a-z0-9]*-nixos-system-atlas-old,/home/ada/evil,g" /home/ada/.local/state/quick-deploy/history/*`

// second starts another run, which must be refused.
func second(t *testing.T, m *machine) {
	cmd := m.program(t.Context(), command)
	if out, _ := cmd.CombinedOutput(); cmd.ProcessState.ExitCode() != 9 {
		t.Errorf("the second run ends with %d: %s", cmd.ProcessState.ExitCode(), out)
	}
}

// takenUp resumes the run at once.
func takenUp(t *testing.T, m *machine) {
	m.goOn("home.begin")
	if out, err := m.program(t.Context(), resume).CombinedOutput(); err != nil {
		t.Errorf("resume: %v: %s", err, out)
	}
}

func powerCut(_ *testing.T, m *machine) {
	m.cut()
	m.start()
}

func reboot(t *testing.T, m *machine) {
	if _, err := m.root("systemctl reboot"); err != nil {
		t.Log(err)
	}
	m.ended()
	m.start()
}
