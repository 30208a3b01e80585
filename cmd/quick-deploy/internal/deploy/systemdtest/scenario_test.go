package systemdtest

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/quick-deploy/quick-deploy/generator/nixtest"
)

// Where a scenario may leave the machine. Never between.
const (
	before  = "as before"                           // the run
	after   = "as by hand"                          // with nixos-rebuild and home-manager
	either  = "as before or as by hand"             //
	initial = "as before the deployment before it"  // what a rollback is for
	undone  = "as before it, or as before the last" // of a rollback that was disturbed
)

// deed is what happens to a run at a point that a stand-in comes to, and a while later.
type deed struct {
	at   string        // a point; "" follows the deed before at once
	wait time.Duration // behind the point, at which the machine then does not stop
	do   string        // a script of root
	act  func(*testing.T, *machine)
}

// scenario is a run of the program on a machine of its own.
type scenario struct {
	name   string
	system string // that the profile asks for; "": new
	home   string // likewise
	setup  string // script of root, before the machine is looked at
	first  string // script of ada, a deployment before the one that the scenario is about
	run    string // script of ada; "": quick-deploy switch --yes
	deeds  []deed
	remote bool   // the program runs on atlas, for borg
	power  bool   // the machine goes off meanwhile; only then is decisive
	hand   string // script of ada that does by hand what the run does; "": a switch of system and homes
	want   string // "": as by hand
	code   []int  // exit codes of the run; nil: 0 for as by hand, else any
	says   string // a text in the run's output
	never  string // a text that is not in it
	mend   string // script of root that takes away what was in the way; then must now go through
	then   string // script of ada that follows; the machine must be as wanted again
	holds  string // script of root that must succeed in the end
	reach  bool   // a last switch must bring the machine to where it was meant to go
}

// patience is how long a run may take: ssh needs two minutes to see that a link is cut.
const patience = 240 * time.Second

const command = "quick-deploy switch --yes"

// skip lists the checks of what such a machine has not got.
const skip = "network,boot,boot-space,memory,accounts,nixpkgs"

// environment is that of the program: what cannot be on such a machine is left out.
const environment = "export QUICK_DEPLOY_SKIP=" + skip + ` QUICK_DEPLOY_MIN_FREE=1MB
export QUICK_DEPLOY_HEALTH_TIMEOUT=4s QUICK_DEPLOY_CONFIRM_TIMEOUT=4s
export QUICK_DEPLOY_LOCK=built-in QUICK_DEPLOY_NO_PROBE=true
`

// profile writes ada's profile.
func (m *machine) profile(system, home string) {
	m.t.Helper()
	m.must("ada", `cat > quick-deploy.yaml <<END
version: 1
hosts:
  atlas:
    system: x86_64-linux
    stateVersion: "26.05"
    hardware: {loader: {kind: systemd-boot}, fileSystems: none}
    nixos: {system.nixos.label: $1}
    users:
      ada: {admin: true, home: {sessionVariables: {HOME_VARIANT: $2}}}
      eve: {home: {sessionVariables: {HOME_VARIANT: $2}}}
END`, system, home)
}

// program is a script of ada's in the environment of the program.
func (m *machine) program(ctx context.Context, script string) *exec.Cmd {
	return m.inside(ctx, "ada", environment+script+"\nexit $?") // nsenter stops where its child does
}

// moved is what home-manager's -b appends to the name of a file that it moves aside.
var moved = regexp.MustCompile(`(mine\.conf)\.\S+`)

// state is the machine as look tells it, a line each.
func (m *machine) state() []string {
	m.t.Helper()
	out, err := m.root("/test/look")
	if err != nil {
		m.t.Fatalf("look at the machine: %v", err)
	}
	return strings.Split(strings.TrimSpace(moved.ReplaceAllString(out, "$1.ASIDE")), "\n")
}

// quiet waits until nothing acts on the machine any more.
func (m *machine) quiet() {
	m.t.Helper()
	out, err := m.root("/test/quiet")
	if err != nil {
		m.t.Errorf("30 s later something still acts on the machine: %s", out)
	}
}

// switchHome activates the home of the user that runs it.
const switchHome = `flake=/tmp/flake#$USER@atlas
home=$(nix build --no-link --print-out-paths "/tmp/flake#homeConfigurations.$USER@atlas.activationPackage")
export HOME_MANAGER_BACKUP_EXT=aside
[ -e $home/home-path/bin/home-manager ] || exec $home/activate
$home/home-path/bin/home-manager switch --flake "path:$flake" -b aside`

// byHandTool is the newest nixos-rebuild, as root.
const byHandTool = "sudo /nix/store/*-tools-ng/bin/nixos-rebuild"

