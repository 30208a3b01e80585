package systemdtest

import (
	"fmt"
	"testing"
	"time"
)

// dies starts well, and fails once ada has another home: switch-to-configuration is content with it, health is not.
const dies = "/bin/sh -c 'while readlink /home/ada/.config/app.conf | grep -q ada-old; do sleep 0.05; done; exit 3'"

// fresh makes the start of the unit that the new system brings another one.
func fresh(start, more string) func(*system) {
	return func(s *system) { s.units["fresh.service"] = service(s.label, start, more) }
}

var (
	dying  = fresh(dies, "")
	broken = fresh("/bin/false", "Type=oneshot\n")
)

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

func timers(s *system) {
	delete(s.units, "job.timer")
	s.units["other.timer"] = "[Timer]\nOnActiveSec=1h\nUnit=job.service\n"
}

func flapping(s *system) {
	more := "Restart=always\nRestartSec=3s\n[Unit]\nStartLimitIntervalSec=0\n"
	s.units["flap.service"] = service(s.label, "/bin/false", more)
}

var systems = []system{
	nixos("old", nil),
	nixos("new", nil),
	nixos("broken", broken),
	nixos("dying", dying),
	nixos("slow", fresh("/bin/sleep 6", "Type=oneshot\nRemainAfterExit=yes\n")),
	nixos("flapping", flapping),
	nixos("script", func(s *system) { s.snippet = "false\n" }),
	nixos("refusing", func(s *system) { s.check = "#!/bin/sh\necho 'not today' >&2\nexit 1\n" }),
	nixos("other-init", func(s *system) { s.init = "3" }),
	nixos("timers-dying", both(dying, timers)),
	nixos("no-sudo", noSudo), nixos("no-sudo-dying", both(noSudo, dying)),
	nixos("no-wheel", noWheel), nixos("no-wheel-dying", both(noWheel, dying)),
	nixos("password", password), nixos("password-dying", both(password, dying)),
	nixos("secure-path", securePath), nixos("secure-path-dying", both(securePath, dying)),
	nixos("no-doas-dying", both(noDoas, dying)), nixos("no-polkit-dying", both(noPolkit, dying)),
}

// conf is what all homes have in one file, or a link to it.
func conf(text string) map[string]string { return map[string]string{".config/app.conf": text} }

var homes = []home{
	{variant: "old", cli: true, files: map[string]string{".config/app.conf": "old", ".config/gone/x": "old"}},
	{variant: "new", cli: true, files: map[string]string{".config/app.conf": "new", ".config/fresh/x": "new"}},
	{variant: "failing", cli: true, files: conf("failing"), onChange: "[ $USER != ada ]"},
	{variant: "eve-failing", cli: true, files: conf("failing"), onChange: "[ $USER != eve ]"},
	{variant: "taking", cli: true, files: map[string]string{".config/app.conf": "new", "mine.conf": "theirs"}},
	{variant: "bare", files: conf("new")},
	{variant: "legacy", legacy: true, files: conf("new")},
}

// Scripts that set the scene, and commands.
const (
	failedBefore = "touch /test/backup-fails; systemctl restart backup.service || true"
	shellTools   = `ln -sfn /nix/store/*-tools-shell "$(readlink /run/current-system)/sw"`
	unitTools    = `for s in /nix/store/*-nixos-system-*; do ln -sfn /nix/store/*-tools-ng-unit $s/sw; done`
	mine         = "echo mine > /home/ada/mine.conf; chown ada:users /home/ada/mine.conf"
	noHomeOfEve  = "cd /home/eve; rm -rf .config .local/state/home-manager .local/state/nix/profiles/home-manager*"
	deny         = "echo 'ada ALL=(ALL) !ALL' > /etc/sudoers.d/deny; chmod 440 /etc/sudoers.d/deny"
	noSpace      = "readlink -f /nix/store/*-nixos-system-atlas-new > /boot/full"
	echo         = "systemctl start echo.service"
	atWork       = "mkdir -p /run/nixos; flock /run/nixos/switch-to-configuration.lock sleep 2 > /dev/null 2>&1 &"
	resume       = "quick-deploy resume --yes"
	rollback     = "quick-deploy rollback --yes"
	inTerminal   = "script -qec '" + command + "' /dev/null"
	testByHand   = byHandTool + " test --flake path:/tmp/flake#atlas"
	bootByHand   = byHandTool + " boot --flake path:/tmp/flake#atlas"
	logLink      = `echo root > /etc/victim; cd /home/ada/.local/state/quick-deploy/logs
rm -f activation.log; ln -s /etc/victim activation.log`
	// evil makes the history name a system of ada's own.
	evil = `cd /home/ada; mkdir -p evil/bin; touch evil/init evil/nixos-version
printf '#!/bin/sh\ntouch /evil-ran\n' > evil/bin/switch-to-configuration; chmod +x evil/bin/switch-to-configuration
sed -i "s,/nix/store/[a-z0-9]*-nixos-system-atlas-old,/home/ada/evil,g" .local/state/quick-deploy/history/*`
)

