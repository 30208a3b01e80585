package deploy

import "context"

// step is one step of a run.
type step interface {
	name() string
	// plan says what the step would do; a nil Planned means it has no part in this goal.
	plan(d *Deployer, g Goal) *Planned
	// input identifies what the step's result depends on, once the steps
	// before it have ended. "" means: always run it.
	input(s *session) string
	// holds says whether what a finished run of the step left is still there.
	holds(s *session) bool
	run(ctx context.Context, s *session) error
}

// pipeline is every step of every run, in order.
//
// Nothing is switched before everything is built, shown and confirmed. The
// running system moves first, then the homes; both are checked; the boot default moves
// last, so that a machine that did not come up boots what it ran before.
func pipeline() []step {
	return []step{
		checkMachine{},  // preflight: all findings at once
		backupFiles{},   // the flake as it is, before anything is written into it
		rollbackPoint{}, // the generations to come back to, held against garbage collection
		generate{},      // the tree
		build{},         // system and homes, as the user
		compare{},       // what changes, and the question
		activateSystem{},
		activateHomes{},
		checkHealth{},
		bootDefault{},
		restoreFiles{}, // the files of a rollback's point, once the machine is there
		verify{},       // the machine is what was meant
		record{},       // history, rollback record, retention
	}
}
