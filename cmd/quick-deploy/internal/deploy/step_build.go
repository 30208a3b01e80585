package deploy

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixlog"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/retry"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

// buildInput hashes the tree as it lies on disk: an edit of local.nix counts as much as a new profile.
func (s *session) buildInput() string {
	if s.handsOver() {
		return ""
	}
	fp, err := s.fingerprint(s.goal)
	if err != nil {
		return ""
	}
	return hashOf("build", fp)
}

func (s *session) buildHolds() bool {
	if s.cfg.Remote != nil {
		gone, err := s.collected(context.Background(), append(values(s.state.Homes), s.state.System)...)
		return err == nil && len(gone) == 0
	}
	if s.goal.Extend != nil {
		return exists(s.state.Built)
	}
	if !isSystem(s.state.System) {
		return false
	}
	for _, u := range s.goal.homes() {
		if !exists(s.state.Homes[u.Name]) {
			return false
		}
	}
	return true
}

func (s *session) planBuild() *Planned {
	if s.goal.To != nil {
		return nil
	}
	p := &Planned{What: "evaluate and build the system and the homes, as " + cmp.Or(s.cfg.User, "the user")}
	there := s.cfg.Remote
	switch {
	case s.handsOver():
		p.What = "hand over to " + there.HandOver +
			", which builds, copies, activates and sets the boot default itself"
		s.planCommand(p, there.Build())
	case there != nil:
		p.What = "build the system and the homes, and copy them to the machine"
		s.planCommand(p, there.Build())
	case s.goal.Extend != nil:
		p.What = "extend the host in a throwaway flake, and build that as " + cmp.Or(s.cfg.User, "the user")
		s.planCommand(p, s.buildSystem(s.goal, s.store.Path("work", "<run>")))
	default:
		s.planCommand(p, s.buildSystem(s.goal, ""))
	}
	for _, u := range s.goal.homes() {
		s.planCommand(p, s.buildHome(s.goal, u, s.store.Path("work", "<run>", "home-"+u.Name)))
		if there != nil {
			s.planCommand(p, there.Copy("<home>"))
		}
	}
	return p
}

// handsOver says whether another program activates and sets the boot default.
func (d *Deployer) handsOver() bool { return d.cfg.Remote != nil && d.cfg.Remote.HandOver != "" }

// build evaluates and builds the system and every home, as the user.
func (s *session) build(ctx context.Context) error {
	before, err := s.fingerprint(s.goal)
	if err != nil {
		return err
	}
	work := s.store.Path("work", strconv.Itoa(s.state.ID))
	if err := os.MkdirAll(work, 0o700); err != nil {
		return fmt.Errorf("make the build's working directory: %w", err)
	}
	var system string
	switch {
	case s.cfg.Remote != nil:
		system, err = s.cfg.Remote.System, s.buildThere(ctx, work)
	case s.goal.Extend != nil:
		s.state.Built, err = s.buildExtended(ctx, work)
	default:
		system, err = s.buildHere(ctx, work)
	}
	if err != nil {
		return err
	}
	homes := map[string]string{}
	for _, u := range s.goal.homes() {
		link := filepath.Join(work, "home-"+u.Name)
		if err := s.nix(ctx, s.buildHome(s.goal, u, link)); err != nil {
			return err
		}
		if homes[u.Name], err = resolve(link); err != nil {
			return fault.New(fault.Build, "nix reported that it built the home of %s, but left no link: %w", u.Name, err)
		}
		if !exists(homes[u.Name] + "/activate") {
			return fault.New(fault.Build, "%s is not a home-manager generation: it has no activate program", homes[u.Name])
		}
		if err := s.copyHome(ctx, homes[u.Name], "new-home-"+u.Name); err != nil {
			return err
		}
	}
	s.state.System, s.state.Homes = system, homes
	if s.state.Tree, err = s.treeHash(s.goal); err != nil {
		return err
	}
	if s.state.Lock, err = fileHash(filepath.Join(s.goal.FlakeDir, "flake.lock")); err != nil {
		return err
	}
	if s.state.Fingerprint, err = s.fingerprint(s.goal); err != nil {
		return err
	}
	if s.state.Fingerprint != before {
		// What was built is a mixture, or Nix completed the lock file: do not take it for this tree.
		s.state.Fingerprint = ""
		s.say("files of the flake changed while it was built")
	}
	return nil
}

// buildHere builds the system of this machine.
func (s *session) buildHere(ctx context.Context, work string) (string, error) {
	system, err := s.rebuilt(ctx, work)
	if err != nil {
		return "", err
	}
	return system, checkSystem(system)
}

// rebuilt has nixos-rebuild build, and returns what its link leads to.
func (s *session) rebuilt(ctx context.Context, work string) (string, error) {
	result := filepath.Join(work, "result")
	if err := os.Remove(result); err != nil && !notExist(err) {
		return "", fmt.Errorf("remove the last build's link: %w", err)
	}
	if err := s.nix(ctx, s.buildSystem(s.goal, work)); err != nil {
		return "", err
	}
	built, err := resolve(result)
	if err != nil {
		return "", fault.New(fault.Build, "nixos-rebuild reported that it built the system, but left no result link: %w", err)
	}
	return built, nil
}

