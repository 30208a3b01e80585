package deploy

import (
	"context"
	"crypto/rand"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixlog"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
)

// What changes the machine is one shell script, which root runs as a unit of its own: see unit.sh.
// This file is the caller's side of it. The caller starts it once, reads what it tells in its folder,
// and has one file there to write: the lease.

//go:embed unit.sh
var unitScript string

// phase is where the unit stands, as its file phase says; "" if the folder is not there.
type phase string

const (
	unitHomes   phase = "homes" // the new system runs
	unitReady   phase = "ready" // the new system runs, the homes are activated: it waits for our word
	unitKeeping phase = "keeping"
	unitDone    phase = "done"
	unitBack    phase = "back"  // the machine is as it was before
	unitStuck   phase = "stuck" // going back failed: a person is needed
	unitLeft    phase = "left"  // failed, and left so because it was asked to
)

func (p phase) final() bool {
	return p == unitDone || p == unitBack || p == unitStuck || p == unitLeft
}

// The words of the lease, beside a number.
const (
	leaseKeep = "keep"
	leaseBack = "back"
)

// idleLimit is how long nobody may hold the unit's lock until it is taken for dead: between the
// unit's end and the way back nobody does for a moment.
const idleLimit = 5 * time.Second

// launchUnit starts root's half of a run. It is the only command of a run that is elevated.
func (d *Deployer) launchUnit(folder, plan string) run.Command {
	return run.Command{
		Name: "/bin/sh", Args: []string{"-c", `text=$(cat); eval "$text"`, "quick-deploy", "launch", folder, plan},
		Input: []byte(system.Script + unitScript), Elevate: true, Timeout: quick,
	}
}

// unitPlan collects the lines that tell the unit what to do.
type unitPlan struct {
	lines []string
	err   error
}

func (p *unitPlan) add(words ...string) {
	line := strings.Join(words, " ")
	if strings.ContainsAny(line, "\n\r\x00") {
		p.err = fmt.Errorf("plan of the switch: %q has a line end in it", line)
	}
	p.lines = append(p.lines, line)
}

func (p *unitPlan) command(c []string, key ...string) { p.add(append(key, line(c))...) }

// line is a command as one line for sh.
func line(words []string) string {
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = run.Quote(w)
	}
	return strings.Join(quoted, " ")
}

// rootsOwn are the folders of a PATH that only root can write: what is in others root does not run.
func rootsOwn(path string) string {
	return strings.Join(slices.DeleteFunc(filepath.SplitList(path), func(dir string) bool {
		fi, err := os.Stat(dir)
		if err != nil || !filepath.IsAbs(dir) || fi.Mode().Perm()&0o022 != 0 {
			return true
		}
		st, ok := fi.Sys().(*syscall.Stat_t)
		return !ok || st.Uid != 0
	}), ":")
}

// beginPlan has what every plan has.
func (s *session) beginPlan(users []User) *unitPlan {
	p := &unitPlan{lines: strings.Split(strings.TrimSuffix(s.cfg.Paths.Plan(s.states(users)), "\n"), "\n")}
	for _, user := range users {
		p.add("folder", user.Name, user.Home)
	}
	p.add("caller", s.cfg.Login, s.cfg.User)
	p.add("path", rootsOwn(s.cfg.Path))
	if s.cfg.Paths.Bin != "" {
		p.add("bin", s.cfg.Paths.Bin)
	}
	p.add("systemd", s.cfg.Paths.Systemd)
	p.add("switch-lock", s.cfg.Paths.SwitchLock)
	p.add("tick", strconv.FormatFloat(s.cfg.Tick.Seconds(), 'f', -1, 64))
	p.add("limit", strconv.Itoa(max(1, int(s.cfg.ConfirmTimeout/s.cfg.Tick))))
	p.add("timeout", strconv.Itoa(max(1, int(s.cfg.ActivateTimeout.Seconds()))))
	p.add("suffix", s.data.Suffix)
	p.add("export", NoSystemdRun)
	if s.data.InstallLoader { // on the way back too
		p.add("export", InstallLoader)
	}
	if s.goal.IgnoreInhibitors {
		p.add("export", "NIXOS_NO_CHECK=1")
	}
	return p
}