func signal(name string) string { return "pkill -" + name + " -x quick-deploy" }

// killRoot kills the main process of what acts as root.
const killRoot = "systemctl kill --kill-whom=main --signal=KILL 'quick-deploy-*.service'"

// at makes something happen at a point.
func at(point, do string) []deed { return []deed{{at: point, do: do}} }

// The points that a switch comes to, in their order. Those of homes come once for each user.
var points = []string{
	"build.begin", "build.end",
	"test.begin", "test.stopped", "test.activated", "test.reloaded", "test.started", "test.end",
	"home.begin", "home.cleaned", "home.linked", "home.end",
	"profile.begin", "profile.made", "profile.end", "boot.begin", "boot.half", "boot.end",
}

// failed and unhealthy are exit codes of runs that leave the machine as it was.
var failed, unhealthy = []int{7}, []int{8}

// undisturbed are the scenarios in which nothing comes from outside.
var undisturbed = []scenario{
	{name: "good switch"},
	{name: "the shell nixos-rebuild and no home-manager", setup: shellTools, home: "bare"},
	{name: "home of before gen-version", home: "legacy"},
	{name: "nixos-rebuild that starts a unit", setup: unitTools},
	{name: "nixos-rebuild that starts a unit, unit fails", setup: unitTools, system: "broken", want: before, code: failed},
	{name: "twice", run: command + "&&" + command, says: "nothing to do"},
	{name: "test", run: "quick-deploy test --yes", hand: testByHand},
	{name: "boot", run: "quick-deploy boot --yes", hand: bootByHand},
	{name: "failing unit", system: "broken", want: before, code: failed, says: "fresh.service"},
	{name: "failing unit that is kept", system: "broken", run: command + " --rollback-on-failure=false", code: failed,
		hand: testByHand + " || [ $? = 4 ]"},
	{name: "failed before", setup: failedBefore},
	{name: "failed before, another unit fails", setup: failedBefore, system: "broken", want: before, code: failed,
		says: "fresh.service"},
	{name: "failed before, a home fails", setup: failedBefore, home: "failing", want: before, code: failed},
	{name: "slow unit", system: "slow"},
	{name: "unit in auto-restart", system: "flapping", want: before, code: []int{7, 8}, says: "flap.service"},
	{name: "unit dies", system: "dying", want: before, code: unhealthy, says: "fresh.service"},
	{name: "activation script fails", system: "script", want: before, code: failed},
	{name: "pre-switch check refuses", system: "refusing", want: before, code: failed, says: "not today"},
	{name: "another init interface", system: "other-init", says: "reboot", hand: bootByHand},
	{name: "timers, unit dies", system: "timers-dying", want: before, code: unhealthy},
	{name: "socket", setup: echo},
	{name: "socket, unit dies", setup: echo, system: "dying", want: before, code: unhealthy},
	{name: "boot loader cannot be set up", setup: noSpace, want: before, code: failed},
	{name: "failing home", home: "failing", want: before, code: failed},
	{name: "failing home of another user", home: "eve-failing", want: before, code: failed},
	{name: "file in the way", setup: mine, home: "taking"},
	{name: "file in the way, unit dies", setup: mine, home: "taking", system: "dying", want: before, code: unhealthy},
	{name: "first home", setup: noHomeOfEve},
	{name: "first home, unit dies", setup: noHomeOfEve, system: "dying", want: before, code: unhealthy},
	{name: "no right to become root", setup: deny, want: before, code: []int{4}},
	{name: "new system without sudo", system: "no-sudo"},
	{name: "new system without sudo, unit dies", system: "no-sudo-dying", want: before, code: unhealthy},
	{name: "new system takes wheel away", system: "no-wheel"},
	{name: "new system takes wheel away, unit dies", system: "no-wheel-dying", want: before, code: unhealthy},
	{name: "new system asks for a password", system: "password"},
	{name: "new system asks for a password, unit dies", system: "password-dying", want: before, code: unhealthy},
	{name: "new system sets secure_path", system: "secure-path"},
	{name: "new system sets secure_path, unit dies", system: "secure-path-dying", want: before, code: unhealthy},
	{name: "secure_path", setup: "echo 'Defaults secure_path=/usr/bin:/bin' > /etc/sudoers.d/path"},
	{name: "run0", run: command + " --elevate run0"},
	{name: "run0, forbidden by the new system, unit dies", run: command + " --elevate run0", system: "no-polkit-dying",
		want: before, code: unhealthy},
	{name: "doas", run: command + " --elevate doas"},
	{name: "doas, not in the new system, unit dies", run: command + " --elevate doas", system: "no-doas-dying",
		want: before, code: unhealthy},
	{name: "rollback", first: command, run: rollback, want: initial, code: []int{0}},
	{name: "rollback by number", first: command, run: rollback + " --to 1", want: initial, code: []int{0}},
	{name: "link in the way of the log", setup: logLink, want: either, holds: "[ $(cat /etc/victim) = root ]"},
	{name: "history that names another system", first: command, run: rollback, want: before, setup: evil,
		holds: "[ ! -e /evil-ran ]"},
}

