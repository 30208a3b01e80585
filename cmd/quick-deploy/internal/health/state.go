package health

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// state is what systemd says about a unit, in the names of org.freedesktop.systemd1(5).
type state map[string]string

// properties are the ones that a verdict needs.
const properties = "LoadState,ActiveState,SubState,Result,Type,ConditionResult,ConditionTimestampMonotonic," +
	"ExecMainStatus,NRestarts,TriggeredBy,Triggers,Unit,FragmentPath,InactiveExitTimestamp," +
	"InactiveExitTimestampMonotonic,ActiveEnterTimestamp,ActiveEnterTimestampMonotonic,TimeoutStartUSec," +
	"LastTriggerUSec,NextElapseUSecRealtime,NextElapseUSecMonotonic,TimersCalendar"

// up says that a unit does what it is there for.
func (s state) up() bool {
	return slices.Contains([]string{"active", "reloading", "refreshing"}, s["ActiveState"])
}

func (s state) restarting() bool { return strings.HasPrefix(s["SubState"], "auto-restart") }

// String returns the state as a person is told it.
func (s state) String() string {
	text := s["ActiveState"] + " (" + s["SubState"] + ")"
	if s["ActiveState"] == "failed" || s["ActiveState"] == "inactive" || s.restarting() {
		text += ", result " + s["Result"]
		if status := s["ExecMainStatus"]; status != "" {
			text += ", exit status " + status
		}
	}
	return text
}

func (s state) number(property string) int {
	n, _ := strconv.Atoi(s[property]) // what is no number counts for nothing
	return n
}

// unmet says that a condition kept the unit from starting. Of a unit that was
// never asked to start systemd says ConditionResult=no as well.
func (s state) unmet() bool {
	at, asked := s["ConditionTimestampMonotonic"]
	return s["ConditionResult"] == "no" && (!asked || at != "0")
}

// time reads a property that systemctl prints as a time in UTC.
func (s state) time(property string) time.Time {
	text := s[property]
	if unix, ok := strings.CutPrefix(text, "@"); ok {
		if n, err := strconv.ParseInt(unix, 10, 64); err == nil {
			return time.Unix(n, 0)
		}
	}
	t, err := time.Parse("Mon 2006-01-02 15:04:05 MST", text)
	if err != nil {
		return time.Time{}
	}
	return t
}

// since returns how long ago a …Timestamp was, by the machine's clock. systemd's
// monotonic time stands still while the machine sleeps, and the time of the day
// may have been set since: the smaller of the two distances is right.
func (s state) since(property string, now system.Clock) (time.Duration, bool) {
	var ages []time.Duration
	if at := s.time(property); !at.IsZero() && !now.Wall.IsZero() {
		ages = append(ages, now.Wall.Sub(at))
	}
	if us, err := strconv.ParseInt(s[property+"Monotonic"], 10, 64); err == nil && us > 0 && now.Uptime > 0 {
		ages = append(ages, now.Uptime-time.Duration(us)*time.Microsecond)
	}
	if len(ages) == 0 {
		return 0, false
	}
	return max(0, slices.Min(ages)), true
}

var span = lazyregexp.New(`([0-9.]+) ?(us|ms|s|min|h|d|w|month|y)(?: |$)`)

var spanUnits = map[string]time.Duration{
	"us": time.Microsecond, "ms": time.Millisecond, "s": time.Second, "min": time.Minute, "h": time.Hour,
	"d": 24 * time.Hour, "w": 7 * 24 * time.Hour, "month": 2629800 * time.Second, "y": 31557600 * time.Second,
}

// span reads a property that is a time span, such as "1min 30s" (systemd.time(7)).
// Not ok: it is infinite, or not there.
func (s state) span(property string) (time.Duration, bool) {
	var total time.Duration
	found := span.FindAllStringSubmatch(s[property], -1)
	for _, m := range found {
		n, err := strconv.ParseFloat(m[1], 64)
		if err != nil {
			return 0, false
		}
		total += time.Duration(n * float64(spanUnits[m[2]]))
	}
	return total, len(found) > 0
}

// startLimit returns how long a unit may be starting by its own settings: systemd
// ends what takes longer. Not ok: for ever. A unit that does not say gets
// systemd's own default (systemd-system.conf(5): DefaultTimeoutStartSec=90s).
func (s state) startLimit() (time.Duration, bool) {
	if s["TimeoutStartUSec"] != "" {
		return s.span("TimeoutStartUSec")
	}
	return 90 * time.Second, s["Type"] != "oneshot"
}

// elapse is when a timer elapses next, zero if that is not known. What counts
// from the boot does so without the time that the machine slept, which is not
// known either: a time in the past is wrong then.
func (s state) elapse(now system.Clock) time.Time {
	next := s.time("NextElapseUSecRealtime")
	if up, ok := s.span("NextElapseUSecMonotonic"); ok && up > now.Uptime && now.Uptime > 0 {
		if at := now.Wall.Add(up - now.Uptime); next.IsZero() || at.Before(next) {
			next = at
		}
	}
	return next
}

var calendar = lazyregexp.New(`OnCalendar=(?:([A-Za-z.,-]+) )?(\S+)-(\S+)-(\S+) `)

// longestGap returns an upper bound of the time between two elapses of a timer's
// calendar, as TimersCalendar has it in its normal form: "*-*-* 00:00:00". Not
// ok: it has none, or one that ends.
func (s state) longestGap() (time.Duration, bool) {
	const day = 24 * time.Hour
	var shortest time.Duration
	for _, m := range calendar.FindAllStringSubmatch(s["TimersCalendar"], -1) {
		weekday, year, month, date := m[1], m[2], m[3], m[4]
		var gap time.Duration
		switch {
		case year != "*":
			continue
		case month != "*", weekday != "" && date != "*":
			gap = 366 * day
		case date != "*":
			gap = 62 * day // a date that the next month may not have
		case weekday != "":
			gap = 7 * day
		default:
			gap = day
		}
		if shortest == 0 || gap < shortest {
			shortest = gap
		}
	}
	return shortest, shortest > 0
}

// describe returns a distance of time in words.
func describe(d time.Duration) string {
	if d < 48*time.Hour {
		return fmt.Sprint(d.Round(time.Second))
	}
	return fmt.Sprintf("%.0f days", d.Hours()/24)
}