// switchPlan is what the unit of this run is to do.
func (s *session) switchPlan() (string, error) {
	var users []User
	if s.movesHomes() {
		users = s.changedHomes()
	}
	p := s.beginPlan(users)
	if s.goal.KeepOnFailure {
		p.add("leave", "yes")
	}
	if s.activates() || s.boots() {
		p.add("new", s.state.System)
	}
	if s.activates() {
		p.command(s.systemCommand(), "test")
	}
	for _, u := range users {
		p.add("home", u.Name, s.state.Homes[u.Name])
		for _, c := range s.homeCommands(u) {
			p.command(c, "activate", u.Name)
		}
		if to := s.goal.To; to != nil && to.Machine.Homes[u.Name].Number > 0 {
			p.add("number", u.Name, strconv.Itoa(to.Machine.Homes[u.Name].Number))
		}
	}
	if s.boots() {
		for _, c := range s.bootCommands() {
			p.command(c, "keep")
		}
	}
	return strings.Join(p.lines, "\n"), p.err
}

func (s *session) homeSwitch(u User) HomeSwitch {
	return HomeSwitch{
		Name: u.Name + "@" + s.goal.Host, Home: s.state.Homes[u.Name], Flake: s.data.FlakeCopy, Suffix: s.data.Suffix,
		Profile: s.profiles[u.Name],
	}
}

// systemCommand, homeCommands and bootCommands are what the unit runs, and what a plan shows.
func (s *session) systemCommand() []string { return s.data.Tools.Test(s.state.System) }

func (s *session) homeCommands(u User) [][]string { return s.data.Tools.SwitchHome(s.homeSwitch(u)) }

func (s *session) bootCommands() [][]string {
	number := 0 // a new generation
	if to := s.goal.To; to != nil {
		// A rollback makes the generation of then current again, if it is still there.
		if p, ok := generationPath(s.cfg.Paths.System, to.Machine.System.Number); ok && p == s.state.System {
			number = to.Machine.System.Number
		}
	}
	return s.data.Tools.Boot(s.cfg.Paths.System, s.state.System, number, s.data.InstallLoader)
}

// changedHomes are the users whose home this run activates: those that had it already are left alone.
func (s *session) changedHomes() []User {
	var out []User
	for _, u := range s.goal.homes() {
		path := s.state.Homes[u.Name]
		same := s.state.Before.Homes[u.Name].Path == path
		if path != "" && (!same || s.goal.To != nil) {
			out = append(out, u)
		}
	}
	return out
}

// findTools are the tools of the machine, without what anybody could have put there for root to run.
func (d *Deployer) findTools(ctx context.Context, homes ...string) (Tools, error) {
	t, err := FindTools(ctx, d.cfg.Runner, homes...)
	if d.cfg.Path == "" {
		return t, err
	}
	if t.Rebuild != "" && rootsOwn(filepath.Dir(t.Rebuild)) == "" {
		t.Rebuild, t.StorePath = "", false
	}
	t.Nix = rootsOwn(t.Nix)
	return t, err
}

// chooseTools decides once with what this run activates: what is shown is what runs.
func (s *session) chooseTools(ctx context.Context) error {
	g, err := s.look(ctx, s.goal.homes())
	if err != nil {
		return err
	}
	s.profiles = g.Profiles
	if s.data.Tools != nil && s.data.ToolsFor == hashOf(values(s.state.Homes)...) {
		return nil
	}
	t, err := s.findTools(ctx, values(s.state.Homes)...)
	if err != nil {
		return err
	}
	s.holdTools(ctx, t)
	s.data.Tools, s.data.ToolsFor, s.data.FlakeCopy = &t, hashOf(values(s.state.Homes)...), ""
	s.state.Tools = []string{t.String()}
	for _, u := range sortedKeys(s.state.Homes) {
		s.state.Tools = append(s.state.Tools, "home of "+u+": "+t.Homes[s.state.Homes[u]].String())
	}
	if s.goal.To != nil || !s.movesHomes() || s.cfg.Remote != nil { // the flake is here, and a home is activated there
		return nil
	}
	for _, u := range s.goal.homes() {
		if !t.Homes[s.state.Homes[u.Name]].Command {
			continue
		}
		if err := s.prepareHomeManager(ctx, u); err != nil {
			s.say("the home of %s is activated without home-manager's command: %v", u.Name, err)
			s.data.FlakeCopy = ""
			return nil
		}
	}
	return nil
}

