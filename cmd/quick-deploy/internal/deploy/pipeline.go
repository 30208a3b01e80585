package deploy

import "context"

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
	return []step{
		// All findings at once. Free space and the network are of today.
		{"preflight", s.planPreflight, s.preflight, nil, nil},
		// The flake as it is, before anything is written into it.
		{"backup", s.planBackup, s.backupFlake, s.backupInput, s.backupHolds},
		// The generations to come back to, held against garbage collection.
		{"rollback-point", s.planPoint, s.takePoint, s.pointInput, s.pointHolds},
		// It is idempotent and fast, and a file that was changed in between is found.
		{"generate", s.planGenerate, s.generate, nil, nil},
		{stepBuild, s.planBuild, s.build, s.buildInput, s.buildHolds},
		{stepCompare, s.planCompare, s.compare, nil, nil},
		{"activate-system", s.planActivateSystem, s.activateSystem, s.systemInput, s.systemHolds},
		{"activate-home", s.planActivateHomes, s.activateHomes, s.homesInput, s.homesHold},
		{"health", s.planHealth, s.checkHealth, nil, nil},
		{stepBootDefault, s.planBootDefault, s.bootDefault, s.bootInput, s.bootHolds},
		// The files of a rollback's point, once the machine is there.
		{"restore-files", s.planRestore, s.restoreFiles, nil, nil},
		{"verify", s.planVerify, s.verify, nil, nil},
		{stepRecord, s.planRecord, s.finish, nil, nil},
	}
}