// buildThere has another machine's system built and brought there. What is handed over runs when this ends.
func (s *session) buildThere(ctx context.Context, work string) error {
	r := s.cfg.Remote
	if s.handsOver() {
		return s.handOver(ctx)
	}
	var err error
	if r.Call != nil {
		err = r.Call(ctx)
	} else {
		c := r.Build()
		c.Dir = work
		err = s.nix(ctx, c)
	}
	if err != nil && (r.Call == nil || ctx.Err() != nil) {
		return err
	}
	if _, missing := s.addRoot(ctx, r.System, s.state.ID, "new"); missing != nil {
		return cmp.Or(err, error(fault.New(fault.Build, "the system was built, but it is not on the machine: %w", missing)))
	}
	return nil
}

// handOver has another program do it all. Its error may be about another machine: what runs here decides.
func (s *session) handOver(ctx context.Context) error {
	r := s.cfg.Remote
	s.state.System, s.data.Touched = r.System, true
	if err := s.save(); err != nil {
		return err
	}
	failed := r.Call(ctx)
	quiet := context.WithoutCancel(ctx)
	// Whether the machine lets somebody in still is asked over a connection of its own.
	if _, err := s.cfg.Runner.Run(quiet, run.Command{Name: "true", Timeout: quick, Fresh: true}); err != nil {
		return errors.Join(failed, fmt.Errorf("after the activation: %w", err))
	}
	now, err := s.machine(quiet, nil)
	if err != nil || now.Current == r.System {
		return err
	}
	return cmp.Or(failed, error(fault.New(fault.Activation, "%s ended without an error, but the machine runs %s",
		r.HandOver, now.Current)))
}

// copyHome brings a closure that was built here to another machine, and holds it there.
func (s *session) copyHome(ctx context.Context, path, name string) error {
	if s.cfg.Remote == nil {
		return nil
	}
	if err := s.nix(ctx, s.cfg.Remote.Copy(path)); err != nil {
		return err
	}
	_, err := s.addRoot(ctx, path, s.state.ID, name)
	return err
}

// checkSystem refuses what is not a whole NixOS system, before anything runs it.
func checkSystem(system string) error {
	for _, f := range []string{"bin/switch-to-configuration", "nixos-version", "init"} {
		if !exists(filepath.Join(system, f)) {
			return fault.New(fault.Build, "%s is not a NixOS system: it has no %s", system, f).
				Hint("is the host's system.build.toplevel overridden somewhere?")
		}
	}
	return nil
}

func isSystem(path string) bool { return path != "" && checkSystem(path) == nil }

// NixError is a command of Nix that failed, with everything it said: what of
// the profile it goes back to, the caller finds out.
type NixError struct {
	Err  error
	Said nixlog.Output
}

// Error is what Nix said, or the command where it said nothing.
func (e *NixError) Error() string { return cmp.Or(e.Said.Cause.Line(), e.Err.Error()) }
func (e *NixError) Unwrap() error { return e.Err }

// nix runs a command of Nix, repeats it where the network failed, and says
// what went wrong otherwise.
func (s *session) nix(ctx context.Context, c run.Command) error {
	_, err := s.nixOutput(ctx, c)
	return err
}

// nixOutput is nix for a command whose standard output is asked for.
func (s *session) nixOutput(ctx context.Context, c run.Command) (string, error) {
	var out string
	var said nixlog.Output
	err := s.retry(ctx, func(int) *retry.Failure {
		res, err := s.command(ctx, c)
		if err == nil {
			out = res.Stdout
			return nil
		}
		said = nixlog.Read(res.Stderr)
		return &retry.Failure{Err: err, Cause: said.Cause}
	})
	if err == nil || ctx.Err() != nil {
		return out, err
	}
	s.step.Child = run.CodeOf(err)
	if _, spent := errors.AsType[*retry.SpentError](err); spent {
		e := fault.New(fault.Network, "%w", err)
		e.Child = run.CodeOf(err)
		return "", e.Hint("%s", said.Cause.Words().Hint).
			Hint("to continue from here: %s", s.goal.onward())
	}
	re, ran := errors.AsType[*run.Error](err)
	if !ran {
		return "", err
	}
	e := fault.New(fault.Build, "%w", &NixError{Err: err, Said: said})
	e.Child = re.Code
	if log := said.Cause.Detail; said.Cause.Kind == nixlog.Builder && len(log) > 0 {
		e.Note("the end of its log:\n    %s", strings.Join(log[max(0, len(log)-5):], "\n    "))
	}
	return "", e
}

// retry repeats what the network broke, and tells of each wait.
func (s *session) retry(ctx context.Context, attempt func(n int) *retry.Failure) error {
	p := s.cfg.Retry
	p.Notify = func(n retry.Notice) {
		s.cfg.Log.Warn(n.String())
		s.note(journal.Event{Type: "retry", Attempt: n.Attempt, Message: n.String(), Seconds: n.Wait.Seconds()})
	}
	return p.Do(ctx, attempt)
}