// holdTools keeps the programs of root's half from being collected while they are needed: they may be of no system.
func (s *session) holdTools(ctx context.Context, t Tools) {
	store, err := s.storeDir(ctx)
	if err != nil {
		return
	}
	for name, bin := range map[string]string{"nixos-rebuild": filepath.Dir(t.Rebuild), "nix": t.Nix} {
		path := filepath.Dir(bin)
		if filepath.Dir(path) != store || !storeName.MatchString(filepath.Base(path)) {
			continue
		}
		if _, err := s.hold(ctx, path, s.state.ID, name); err != nil {
			s.cfg.Log.Warn("hold the tools", "error", err) // without them the run ends as if it was interrupted
		}
	}
}

// prepareHomeManager makes what home-manager switch needs, as the caller: the flake's copy in the
// store, which every user can read, and the news, which it would build after the activation.
func (s *session) prepareHomeManager(ctx context.Context, u User) error {
	ask := func(args []string) (string, error) {
		res, err := s.command(ctx, run.Command{Name: args[0], Args: args[1:], Timeout: s.cfg.BuildTimeout, Network: true})
		return res.Stdout, err
	}
	if s.data.FlakeCopy == "" {
		text, err := ask(s.data.Tools.FlakeMetadata(s.goal.FlakeDir, s.goal.nixFlags()...))
		if err != nil {
			return err
		}
		if s.data.FlakeCopy, err = FlakeInStore(text); err != nil {
			return err
		}
	}
	_, err := ask(append(s.data.Tools.nix("build", "--no-link", s.homeSwitch(u).News()), s.goal.nixFlags()...))
	return err
}

// start starts the unit of this run, unless it is at work already.
func (s *session) start(ctx context.Context) error {
	if s.data.Suffix == "" {
		s.data.Suffix = fmt.Sprintf("before-quick-deploy-%d-%s", s.state.ID, s.cfg.Now().Format("20060102150405"))
	}
	if err := s.chooseTools(ctx); err != nil {
		return err
	}
	plan, err := s.switchPlan()
	if err != nil || s.started && s.data.UnitPlan == hashOf(plan) {
		return err
	}
	if s.started { // by a process that was cut off, to another end
		if err := s.putBack(ctx); err != nil {
			return err
		}
	}
	if s.movesHomes() && s.cfg.Remote == nil {
		if err := s.keepHomeFiles(ctx); err != nil {
			return err
		}
	}
	s.started = true
	return s.launch(ctx, plan)
}

func (s *session) launch(ctx context.Context, plan string) error {
	s.data.Unit = fmt.Sprintf("%s/%d-%s", s.cfg.Paths.Run, s.state.ID, strings.ToLower(rand.Text()[:8]))
	s.data.UnitPlan, s.data.Touched, s.offset = hashOf(plan), true, 0
	if err := s.save(); err != nil {
		return err
	}
	// A refusal leaves everything as it is, and an interrupt in the middle of it is none.
	quiet := context.WithoutCancel(ctx)
	if _, err := s.command(quiet, s.launchUnit(s.data.Unit, plan)); err != nil {
		if u, perr := s.watch(quiet, anyPhase); perr == nil && u.phase != "" {
			return nil // it is at work all the same
		}
		s.data.Touched = false
		return fault.New(fault.Preflight, "becoming root for the switch: %w", err).Hint("nothing was switched")
	}
	return nil
}

// unitState is what a look at the unit's folder shows.
type unitState struct {
	phase phase
	busy  bool // somebody holds alive
}

func anyPhase(unitState) bool { return true }

// pollScript prints the phase, whether the lock is held, and what the log has from byte $2 on.
const pollScript = `printf '%s ' "$(cat "$1/phase" 2>/dev/null)"
if [ ! -e "$1/alive" ] || flock -n "$1/alive" true; then echo idle; else echo busy; fi
tail -c "+$2" "$1/log" 2>/dev/null || true`

// poll looks at the unit and hands on what it has written since.
func (s *session) poll(ctx context.Context) (unitState, error) {
	if s.data.Unit == "" {
		return unitState{}, nil
	}
	res, err := s.cfg.Runner.Run(ctx, run.Command{
		Name: "/bin/sh", Args: []string{"-c", pollScript, "sh", s.data.Unit, strconv.Itoa(s.offset + 1)}, Timeout: s.answer(), Quiet: true,
	})
	if err != nil {
		return unitState{}, fmt.Errorf("look at the switch: %w", err)
	}
	first, text, _ := strings.Cut(res.Stdout, "\n")
	where, busy, _ := strings.Cut(first, " ")
	s.offset += len(text)
	s.told(text)
	return unitState{phase(where), busy == "busy"}, nil
}