// byHand is the state of a machine that was brought to system and home with nixos-rebuild and home-manager by hand.
func byHand(s scenario) ([]string, error) {
	key := strings.Join([]string{fmt.Sprint(s.remote), s.system, s.home, s.setup, s.hand}, "\x00")
	world.byHandMu.Lock()
	once := world.byHand[key]
	if once == nil {
		once = sync.OnceValues(func() (state []string, err error) {
			t := &shared{}
			defer t.end(&err)
			if s.remote {
				return byHandThere(t, s), nil
			}
			m := newMachine(t, world.layers...).start()
			m.prepare(s)
			m.must("ada", environment+"quick-deploy --yes generate && cp -r .config/nixos /tmp/flake")
			m.must("ada", "chmod -R a+rX /tmp/flake")
			if s.hand != "" {
				m.must("ada", s.hand)
				return m.state(), nil
			}
			m.must("ada", byHandTool+" switch --flake path:/tmp/flake#atlas || [ $? = 4 ]")
			for _, user := range []string{"ada", "eve"} {
				m.must(user, switchHome)
			}
			return m.state(), nil
		})
		if world.byHand == nil {
			world.byHand = map[string]func() ([]string, error){}
		}
		world.byHand[key] = once
	}
	world.byHandMu.Unlock()
	return once()
}

