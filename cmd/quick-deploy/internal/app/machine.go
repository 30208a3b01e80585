package app

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/user"
	"runtime"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/preflight"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
)

// systemPaths are those of a NixOS machine below --root, unless the environment names
// a scratch profile, as tests do.
func systemPaths(a *App) system.Paths {
	p := system.PathsUnder(a.Root)
	if profile := os.Getenv("QUICK_DEPLOY_SYSTEM_PROFILE"); profile != "" {
		p.System = profile
	}
	return p
}

// nixArch are Nix' names for what Go calls a processor; of others nothing is compared.
var nixArch = map[string]string{"amd64": "x86_64", "arm64": "aarch64"}

// preflightMachine is this machine, or the one below --root, as the preflight checks look at it.
func preflightMachine(a *App, r run.Runner, name string) *preflight.Machine {
	arch := ""
	if a.Root == "/" {
		arch = nixArch[runtime.GOARCH]
	}
	return &preflight.Machine{
		Runner: r, Arch: arch, Root: a.Root, UID: os.Getuid(), User: name, AllowRoot: a.AllowRoot, Environ: os.Getenv,
		Client: &http.Client{}, Timeout: a.Limits.Network, FreeBytes: preflight.FreeBytes, FlakeDir: a.Flake,
	}
}

// HealthChecker looks at this machine for the user called name.
func HealthChecker(a *App, r run.Runner, name string, timeout time.Duration) *health.Checker {
	return &health.Checker{
		Runner: r, Root: a.Root, Display: display(), Now: time.Now, Sleep: a.Sleep, Timeout: timeout,
		Dial: (&net.Dialer{Timeout: 5 * time.Second}).DialContext, Client: &http.Client{Timeout: 10 * time.Second},
		Paths: systemPaths(a),
		StateHome: func(user string) string {
			if user == name {
				return StateHome()
			}
			return system.Of(os.DirFS(a.Root)).StateHome(user)
		},
	}
}

// display is the X display of this machine: one that ssh forwards is another's.
func display() string {
	if os.Getenv("SSH_CONNECTION") != "" {
		return ""
	}
	return os.Getenv("DISPLAY")
}

// Username is who runs the program: $USER, by which home-manager goes too, else the account's name.
func Username() (string, error) {
	if name := os.Getenv("USER"); name != "" {
		return name, nil
	}
	me, err := user.Current()
	if err != nil {
		return "", fmt.Errorf("find out who runs this: %w", err)
	}
	return me.Username, nil
}
