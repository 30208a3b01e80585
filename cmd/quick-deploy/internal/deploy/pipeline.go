package deploy

import (
	"context"
	"strconv"
)

// step is one step of a run.
type step struct {
	name string
	// plan says what the step would do; nil: it has no part in this run.
	plan func() *Planned
	run  func(context.Context) error
	// A step that is done is not done again while input, a hash of what its result depends on, is the
	// same and holds finds the result still there. Without them it runs every time.
	input func() string
	holds func() bool
}

// Names of steps that others ask about.
const (
	stepBuild       = "build"
	stepCompare     = "compare"
	stepBootDefault = "boot-default"
	stepRecord      = "record"
)

// pipeline is every step of every run, in order.
//
// Nothing is switched before everything is built, shown and confirmed. The
// running system moves first, then the homes; both are checked; the boot default moves
// last, so that a machine that did not come up boots what it ran before.
func (s *session) pipeline() []step {
	g, id := s.goal, strconv.Itoa(s.state.ID)
	switches, forward := g.Verb.touches(), g.To == nil
	recorded := "record the result"
	if switches {
		recorded = "record the deployment in " + s.store.Path("history")
	}
	files := "" // the backup with the files of a rollback's point
	if !forward && !g.SkipFiles {
		files = g.To.Backup
	}
	return []step{
		// All findings at once. Free space and the network are of today. A rollback goes where it is told.
		{"preflight", when(s.cfg.Machine != nil && forward, "check the machine against what the flake needs"),
			s.preflight, nil, nil},
		// The flake as it is, before anything is written into it. Another machine's is one for many.
		{"backup", when(s.cfg.Remote == nil, "copy "+g.FlakeDir+" to "+s.store.Path("backups")),
			s.backupFlake, of("backup", g.FlakeDir, id), s.backupHolds},
		// The generations to come back to.
		{"rollback-point", when(switches,
			"record the current generations of system and homes, and protect them from garbage collection"),
			s.takePoint, of("point", id, g.Host), s.pointHolds},
		// It is idempotent and fast, and a file that was changed in between is found.
		{"generate", when(g.Tree != nil && forward, "write the generated files into "+g.FlakeDir), s.generate, nil, nil},
		{stepBuild, s.planBuild, s.build, s.buildInput, s.buildHolds},
		{stepCompare, s.planCompare, s.compare, nil, nil},
		{"activate-system", s.planActivateSystem, s.activateSystem,
			func() string { return hashOf("activate", s.state.System, string(s.effective())) }, s.systemHolds},
		{"activate-home", s.planActivateHomes, s.activateHomes, s.homesInput, s.homesHold},
		{"health", s.planHealth, s.checkHealth, nil, nil},
		{stepBootDefault, s.planBootDefault, s.bootDefault,
			func() string { return hashOf("boot", s.state.System) }, s.bootHolds},
		// Once the machine is there.
		{"restore-files", when(files != "",
			"restore the generated files and flake.lock from "+s.store.Path("backups", files)),
			s.restoreFiles, nil, nil},
		{"verify", when(switches,
			"check that the running system, the boot default and the homes are the ones that were built"),
			s.verify, nil, nil},
		{stepRecord, when(true, recorded), s.finish, nil, nil},
	}
}

// when is the plan of a step that does the same in every run that it has a part in.
func when(part bool, what string) func() *Planned {
	return func() *Planned {
		if !part {
			return nil
		}
		return &Planned{What: what}
	}
}

// of is an input that is the same all through a run.
func of(parts ...string) func() string { return func() string { return hashOf(parts...) } }
