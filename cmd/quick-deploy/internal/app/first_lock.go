package app

import (
	"context"
	"errors"
	"path/filepath"
	"slices"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/engine"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/inputs"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/retry"
)

// LockNewest is the value of --lock for the newest revision of the release.
const LockNewest = "newest"

// hasty are options of Nix (nix.conf) with which a missing network shows in
// seconds, and a dead connection in less than a minute.
var hasty = []string{
	"--option", "connect-timeout", "5", "--option", "stalled-download-timeout", "15", "--option", "download-attempts", "1",
}

// firstLock locks the newest revisions for a flake that is yet to be written,
// if that is wanted, and tells of the age of what is locked in the end. Only
// where the newest was asked for by its name is it an error that it cannot be had.
func firstLock(ctx context.Context, a *App, l *Loaded, which string) error {
	if exists(filepath.Join(a.Flake, inputs.FlakeFile)) || exists(filepath.Join(a.Flake, inputs.LockFile)) {
		if which == LockNewest {
			return fault.New(fault.Usage, "%s has a flake already", a.Flake).Hint("quick-deploy update updates it")
		}
		return nil
	}
	f, err := readLockable(ctx, a, l)
	if err != nil {
		return err
	}
	locked, err := inputs.Read(f.Lock, f.Builtin, f.Pinned, a.Now())
	if err != nil {
		return err
	}
	nixpkgs := locked[slices.IndexFunc(locked, func(in inputs.Input) bool { return inputs.IsNixpkgs(in.Input) })]
	// One attempt: the program must not seem to hang where there is no network.
	nix := engine.Nix{Runner: retry.Runner{Runner: a.Runner(), Policy: retry.Policy{Attempts: 1}}, Args: hasty}
	if _, err := nix.Runner.LookPath("nix"); err != nil && which != LockNewest {
		which = inputs.ByProgram
	}
	if which == inputs.ByProgram {
		sayAge(a, locked...)
		return nil
	}
	if a.DryRun {
		a.Say("would lock the newest nixpkgs of %s; the built-in one is %s", nixpkgs.Ref, nixpkgs.Age())
		return nil
	}
	a.Say("locking the newest nixpkgs of %s ...", nixpkgs.Ref)
	err = updateLock(ctx, a, f, nix, nil)
	if err == nil || which == LockNewest || ctx.Err() != nil {
		return err
	}
	a.Say("note: it could not be locked: %s", firstCause(err))
	sayAge(a, locked...)
	return nil
}

// firstCause is the line of Nix that says why it failed.
func firstCause(err error) string {
	var spent *retry.SpentError
	if errors.As(err, &spent) {
		return spent.Reason
	}
	if hints := fault.HintsOf(err); fault.CodeOf(err) == fault.Build && len(hints) > 0 {
		return firstLine(hints[0])
	}
	return err.Error()
}
