package engine

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/ssh"
	"github.com/quick-deploy/quick-deploy/generator"
)

// Install is a new machine.
type Install struct {
	Host    string
	Target  ssh.Target
	Devices []string // the disks that are erased, by id
	// Key is a file here with the passphrase of encrypted disks, empty if they are not.
	Key string
	// Extra is a folder here whose files go below / of the machine, such as secrets; empty for none.
	Extra string
}

// CheckDisks looks at the disks of the machine as it runs now: each must be
// there and hold nothing that is mounted or used as swap. It returns what the kernel says about them.
func CheckDisks(ctx context.Context, remote ssh.Remote, devices []string) ([]string, error) {
	var seen []string
	for _, device := range devices {
		res, err := remote.Run(ctx, run.Command{
			Name: "lsblk", Args: []string{"--noheadings", "--raw", "--output", "KNAME,SIZE,MOUNTPOINT", "--", device},
			Elevate: true, Timeout: time.Minute,
		})
		if err != nil {
			return nil, fault.New(fault.Preflight, "%s on %s: %w", device, remote.Target, err).
				Hint("ls -l /dev/disk/by-id on the machine shows its disks")
		}
		for line := range strings.Lines(res.Stdout) {
			fields := strings.Fields(line)
			if len(fields) > 2 {
				return nil, fault.New(fault.Preflight, "%s on %s is in use: %s is mounted at %s",
					device, remote.Target, fields[0], fields[2]).
					Hint("boot the machine from an installer, or choose another disk")
			}
			if len(fields) == 2 && !strings.HasPrefix(fields[0], "loop") && len(seen) < 64 {
				seen = append(seen, fmt.Sprintf("%s: %s, %s", device, fields[0], fields[1]))
			}
		}
	}
	return seen, nil
}

// Anywhere is the call of nixos-anywhere (src/nixos-anywhere.sh), which erases the disks.
func (f Flake) Anywhere(in Install) run.Command {
	args := []string{"--flake", f.output(in.Host), "--target-host", in.Target.Login()}
	if in.Target.Port != 0 && in.Target.Port != ssh.DefaultPort {
		args = append(args, "--ssh-port", fmt.Sprint(in.Target.Port))
	}
	if in.Key != "" {
		args = append(args, "--disk-encryption-keys", generator.DiskKey, in.Key)
	}
	if in.Extra != "" {
		args = append(args, "--extra-files", in.Extra)
	}
	return run.Command{Name: "nixos-anywhere", Args: args, Timeout: f.Timeout}
}