// disturbed are those in which something does.
var disturbed = []scenario{
	{name: "sudo answers once", deeds: at("test.begin", deny), code: []int{0}},
	{name: "sudo answers once, unit dies", system: "dying", deeds: at("test.begin", deny), want: before, code: unhealthy},
	{name: "two runs", deeds: []deed{{at: "test.activated", act: second}}, code: []int{0}},
	{name: "another switch-to-configuration", deeds: at("build.end", atWork), code: []int{0}},
	{name: "silence", want: before, then: resume, reach: true,
		deeds: []deed{{at: "test.end", do: signal("STOP")}, {wait: 12 * time.Second, do: signal("CONT")}}},
	{name: "short silence", code: []int{0},
		deeds: []deed{{at: "test.end", do: signal("STOP")}, {wait: time.Second, do: signal("CONT")}}},
	{name: "killed and taken up in time", deeds: []deed{{at: "home.begin", do: signal("KILL"), act: takenUp}}},
	{name: "rollback killed", first: command, run: rollback, deeds: at("test.activated", signal("KILL")), want: undone,
		then: resume},
	{name: "rollback, root killed", first: command, run: rollback, deeds: at("test.activated", killRoot), want: undone,
		then: resume},
	{name: "resume forgets no flag", run: "unset QUICK_DEPLOY_SKIP; " + command + " --skip " + skip, want: either,
		deeds: at("test.activated", signal("KILL")), then: "unset QUICK_DEPLOY_SKIP; " + resume},
	{name: "resume that preflight refuses", deeds: at("boot.half", signal("KILL")), want: either,
		then: "unset QUICK_DEPLOY_SKIP; " + resume, reach: true},
}

func scenarios() []scenario {
	all := append(undisturbed[:len(undisturbed):len(undisturbed)], disturbed...)
	// Wherever a run is broken off, the machine is whole, after a resume as well, and the next switch goes through.
	broken := func(s scenario, name string, args ...any) {
		s.name, s.want, s.then, s.reach = fmt.Sprintf(name, args...), either, resume, true
		all = append(all, s)
	}
	for _, p := range points {
		broken(scenario{deeds: at(p, signal("KILL"))}, "killed at %s", p)
	}
	for _, wait := range []time.Duration{50, 150, 300} {
		wait *= time.Millisecond
		kill := deed{at: "home.end", wait: wait, do: signal("KILL") + " || true"}
		broken(scenario{deeds: []deed{kill}}, "killed %s behind home.end", wait)
	}
	for _, p := range []string{
		"test.begin", "test.stopped", "test.activated", "test.end", "home.linked", "profile.made", "boot.half",
	} {
		broken(scenario{deeds: at(p, killRoot)}, "root killed at %s", p)
	}
	broken(scenario{setup: unitTools, deeds: at("test.stopped", killRoot)}, "root killed, nixos-rebuild starts a unit")
	for _, name := range []string{"INT", "QUIT", "TERM", "HUP"} {
		broken(scenario{deeds: at("test.activated", signal(name)), never: "goroutine"}, "SIG%s", name)
	}
	broken(scenario{deeds: at("home.linked", signal("QUIT")), never: "goroutine"}, "SIGQUIT in a home")
	closed := deed{at: "test.activated", do: "pkill -KILL -x script || true"}
	broken(scenario{run: inTerminal, deeds: []deed{closed}}, "closed terminal")
	closed.at, closed.wait = "home.end", time.Second/2
	broken(scenario{run: inTerminal, deeds: []deed{closed}}, "closed terminal during health")
	for _, p := range []string{"test.stopped", "test.activated", "home.linked", "profile.made", "boot.half", "boot.end"} {
		broken(scenario{deeds: []deed{{at: p, act: powerCut}}, power: true}, "power cut at %s", p)
	}
	broken(scenario{deeds: []deed{{at: "test.activated", act: reboot}}, power: true}, "reboot")
	return all
}

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
