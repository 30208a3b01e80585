package fleet

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/generator"
)

// Install is a new machine.
type Install struct {
	Host    string
	Target  Target
	Devices []string // the disks that are erased, by id
	// Key is a file here with the passphrase of encrypted disks, empty if they are not.
	Key string
	// Extra is a folder here whose files go below / of the machine, such as secrets; empty for none.
	Extra string
}

// CheckDisks looks at the disks of the machine as it runs now: each must be
// there and hold nothing that is mounted or used as swap. It returns what the kernel says about them.
func (f *Fleet) CheckDisks(ctx context.Context, in Install) ([]string, error) {
	remote := Remote{Runner: f.Runner, Target: in.Target, SSH: f.SSH}
	var seen []string
	for _, device := range in.Devices {
		res, err := remote.Run(ctx, run.Command{
			Name: "lsblk", Args: []string{"--noheadings", "--raw", "--output", "KNAME,SIZE,MOUNTPOINT", "--", device}, Elevate: true, Timeout: time.Minute,
		})
		if err != nil {
			return nil, fault.New(fault.Preflight, "%s on %s: %w", device, in.Target, err).
				Hint("ls -l /dev/disk/by-id on the machine shows its disks")
		}
		for line := range strings.Lines(res.Stdout) {
			fields := strings.Fields(line)
			if len(fields) > 2 {
				return nil, fault.New(fault.Preflight, "%s on %s is in use: %s is mounted at %s", device, in.Target, fields[0], fields[2]).
					Hint("boot the machine from an installer, or choose another disk")
			}
			if len(fields) == 2 && !strings.HasPrefix(fields[0], "loop") && len(seen) < 64 {
				seen = append(seen, fmt.Sprintf("%s: %s, %s", device, fields[0], fields[1]))
			}
		}
	}
	return seen, nil
}

// Install runs nixos-anywhere, which erases the disks.
func (f *Fleet) Install(ctx context.Context, in Install) error {
	_, err := f.Runner.Run(ctx, f.anywhere(in))
	if err != nil {
		return fault.New(fault.Activation, "install %s: %w", in.Host, err).
			Hint("nixos-anywhere's --phases goes on where it stopped: see its documentation before running it by hand")
	}
	return nil
}

// anywhere is the call of nixos-anywhere (src/nixos-anywhere.sh).
func (f *Fleet) anywhere(in Install) run.Command {
	args := []string{"--flake", f.ref(in.Host), "--target-host", in.Target.login()}
	if in.Target.Port != 0 && in.Target.Port != defaultPort {
		args = append(args, "--ssh-port", fmt.Sprint(in.Target.Port))
	}
	if in.Key != "" {
		args = append(args, "--disk-encryption-keys", generator.DiskKey, in.Key)
	}
	if in.Extra != "" {
		args = append(args, "--extra-files", in.Extra)
	}
	return run.Command{Name: "nixos-anywhere", Args: args, Timeout: f.BuildTimeout, OnLine: func(_ run.Stream, line string) {
		f.tell(journal.Event{Type: "line", Host: in.Host, Message: line})
	}}
}
