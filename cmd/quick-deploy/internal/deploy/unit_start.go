package deploy

import (
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
)

// unitCommand starts root's half of a run. It is the only command of a run that is elevated.
func (d *Deployer) unitCommand(folder, plan string) run.Command {
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
		p.err = fmt.Errorf("plan of the switch: %q contains a line break", line)
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
	p := &unitPlan{lines: strings.Split(strings.TrimSuffix(s.cfg.Paths.Plan(s.homeStates(users)), "\n"), "\n")}
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
		if _, err := s.addRoot(ctx, path, s.state.ID, name); err != nil {
			// Without them the run ends as if it was interrupted.
			s.cfg.Log.Warn("protect the tools from garbage collection", "error", err)
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

// startUnit starts the unit of this run, unless it is at work already.
func (s *session) startUnit(ctx context.Context) error {
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
	return s.launchUnit(ctx, plan)
}

func (s *session) launchUnit(ctx context.Context, plan string) error {
	s.data.Unit = fmt.Sprintf("%s/%d-%s", s.cfg.Paths.Run, s.state.ID, strings.ToLower(rand.Text()[:8]))
	s.data.UnitPlan, s.data.Touched, s.offset = hashOf(plan), true, 0
	if err := s.save(); err != nil {
		return err
	}
	// A refusal leaves everything as it is, and an interrupt in the middle of it is none.
	quiet := context.WithoutCancel(ctx)
	if _, err := s.command(quiet, s.unitCommand(s.data.Unit, plan)); err != nil {
		if u, perr := s.watch(quiet, anyPhase); perr == nil && u.phase != "" {
			return nil // it is at work all the same
		}
		s.data.Touched = false
		return fault.New(fault.Preflight, "becoming root for the switch: %w", err)
	}
	return nil
}
