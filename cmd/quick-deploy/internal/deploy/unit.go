package deploy

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixlog"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
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

// unitState is what a look at the unit's folder shows.
type unitState struct {
	phase phase
	busy  bool // somebody holds alive
}

func anyPhase(unitState) bool { return true }

// pollScript prints the phase, whether the lock is held, and what the log has from byte $2 on. It runs several
// times a second, beside all that a switch does: hence no program but the two that it takes.
const pollScript = `phase=
read -r phase 2> /dev/null < "$1/phase"
if [ ! -e "$1/alive" ] || { flock -n 9; } 9< "$1/alive"; then echo "$phase idle"; else echo "$phase busy"; fi
[ ! -s "$1/log" ] || tail -c "+$2" "$1/log" 2> /dev/null || true`

// poll looks at the unit and hands on what it has written since.
func (s *session) poll(ctx context.Context) (unitState, error) {
	if s.data.Unit == "" {
		return unitState{}, nil
	}
	res, err := s.cfg.Runner.Run(ctx, run.Command{
		Name: "/bin/sh", Args: []string{"-c", pollScript, "sh", s.data.Unit, strconv.Itoa(s.offset + 1)},
		Timeout: s.replyTimeout(), Quiet: true,
	})
	if err != nil {
		return unitState{}, fmt.Errorf("look at the switch: %w", err)
	}
	first, text, _ := strings.Cut(res.Stdout, "\n")
	where, busy, _ := strings.Cut(first, " ")
	s.offset += len(text)
	s.relay(text)
	return unitState{phase(where), busy == "busy"}, nil
}

// relay hands on whole lines of the unit's log.
func (s *session) relay(text string) {
	s.log += text
	lines := strings.Split(s.partial+text, "\n")
	whole := lines[:len(lines)-1]
	s.partial = lines[len(whole)]
	if s.cfg.Output == nil || s.step == nil {
		return
	}
	for _, line := range whole {
		s.cfg.Output(s.step.Name, run.Stdout, line)
	}
}

// errUnitGone is a unit that ended without saying how: killed together with its way back.
var errUnitGone = errors.New("the switch was killed from outside, and so was its rollback")

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

// replyTimeout is how long a machine may take for a word: a connection that broke says nothing.
func (s *session) replyTimeout() time.Duration { return max(5*time.Second, s.cfg.ConfirmTimeout/2) }

// lease writes our word. It takes a connection of its own to another machine, so that a network or
// an ssh server that the new system broke is silence.
func (s *session) lease(ctx context.Context, word string) error {
	_, err := s.cfg.Runner.Run(ctx, run.Command{
		Name: "/bin/sh", Args: []string{"-c", `printf '%s\n' "$2" > "$1/lease"`, "sh", s.data.Unit, word},
		Timeout: s.replyTimeout(), Quiet: true, Fresh: true,
	})
	if err != nil {
		return fmt.Errorf("tell the switch to continue: %w", err)
	}
	return nil
}

// startCounting tells the unit that we are here until stopCounting. Without it the unit goes back.
func (s *session) startCounting() {
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

// keepSystem has the unit make the system the boot default, if this run does that, and waits for its end.
func (s *session) keepSystem(ctx context.Context) error {
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
		return s.unitFault(ctx)
	}
	return nil
}

// unitFiles prints files of the unit's folder, each behind a line with its name.
const unitFiles = `cd "$1" || exit
for f in reason failed stuck failed-after was; do echo "# $f"; cat "$f" 2>/dev/null; done; true`

// unitReport are the files of the unit that say what went wrong.
func (s *session) unitReport(ctx context.Context) (map[string][]string, error) {
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
// failed, and the second and the last word of the reason.
var reasons = map[string][2]string{
	"asked":   {"the switch was canceled"},
	"busy":    {"another switch-to-configuration is still running"},
	"cut":     {"the switch was interrupted"},
	"home":    {"the home of {second} could not be activated"},
	"invalid": {"{last} is not a complete system or home in the store"},
	"keep": {
		"the new system could not be made the boot default",
		"is the boot partition full? see the preflight check boot-space",
	},
	"script":  {"the activation script of the new system failed"},
	"silence": {"the machine heard nothing from here for {limit}", "to have it wait longer: --confirm-timeout"},
	"test":    {"the new system could not be activated: exit code {last}"},
	"units":   {"{units} failed to start"},
	"checks": { // a test that says so
		"a check of the new system refused the switch",
		"NixOS's own pre-switch checks refused it; the safe way is quick-deploy boot, then a reboot",
	},
}

// unitsIn are the units that switch-to-configuration says have failed.
func unitsIn(log string) []string {
	var units []string
	for line := range strings.Lines(log) {
		if _, list, ok := strings.Cut(line, "the following units failed: "); ok {
			units = strings.Split(strings.TrimSpace(list), ", ")
		}
	}
	return units
}

// unitFault is the error of a unit that did not reach what it was to reach.
func (s *session) unitFault(ctx context.Context) error {
	told, err := s.unitReport(ctx)
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
	failed := told["failed"]
	if reason == "test" && len(failed) == 0 { // where systemd did not say
		failed = slices.DeleteFunc(unitsIn(s.log), func(u string) bool { return slices.Contains(s.data.Failed, u) })
	}
	if reason == "test" && len(failed) > 0 {
		reason = "units"
	}
	said, ok := reasons[reason]
	if !ok {
		said = reasons["cut"]
	}
	fill := strings.NewReplacer(
		"{units}", strings.Join(failed, ", "), "{second}", second, "{last}", last, "{limit}", s.cfg.ConfirmTimeout.String(),
	)
	e := fault.New(fault.Activation, "%s", fill.Replace(said[0]))
	switch {
	case reason == "another":
		return fault.New(fault.Locked, "another run is working on this machine as root")
	case code == timedOut:
		e = fault.New(fault.Timeout, "the activation did not end within %s and was stopped", s.cfg.ActivateTimeout).
			Hint("to give it more time: --activation-timeout")
	case reason == "units":
		e.Note("why: journalctl -b -u %s", strings.Join(failed, " -u "))
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