// told hands on whole lines of the unit's log.
func (s *session) told(text string) {
	s.log += text
	s.partial += text
	for {
		line, rest, ok := strings.Cut(s.partial, "\n")
		if !ok {
			return
		}
		s.partial = rest
		if s.cfg.Output != nil && s.step != nil {
			s.cfg.Output(s.step.Name, run.Stdout, line)
		}
	}
}

// errLeft is a new system that was left running although the run failed.
var errLeft = errors.New("left as it is")

// errUnitGone is a unit that ended without saying how: killed together with its way back.
var errUnitGone = errors.New("the switch was ended from outside, and its way back too")

// watch looks at the unit until enough says so, or the unit has ended without saying how. A machine whose network
// the new system broke goes back after ConfirmTimeout and is heard of again then: until that it may be silent.
func (s *session) watch(ctx context.Context, enough func(unitState) bool) (unitState, error) {
	ctx = context.WithoutCancel(ctx)
	began, heard, failures := time.Now(), time.Now(), 0
	var idle time.Time
	for ; ; time.Sleep(s.cfg.Poll) {
		u, err := s.poll(ctx)
		if err != nil {
			failures++
			if s.away || s.cfg.Remote == nil && failures > 3 || time.Since(heard) > unheard*s.cfg.ConfirmTimeout {
				s.away = s.cfg.Remote != nil
				return u, err
			}
			continue
		}
		heard, failures = time.Now(), 0
		switch {
		case enough(u):
			return u, nil
		case u.busy:
			idle = time.Time{}
		case idle.IsZero():
			idle = time.Now()
		case time.Since(idle) > idleLimit:
			return u, errUnitGone
		}
		// The unit limits each activation itself.
		if limit := s.cfg.ActivateTimeout * time.Duration(3+len(s.goal.Users)); time.Since(began) > limit {
			return u, fault.New(fault.Timeout, "the switch did not end within %s", limit)
		}
	}
}

// await waits until the unit has reached a phase or its end.
func (s *session) await(ctx context.Context, until ...phase) (phase, error) {
	u, err := s.watch(ctx, func(u unitState) bool { return u.phase.final() || slices.Contains(until, u.phase) })
	return u.phase, err
}

// unheard is how many times ConfirmTimeout a machine may be silent: it goes back meanwhile.
const unheard = 3

// answer is how long a machine may take for a word: a connection that broke says nothing.
func (s *session) answer() time.Duration { return max(5*time.Second, s.cfg.ConfirmTimeout/2) }

// lease writes our word. It takes a connection of its own to another machine, so that a network or
// an ssh server that the new system broke is silence.
func (s *session) lease(ctx context.Context, word string) error {
	_, err := s.cfg.Runner.Run(ctx, run.Command{
		Name: "/bin/sh", Args: []string{"-c", `printf '%s\n' "$2" > "$1/lease"`, "sh", s.data.Unit, word}, Timeout: s.answer(), Quiet: true, Fresh: true,
	})
	if err != nil {
		return fmt.Errorf("tell the switch to go on: %w", err)
	}
	return nil
}