// byHandThere is borg, brought to system and home by somebody who works there.
func byHandThere(t testing.TB, s scenario) []string {
	m := newMachine(t, append([]string{world.borg}, world.layers...)...)
	m.disk = small
	m.start()
	m.prepare(s)
	if s.setup != "" {
		m.must("root", s.mend)
	}
	system, home := storePath("nixos-system-borg-"+s.system), storePath("home-manager-generation-ada-"+s.home)
	// What is copied there is in the layer below.
	for _, path := range []string{system, home} {
		cp := exec.Command("cp", "-a", filepath.Join(world.layers[1], path), m.path("/nix/store"))
		if out, err := cp.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	m.must("ada", byHandTool+` switch --store-path "$1" && "$2/activate" --driver-version 1 &&
nix-env --profile .local/state/nix/profiles/home-manager --set "$2"`, system, home)
	return m.state()
}

func (m *machine) prepare(s scenario) {
	m.t.Helper()
	if !s.remote {
		m.profile(s.system, s.home)
	}
	if s.first != "" {
		m.must("ada", environment+s.first)
		m.quiet()
	}
	if s.setup != "" {
		m.must("root", s.setup)
	}
}

// arm makes the machine stand still when it comes to a point.
func (m *machine) arm(point string) {
	m.t.Helper()
	if err := os.WriteFile(m.path("/test/points/"+point), nil, 0o666); err != nil {
		m.t.Fatal(err)
	}
}

// reached waits until the machine stands at the point, or the run is over.
func (m *machine) reached(point string, over <-chan struct{}) bool {
	for {
		if _, err := os.Stat(m.path("/test/points/" + point + ".reached")); err == nil {
			os.Remove(m.path("/test/points/" + point + ".reached"))
			return true
		}
		select {
		case <-over:
			return false
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func (m *machine) goOn(point string) {
	_ = os.WriteFile(m.path("/test/points/"+point+".go"), nil, 0o666) // the machine may be off
}

// disturb carries out the deeds while the run is at work.
func (m *machine) disturb(t *testing.T, deeds []deed, over <-chan struct{}) {
	t.Helper()
	for _, d := range deeds {
		if d.at != "" && !m.reached(d.at, over) {
			t.Errorf("the run did not come to %s", d.at)
			return
		}
		if d.wait > 0 {
			if d.at != "" {
				m.goOn(d.at)
			}
			time.Sleep(d.wait)
		}
		if d.do != "" {
			if _, err := m.root(d.do); err != nil {
				t.Errorf("%s: %v", d.do, err)
			}
		}
		if d.act != nil {
			d.act(t, m)
		}
		if d.at != "" && d.wait == 0 {
			m.goOn(d.at)
		}
	}
}

// machines starts the machine that is judged, and the one that the program runs on.
func (s scenario) machines(t *testing.T) (m, from *machine) {
	t.Helper()
	if !s.remote {
		m = newMachine(t, world.layers...).start()
		return m, m
	}
	from = newMachine(t, world.layers...).start()
	m = newMachine(t, append([]string{world.borg}, world.layers...)...)
	m.disk, m.peer = small, from
	m.start()
	wire(t, from, m, s)
	return m, from
}

// again is the command that a person would type next.
func (s scenario) again() string {
	if s.remote {
		return fleet
	}
	return command
}

func (s scenario) test(t *testing.T) {
	needed(t)
	t.Parallel()
	m, from := s.machines(t)
	var was, start []string
	if s.first != "" {
		start = m.state()
	}
	m.prepare(s)
	was = m.state()
	for _, d := range s.deeds {
		if d.at != "" {
			m.arm(d.at)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var out bytes.Buffer
	cmd := from.program(ctx, s.run)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	over := make(chan struct{})
	go func() {
		_ = cmd.Wait()
		close(over)
	}()
	// A machine that goes down stops all processes for a moment (systemd-shutdown), and nsenter stops with its child.
	go func() {
		for {
			select {
			case <-over:
				return
			case <-time.After(time.Second):
				_ = cmd.Process.Signal(syscall.SIGCONT)
			}
		}
	}()
	m.disturb(t, s.deeds, over)
	<-over
	if ctx.Err() != nil {
		t.Errorf("the run did not end in %s", patience)
	}
	text := out.String()
	if code := cmd.ProcessState.ExitCode(); s.code != nil && !slices.Contains(s.code, code) {
		t.Errorf("exit code %d, want %d", code, s.code)
	}
	if !strings.Contains(text, s.says) {
		t.Errorf("the run does not say %q", s.says)
	}
	if s.never != "" && strings.Contains(text, s.never) {
		t.Errorf("the run says %q", s.never)
	}
	m.quiet()
	there := false // where it was meant to go
	if !s.power {
		there = m.judge(t, s, "the run", was, start)
	}
	if s.mend != "" {
		m.must("root", s.mend)
		s.want = after
	}
	next := func(script string) {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		out, err := from.program(ctx, script).CombinedOutput()
		text += fmt.Sprintf("\n$ %s\n%s%v\n", script, out, err)
		m.quiet()
		there = m.judge(t, s, script, was, start)
	}
	if s.then != "" {
		if s.want == before {
			s.want = either
		}
		next(s.then)
	}
	if s.reach && !there {
		s.want = after
		next(s.again())
	}
	if s.holds != "" {
		if out, err := m.root(s.holds); err != nil {
			t.Errorf("%s: %v %s", s.holds, err, out)
		}
	}
	if t.Failed() {
		points, _ := m.root("cat /test/log /test/unknown; journalctl -b --no-pager -o cat -u 'quick-deploy-*' | tail -n 40")
		t.Logf("the run said:\n%s\nthe machine came to:\n%s", text, points)
	}
}

// judge compares the machine with what it was and with what it is to become, and says whether it has become that.
func (m *machine) judge(t *testing.T, s scenario, when string, was, start []string) bool {
	t.Helper()
	goals := map[string][]string{}
	switch s.want {
	case before, either, undone:
		goals["was"] = was
	}
	switch s.want {
	case initial, undone:
		goals["was at first"] = start
	case after, either:
		shall, err := byHand(s)
		if err != nil {
			t.Errorf("the same by hand: %v", err)
			return false
		}
		goals["shall be"] = shall
		if slices.Equal(was, shall) {
			t.Error("by hand nothing changes: the scenario shows nothing")
		}
	}
	is := m.state()
	text := ""
	for name, goal := range goals {
		if when != "the run" { // a generation that was put back may have used up a number
			goal, is = numberless(goal), numberless(is)
		}
		if slices.Equal(goal, is) {
			return name == "shall be"
		}
		text += fmt.Sprintf("- as it %s, + as it is:\n%s", name, differ(goal, is))
	}
	t.Errorf("after %s the machine is not %s\n%s", when, s.want, text)
	return false
}

// number is the number of a generation.
var number = regexp.MustCompile(`(system|home-manager|nixos-generation)-\d+(-link|\.conf)`)

func numberless(state []string) []string {
	var out []string
	for _, line := range state {
		out = append(out, number.ReplaceAllString(line, "$1-N$2"))
	}
	return out
}

// differ lists the lines that are in one of two states only.
func differ(a, b []string) string {
	var out strings.Builder
	for _, line := range a {
		if !slices.Contains(b, line) {
			out.WriteString("- " + line + "\n")
		}
	}
	for _, line := range b {
		if !slices.Contains(a, line) {
			out.WriteString("+ " + line + "\n")
		}
	}
	return out.String()
}

// complete fills in what a scenario does not say.
func (s scenario) complete() scenario {
	s.system, s.home = cmp.Or(s.system, "new"), cmp.Or(s.home, "new")
	s.run, s.want = cmp.Or(s.run, command), cmp.Or(s.want, after)
	if s.code == nil && s.want == after && len(s.deeds) == 0 {
		s.code = []int{0}
	}
	return s
}

func TestScenarios(t *testing.T) {
	t.Parallel()
	run(t, scenarios())
}

// run runs scenarios, of which like ones stand side by side.
func run(t *testing.T, all []scenario) {
	for i := 0; i < len(all); i += nixtest.Step(4) {
		s := all[i].complete()
		t.Run(strings.ReplaceAll(s.name, " ", "-"), s.test)
	}
}
