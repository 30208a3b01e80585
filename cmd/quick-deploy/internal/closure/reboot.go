package closure

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/storepath"
)

// rebootScript prints what a reboot would replace, a line each: the file, and where it leads in the systems $1 and $2.
// Built anew to the same bytes, a kernel is no reason to reboot.
const rebootScript = `for file in kernel initrd kernel-modules; do
	old=$(readlink -e "$1/$file") && now=$(readlink -e "$2/$file") || continue
	[ "$old" = "$now" ] || { [ -f "$old" ] && cmp -s "$old" "$now"; } || echo "$file $old $now"
done
old=$(cat "$1/kernel-params" 2>/dev/null) && now=$(cat "$2/kernel-params" 2>/dev/null) || exit 0
[ "$old" = "$now" ] || echo kernel-params`

// reasons are what is said of the files that rebootScript names.
var reasons = map[string]string{
	"kernel":         "the kernel changes",
	"initrd":         "the initial ramdisk changes",
	"kernel-modules": "the kernel's modules change",
	"kernel-params":  "the kernel's parameters change",
}

// Reboot says what of the booted system is not what another one would boot, as
// reasons to reboot; none if there is nothing to reboot for. Systems are paths
// of the machine behind r. What is missing on either side is no reason.
func Reboot(ctx context.Context, r run.Runner, booted, system string) ([]string, error) {
	res, err := r.Run(ctx, run.Command{
		Name: "/bin/sh", Args: []string{"-c", rebootScript, "sh", booted, system}, Timeout: time.Minute, Network: true,
	})
	if err != nil {
		return nil, fmt.Errorf("compare with the booted system: %w", err)
	}
	why := []string{}
	for line := range strings.Lines(res.Stdout) {
		f := append(strings.Fields(line), "", "")
		reason := reasons[f[0]]
		from, to := storepath.Name(f[1]), storepath.Name(f[2])
		if f[0] == "kernel" && from != to && from != "" && to != "" {
			reason += fmt.Sprintf(" from %s to %s", from, to)
		}
		if reason != "" {
			why = append(why, reason)
		}
	}
	return why, nil
}