// count tells the unit that we are here until stopCounting. Without it the unit goes back.
func (s *session) count() {
	if s.uncount != nil {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	s.uncount = func() { cancel(); wg.Wait() }
	every := s.cfg.ConfirmTimeout / 12
	wg.Go(func() {
		for n := 1; ; n++ {
			if err := s.lease(ctx, fmt.Sprintf("%d.%d", s.cfg.PID, n)); err != nil && ctx.Err() == nil {
				s.cfg.Log.Warn("the lease of the switch", "error", err)
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(every):
			}
		}
	})
}

func (s *session) stopCounting() {
	if s.uncount != nil {
		s.uncount()
		s.uncount = nil
	}
}

// keep has the unit make the system the boot default, if this run does that, and waits for its end.
func (s *session) keep(ctx context.Context) error {
	if !s.started {
		return nil // it was done before, or there was nothing to do
	}
	where, err := s.await(ctx, unitReady, unitKeeping)
	if err != nil {
		return err
	}
	if where == unitReady {
		s.stopCounting()
		if err := s.lease(context.WithoutCancel(ctx), leaseKeep); err != nil {
			return err
		}
	}
	if where, err = s.await(ctx); err != nil {
		return err
	}
	if where != unitDone {
		return s.whyBack(ctx)
	}
	return nil
}

// unitFiles prints files of the unit's folder, each behind a line with its name.
const unitFiles = `cd "$1" && for f in reason failed stuck failed-after was; do echo "# $f"; cat "$f" 2>/dev/null; done; true`

// unitTold are the files of the unit that say what went wrong.
func (s *session) unitTold(ctx context.Context) (map[string][]string, error) {
	res, err := s.cfg.Runner.Run(context.WithoutCancel(ctx), run.Command{
		Name: "/bin/sh", Args: []string{"-c", unitFiles, "sh", s.data.Unit}, Timeout: quick,
	})
	if err != nil {
		return nil, fmt.Errorf("ask the switch why it failed: %w", err)
	}
	out, name := map[string][]string{}, ""
	for line := range strings.Lines(res.Stdout) {
		line = strings.TrimSuffix(line, "\n")
		if n, ok := strings.CutPrefix(line, "# "); ok {
			name = n
			continue
		}
		out[name] = append(out[name], line)
	}
	return out, nil
}

// timedOut is the exit code of timeout(1).
const timedOut = 124

// reasons are what the unit's reason begins with, and what is said of it, with a hint. In braces stand the units that
// failed, the first of them, and the second and the last word of the reason.
var reasons = map[string][2]string{
	"asked":   {"the switch was called off"},
	"busy":    {"another switch-to-configuration did not end"},
	"cut":     {"the switch was cut off"},
	"home":    {"the home of {second} could not be activated"},
	"invalid": {"{last} is not a whole system or home in the store"},
	"keep": {
		"the new system could not be made the boot default",
		"is the boot partition full? see quick-deploy's preflight check boot-space",
	},
	"script":  {"the activation script of the new system failed"},
	"silence": {"the machine heard nothing from here for {limit} and went back", "--confirm-timeout is how long it waits"},
	"test":    {"the new system could not be activated: exit code {last}"},
	"units":   {"{units} failed", "journalctl -b -u {unit}"},
	"checks": { // a test that says so
		"a check of the new system refused the switch",
		"NixOS' own pre-switch checks said no; quick-deploy boot and a reboot is the safe way",
	},
}

// whyBack is the error of a unit that did not reach what it was to reach.
func (s *session) whyBack(ctx context.Context) error {
	told, err := s.unitTold(ctx)
	if err != nil {
		return err
	}
	words := strings.Fields(strings.Join(told["reason"], " "))
	if len(words) == 0 {
		return errUnitGone
	}
	reason, second, last := words[0], words[min(1, len(words)-1)], words[len(words)-1]
	code, _ := strconv.Atoi(last) // 0 where it is no number
	if reason == "test" && strings.Contains(s.log, "Pre-switch checks failed") {
		reason = "checks"
	}
	said, ok := reasons[reason]
	if !ok {
		said = reasons["cut"]
	}
	fill := strings.NewReplacer(
		"{units}", strings.Join(told["failed"], ", "), "{unit}", strings.Join(told["failed"][:min(1, len(told["failed"]))], ""),
		"{second}", second, "{last}", last, "{limit}", s.cfg.ConfirmTimeout.String(),
	)
	e := fault.New(fault.Activation, "%s", fill.Replace(said[0]))
	switch {
	case reason == "another":
		return fault.New(fault.Locked, "another run is at work on this machine as root")
	case code == timedOut:
		e = fault.New(fault.Timeout, "the activation did not end within %s and was stopped", s.cfg.ActivateTimeout).
			Hint("--activation-timeout is how long it may take")
	case said[1] != "":
		e.Hint("%s", fill.Replace(said[1]))
	case reason == "home":
		if cause := nixlog.Read(s.log).Cause; cause.Kind == nixlog.FileInTheWay {
			e.Hint("%s: %s", cause.Words().What, cause.Words().Hint)
		}
	}
	e.Child = code
	if s.step != nil {
		s.step.Child = code
	}
	return e
}

// putBack has the unit go back, unless it has, and says whether the machine is as it was before.
func (s *session) putBack(ctx context.Context) error {
	s.stopCounting()
	if err := s.hook("put-back"); err != nil {
		return err
	}
	u, err := s.watch(ctx, func(u unitState) bool { return u.busy || u.phase == "" || u.phase.final() })
	switch {
	case errors.Is(err, errUnitGone), err == nil && (u.phase == unitDone || u.phase == ""):
		// It has ended, or it ended together with the machine: it cannot go back any more.
		return s.mend(ctx)
	case err != nil:
		return err
	case !u.phase.final():
		s.say("going back to the system that ran before")
		if err := s.lease(ctx, leaseBack); err != nil {
			return err
		}
		if u.phase, err = s.await(ctx); errors.Is(err, errUnitGone) {
			return s.mend(ctx)
		} else if err != nil {
			return err
		}
	}
	return s.isBack(ctx, u.phase)
}

// isBack turns how the way back ended into what is told.
func (s *session) isBack(ctx context.Context, where phase) error {
	told, err := s.unitTold(ctx)
	if err != nil {
		return err
	}
	if where == unitLeft {
		return errLeft
	}
	if where != unitBack {
		return fmt.Errorf("not as before: %s", strings.Join(told["stuck"], ", "))
	}
	if failed := told["failed-after"]; len(failed) > 0 {
		s.say("failed since: %s", strings.Join(failed, ", "))
	}
	s.note(journal.Event{Type: "message", Message: "the machine is as it was before"})
	return nil
}

// mend brings a machine back that a run has left between two systems, and whose unit cannot do it any
// more: after a power cut, or where everything was killed. It is a unit that only goes back.
func (s *session) mend(ctx context.Context) error {
	was := s.state.Before
	now, err := s.machine(ctx, s.goal.Users)
	if err != nil {
		return err
	}
	loader := s.state.Find(stepBootDefault)
	if now.Same(was) && now.System.Number == was.System.Number && (loader == nil || loader.Status == journal.Pending) {
		s.data.Unit = ""
		return nil // it came to nothing
	}
	if was.Current == "" && was.System.Path == "" {
		return errors.New("there was no NixOS system before this run to go back to")
	}
	s.say("the machine is between two systems: going back to what it ran before")
	users := slices.DeleteFunc(s.usersOf(was), func(u User) bool { return was.Homes[u.Name].Path != "" && s.state.Homes[u.Name] == "" })
	p := s.beginPlan(users)
	p.add("go-back", "yes")
	p.add("was", "current", dash(was.Current))
	p.add("was", "default", strconv.Itoa(was.System.Number), dash(was.System.Path))
	for _, u := range users {
		g := was.Homes[u.Name]
		p.add("was", "home", u.Name, strconv.Itoa(g.Number), dash(g.Path), g.Profile)
		if s.state.Homes[u.Name] != "" {
			p.add("home", u.Name, s.state.Homes[u.Name])
		}
	}
	if p.err != nil {
		return p.err
	}
	if err := s.launch(ctx, strings.Join(p.lines, "\n")); err != nil {
		return err
	}
	where, err := s.await(ctx)
	if err != nil {
		return err
	}
	return s.isBack(ctx, where)
}

func dash(path string) string {
	if path == "" {
		return "-"
	}
	return path
}

// recover deals with the unit of a run that was cut off: one at work is taken up or called off, one
// that has come to no end is mended.
func (s *session) recover(ctx context.Context, takeUp bool) error {
	if !s.between {
		return nil
	}
	u, err := s.poll(ctx)
	if err != nil {
		return err
	}
	if takeUp && u.phase != "" && !u.phase.final() {
		// One that has just been launched holds no lock yet.
		u, err = s.watch(ctx, func(u unitState) bool { return u.busy || u.phase.final() })
		if err == nil && !u.phase.final() {
			s.started = true
			s.count()
		}
		if err == nil && !u.phase.final() || err != nil && !errors.Is(err, errUnitGone) {
			return err
		}
	}
	switch {
	case u.phase == unitDone, u.phase == unitLeft:
		return nil
	case u.phase != unitBack:
		back := s.putBack
		if u.phase == unitStuck {
			back = s.mend // a person may have seen to what was in the way
		}
		if err := back(ctx); err != nil {
			return fault.New(fault.RollbackFailed, "run %d left the machine between two systems, and it could not be put back: %w", s.state.ID, err).
				Hint("see docs/recovery.md; the old system is also in the boot menu")
		}
		s.between, s.data.Unit = false, ""
	}
	return nil
}
