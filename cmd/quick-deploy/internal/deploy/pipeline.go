package deploy

import "context"

// step is one step of a run.
type step struct {
	name string
	// plan says what the step would do; nil: it has no part in this goal.
	plan func(*session) *Planned
	run  func(*session, context.Context) error
	// A step that is done is not done again while input, a hash of what its result depends on, is the
	// same and holds finds the result still there. Without them it runs every time.
	input func(*session) string
	holds func(*session) bool
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
func pipeline() []step {
	return []step{
		// all findings at once; free space and the network are of today
		{"preflight", (*session).planPreflight, (*session).preflight, nil, nil},
		// The flake as it is, before anything is written into it.
		{"backup", (*session).planBackup, (*session).backupFlake, (*session).backupInput, (*session).backupHolds},
		// The generations to come back to, held against garbage collection.
		{"rollback-point", (*session).planPoint, (*session).takePoint, (*session).pointInput, (*session).pointHolds},
		// idempotent and fast; a file that was changed in between is found
		{"generate", (*session).planGenerate, (*session).generate, nil, nil},
		{stepBuild, (*session).planBuild, (*session).build, (*session).buildInput, (*session).buildHolds},
		{stepCompare, (*session).planCompare, (*session).compare, nil, nil},
		{"activate-system", (*session).planActivateSystem, (*session).activateSystem, (*session).systemInput,
			(*session).systemHolds},
		{"activate-home", (*session).planActivateHomes, (*session).activateHomes, (*session).homesInput,
			(*session).homesHold},
		{"health", (*session).planHealth, (*session).checkHealth, nil, nil},
		{stepBootDefault, (*session).planBootDefault, (*session).bootDefault, (*session).bootInput, (*session).bootHolds},
		// of a rollback's point, once the machine is there
		{"restore-files", (*session).planRestore, (*session).restoreFiles, nil, nil},
		{"verify", (*session).planVerify, (*session).verify, nil, nil},
		{stepRecord, (*session).planRecord, (*session).finish, nil, nil},
	}
}
