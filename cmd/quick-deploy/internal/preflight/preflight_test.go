package preflight

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/retry"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/access"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

// fixture makes a fixture of files below a temporary root; "-> x" makes a link to x.
func fixture(t *testing.T, files map[string]string) *Machine {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		p := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		var err error
		if to, ok := strings.CutPrefix(text, "-> "); ok {
			err = os.Symlink(to, p)
		} else {
			err = os.WriteFile(p, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return &Machine{
		Root: root, UID: 1000, User: "ada", FlakeDir: filepath.Join(root, "flake"),
		FreeBytes: func(string) (int64, error) { return 1 << 40, nil },
		Runner:    &programs{},
		Environ:   func(string) string { return "" },
	}
}

// good is a target that no check objects to.
func good() Target {
	return Target{
		Host: generator.Host{
			Name: "atlas", System: "x86_64-linux", Release: "26.05", StateVersion: "26.05",
			Access: access.Host{
				Mutable: true, Accounts: []access.Account{{Name: "root", Declared: true}, {Name: "ada", Declared: true, Groups: []string{"wheel"}, Keys: true}},
				SSH:  access.SSH{On: true, RootLogin: "prohibit-password", HomeKeys: true, Ports: []int{22}, Reachable: access.Yes},
				Ways: map[string]access.Elevation{"sudo": {On: true, Asks: true}},
			},
			Decision: hardware.Decision{Loader: hardware.Loader{Kind: hardware.SystemdBoot, Mount: "/boot"}},
			Secrets:  []generator.Secret{{Name: "db", File: "/var/lib/secrets/db", For: "postgresql"}},
		},
		Facts: hardware.Facts{
			Firmware: hardware.UEFI, Mounts: []hardware.Mount{{Point: "/", Source: "/dev/disk/by-uuid/1", Type: "ext4"}},
		},
		Activates: true, Boots: true, Versions: map[string]string{"postgresql": "16"},
		Paths: []string{"flake.nix", "hosts/atlas/configuration.nix"},
	}
}

var healthy = map[string]string{
	"etc/NIXOS": "", "etc/os-release": "VERSION_ID=\"25.11\"\nBUILD_ID=\"25.11.812345.abcdef\"\n", "etc/machine-id": "abc",
	"proc/sys/kernel/hostname": "atlas\n", "proc/meminfo": "MemTotal: 8000000 kB\nMemAvailable: 4000000 kB\nSwapFree: 0 kB\n",
	"proc/self/mountinfo": "20 1 8:2 / / rw - ext4 /dev/sda2 rw\n21 20 8:1 / /boot rw - vfat /dev/sda1 rw\n", "dev/sda2": "", "dev/disk/by-uuid/1": "-> ../../sda2", "sys/firmware/efi/x": "",
	"run/current-system/kernel": "kernel", "run/current-system/initrd": "initrd", "var/lib/secrets/db": "secret",
	"etc/systemd/system/postgresql.service": "ExecStart=/nix/store/abcdefghijklmnopqrstuvwxyz012345-postgresql-and-plugins-16.4/bin/postgres\n",
}

func with(files map[string]string) map[string]string {
	out := map[string]string{}
	for k, v := range healthy {
		out[k] = v
	}
	for k, v := range files {
		if v == "gone" {
			delete(out, k)
			continue
		}
		out[k] = v
	}
	return out
}

func TestNothingWrong(t *testing.T) {
	m := fixture(t, healthy)
	if err := os.Chmod(m.path("/var/lib/secrets/db"), 0o400); err != nil {
		t.Fatal(err)
	}
	r, err := Run(t.Context(), m, good(), Options{Acting: true})
	if err != nil || len(r.Findings) > 0 {
		t.Errorf("%v, findings %+v", err, r.Findings)
	}
	if len(r.Ran) != len(checks) {
		t.Errorf("ran %d of %d checks", len(r.Ran), len(checks))
	}
}

func TestEachCheckFindsItsFault(t *testing.T) {
	locked := map[string]string{
		"etc/passwd": "root:x:0:0::/root:/bin/sh\nada:x:1000:100::/home/ada:/bin/sh\n", "etc/shadow": "root:!:1::\nada:$6$hash:19000::\n",
	}
	for name, c := range map[string]struct {
		check  string
		files  map[string]string
		change func(*Machine, *Target)
		want   string // part of What
		sev    Severity
	}{
		"not nixos": {"nixos", map[string]string{"etc/NIXOS": "gone"}, nil, "this is not NixOS", Blocker},
		"no nixos-rebuild": {"nixos", nil, func(m *Machine, _ *Target) {
			m.Runner = &programs{without: "nixos-rebuild"}
		}, "nixos-rebuild is not in PATH", Blocker},
		"root":                {"root", nil, func(m *Machine, _ *Target) { m.UID = 0 }, "running as root", Blocker},
		"other host name":     {"machine", map[string]string{"proc/sys/kernel/hostname": "zeus\n"}, nil, "called zeus", Blocker},
		"other machine":       {"machine", nil, func(m *Machine, tg *Target) { m.ID, tg.MachineID = "a", "b" }, "another machine", Blocker},
		"other processor":     {"machine", nil, func(m *Machine, _ *Target) { m.Arch = "aarch64" }, "is for x86_64-linux, this machine is aarch64", Blocker},
		"flake of another":    {"flake", map[string]string{"flake/flake.lock": "{}"}, func(m *Machine, _ *Target) { m.UID = 4321 }, "belongs to user", Blocker},
		"flake in the store":  {"flake", nil, func(m *Machine, _ *Target) { m.FlakeDir = "/nix/store/x" }, "is in the Nix store", Blocker},
		"same path":           {"paths", nil, func(_ *Machine, tg *Target) { tg.Paths = []string{"a/b.nix", "a/../a/b.nix"} }, "are the same file", Blocker},
		"same path by a link": {"paths", map[string]string{"flake/a.nix": "x", "flake/b.nix": "-> a.nix"}, func(_ *Machine, tg *Target) { tg.Paths = []string{"a.nix", "b.nix"} }, "a.nix and b.nix are the same file", Blocker},
		"49.9 GiB":            {"nix-space", nil, func(m *Machine, _ *Target) { m.FreeBytes = free(DefaultSpace - DefaultSpace/500) }, "49.90 GiB free in /nix/store, 50 GiB wanted (deployment.minFree or --min-free)", Blocker},
		"limit of the profile": {"nix-space", nil, func(m *Machine, tg *Target) {
			m.FreeBytes, tg.Deployment.MinFree = free(7<<30), "8GiB"
		}, "7 GiB free in /nix/store, 8 GiB wanted", Blocker},
		"flag above the profile": {"nix-space", nil, func(m *Machine, tg *Target) {
			m.FreeBytes, tg.NeedsBytes, tg.Deployment.MinFree = free(9<<30), 10<<30, "8GiB"
		}, "9 GiB free in /nix/store, 10 GiB wanted", Blocker},
		"own limit":     {"nix-space", nil, func(m *Machine, tg *Target) { m.FreeBytes, tg.NeedsBytes = free(9<<30), 10<<30 }, "9 GiB free", Blocker},
		"boot estimate": {"boot-space", nil, func(m *Machine, _ *Target) { m.FreeBytes = free(1 << 20) }, "may need 8 MiB", Warning},
		"boot known": {"boot-space", map[string]string{"new/kernel": "k", "new/initrd": "i"}, func(m *Machine, _ *Target) {
			m.FreeBytes, m.NewSystem = free(1<<20), m.path("/new")
		}, "need 8 MiB", Blocker},
		"memory":           {"memory", map[string]string{"proc/meminfo": "MemAvailable: 500000 kB\nSwapFree: 100000 kB\n"}, nil, "585 MiB of memory", Blocker},
		"older release":    {"release", nil, func(_ *Machine, tg *Target) { tg.Release = "25.05" }, "NixOS 25.11, the profile asks for 25.05", Blocker},
		"from unstable":    {"release", map[string]string{"etc/os-release": "VERSION_ID=\"26.11\"\nBUILD_ID=\"26.11pre812345.abc\"\n"}, nil, "pre-release of NixOS 26.11", Blocker},
		"stateVersion":     {"state-version", nil, func(_ *Machine, tg *Target) { tg.Deployed = "24.05" }, "stateVersion is 26.05, the machine was deployed with 24.05", Blocker},
		"older postgresql": {"services", map[string]string{"etc/systemd/system/postgresql.service": "/nix/store/abcdefghijklmnopqrstuvwxyz012345-postgresql-17.2/bin/postgres"}, nil, "from 17.2 to 16", Blocker},
		"no loader":        {"boot", nil, func(_ *Machine, tg *Target) { tg.Decision.Blockers = []string{"no boot loader"} }, "would not boot with this configuration: no boot loader", Blocker},
		"no ESP":           {"boot", nil, func(_ *Machine, tg *Target) { tg.Decision.Loader.Mount = "/efi" }, "installed to /efi, and nothing is mounted there", Blocker},
		"other root disk":  {"boot", map[string]string{"proc/self/mountinfo": "20 1 8:2 / / rw - ext4 /dev/nvme0n1p2 rw\n"}, nil, "running root file system is /dev/nvme0n1p2", Blocker},
		"stale uuid":       {"boot", nil, func(_ *Machine, tg *Target) { tg.Facts.Mounts[0].Source = "/dev/disk/by-uuid/2" }, "on no disk of this machine", Blocker},
		"other root type":  {"boot", nil, func(_ *Machine, tg *Target) { tg.Facts.Mounts[0].Type = "btrfs" }, "is ext4, the profile says btrfs", Blocker},
		"bios":             {"boot", map[string]string{"sys/firmware/efi/x": "gone", "sys/firmware/acpi": ""}, nil, "systemd-boot needs UEFI", Blocker},
		"grub for bios": {"boot", nil, func(_ *Machine, tg *Target) {
			tg.Facts.Firmware, tg.Decision.Loader.Kind = hardware.BIOS, hardware.GRUB
		}, "installs GRUB for a BIOS", Warning},
		"own account": {"accounts", map[string]string{"var/lib/nixos/declarative-users": "ada root"}, func(_ *Machine, tg *Target) {
			tg.Access.Accounts[1].Name = "eve"
		}, "your account ada is not in the profile and would be removed (the running configuration declares it)", Blocker},
		"another who does not get in": {"accounts", locked, func(_ *Machine, tg *Target) {
			tg.Access.Accounts = append(tg.Access.Accounts, access.Account{Name: "eve", Declared: true})
		}, "eve could not log in", Warning},
		"a password that goes": {"accounts", locked, func(_ *Machine, tg *Target) { tg.Access.Mutable = false }, "the password of ada would be erased for good", Warning},
		"a module of one's own": {"accounts", map[string]string{"flake/hosts/atlas/local.nix": "{ users.users.ada = { }; }"}, func(_ *Machine, tg *Target) {
			tg.Access.Accounts[1].Groups = nil
		}, "unless local.nix, which is not checked, says otherwise", Warning},
		"the module as it is made": {"accounts", map[string]string{"flake/hosts/atlas/local.nix": "# What you set here adds to the users.\n{ }"}, func(_ *Machine, tg *Target) {
			tg.Access.Accounts[1].Groups = nil
		}, "may become root", Blocker},
		"other ssh port": {"ssh", nil, func(m *Machine, tg *Target) { m.Environ, tg.Access.SSH.Ports = overSSH, []int{2222} }, "to port 22, the profile's sshd listens on 2222", Warning},
		"other ssh address": {"ssh", nil, func(m *Machine, tg *Target) {
			m.Environ, tg.Access.SSH.Addresses = overSSH, []string{"10.0.0.1"}
		}, "to 192.0.2.1, and the profile's sshd listens on 10.0.0.1", Blocker},
		"no secret":         {"secrets", map[string]string{"var/lib/secrets/db": "gone"}, nil, "the secret db for postgresql is missing", Blocker},
		"empty secret":      {"secrets", map[string]string{"var/lib/secrets/db": ""}, func(m *Machine, _ *Target) { os.Chmod(m.path("/var/lib/secrets/db"), 0o400) }, "is empty", Blocker},
		"open secret":       {"secrets", nil, nil, "can be read by everybody", Warning},
		"file in the way":   {"home-files", map[string]string{"home/ada/.zshrc": "mine"}, func(_ *Machine, tg *Target) { tg.HomeFiles = []string{"/home/ada/.zshrc"} }, "/home/ada/.zshrc is in home-manager's way", Warning},
		"folder in the way": {"home-files", map[string]string{"home/ada/.zshrc/x": ""}, func(_ *Machine, tg *Target) { tg.HomeFiles = []string{"/home/ada/.zshrc"} }, "is a directory", Blocker},
		"no network": {"network", nil, func(m *Machine, tg *Target) {
			m.Client, tg.Caches = answers(nil, &net.DNSError{Err: "x", IsNotFound: true}), caches
		}, "the name cannot be resolved", Blocker},
		"refused": {"network", nil, func(m *Machine, tg *Target) {
			m.Client, tg.Caches = answers(nil, &net.OpError{Op: "dial", Err: errors.New("connection refused")}), caches
		}, "connection refused", Blocker},
		"slow network":      {"network", nil, func(m *Machine, tg *Target) { m.Client, tg.Caches = answers(nil, context.DeadlineExceeded), caches }, "no answer within 10s", Blocker},
		"captive portal":    {"network", nil, func(m *Machine, tg *Target) { m.Client, tg.Caches = answers(page(200, "<html>log in"), nil), caches }, "captive portal", Blocker},
		"cache has a fault": {"network", nil, func(m *Machine, tg *Target) { m.Client, tg.Caches = answers(page(503, ""), nil), caches }, "answers 503", Blocker},
	} {
		t.Run(name, func(t *testing.T) {
			m, tg := fixture(t, with(c.files)), good()
			if c.change != nil {
				c.change(m, &tg)
			}
			r, err := Run(t.Context(), m, tg, Options{Acting: true})
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(r.Findings, func(f Finding) bool { return f.Check == c.check && strings.Contains(f.What, c.want) })
			if i < 0 {
				t.Fatalf("no finding of %s with %q in %+v", c.check, c.want, r.Findings)
			}
			if f := r.Findings[i]; f.Severity != c.sev || f.Fix == "" {
				t.Errorf("severity %q, want %q; fix %q", f.Severity, c.sev, f.Fix)
			}
		})
	}
}

func TestWhatIsNotAFault(t *testing.T) {
	for name, c := range map[string]struct {
		check  string
		files  map[string]string
		change func(*Machine, *Target)
	}{
		"8 GiB are enough": {"nix-space", nil, func(m *Machine, tg *Target) { m.FreeBytes, tg.Deployment.MinFree = free(8<<30), "8GiB" }},
		"flag below the profile": {"nix-space", nil, func(m *Machine, tg *Target) {
			m.FreeBytes, tg.NeedsBytes, tg.Deployment.MinFree = free(9<<30), 1<<30, "100GiB"
		}},
		"50 GiB exactly":      {"nix-space", nil, func(m *Machine, _ *Target) { m.FreeBytes = free(DefaultSpace) }},
		"allowed root":        {"root", nil, func(m *Machine, _ *Target) { m.UID, m.AllowRoot = 0, true }},
		"fresh installation":  {"machine", map[string]string{"proc/sys/kernel/hostname": "nixos\n"}, nil},
		"renamed host":        {"machine", map[string]string{"proc/sys/kernel/hostname": "zeus\n"}, func(m *Machine, tg *Target) { m.ID, tg.MachineID = "a", "a" }},
		"unstable":            {"release", nil, func(_ *Machine, tg *Target) { tg.Release = "unstable" }},
		"newer postgresql":    {"services", nil, func(_ *Machine, tg *Target) { tg.Versions["postgresql"] = "17" }},
		"same kernel":         {"boot-space", nil, func(m *Machine, _ *Target) { m.FreeBytes, m.NewSystem = free(0), m.path("/run/current-system") }},
		"tmpfs root":          {"boot", map[string]string{"proc/self/mountinfo": "20 1 0:2 / / rw - tmpfs none rw\n21 20 8:1 / /boot rw - vfat /dev/sda1 rw\n"}, nil},
		"home-manager's file": {"home-files", map[string]string{"home/ada/.zshrc": "-> /nix/store/x/.zshrc"}, func(_ *Machine, tg *Target) { tg.HomeFiles = []string{"/home/ada/.zshrc"} }},
		"made secret":         {"secrets", map[string]string{"var/lib/secrets/db": "gone"}, func(_ *Machine, tg *Target) { tg.Secrets[0].File = "" }},
		"nobody reads shadow": {"accounts", map[string]string{"etc/passwd": "root:x:0:0::/root:/bin/sh\nada:x:1000:100::/home/ada:/bin/sh\n"}, nil},
		"any ssh address":     {"ssh", nil, func(m *Machine, tg *Target) { m.Environ, tg.Access.SSH.Addresses = overSSH, []string{"0.0.0.0"} }},
		"network": {"network", nil, func(m *Machine, tg *Target) {
			m.Client, tg.Caches = answers(page(200, "StoreDir: /nix/store\n"), nil), caches
		}},
	} {
		t.Run(name, func(t *testing.T) {
			m, tg := fixture(t, with(c.files)), good()
			if c.change != nil {
				c.change(m, &tg)
			}
			r, err := Run(t.Context(), m, tg, Options{Acting: true, Only: []string{c.check}})
			if err != nil || len(r.Ran) != 1 || len(r.Findings) > 0 {
				t.Errorf("%v: %+v", err, r)
			}
		})
	}
}

func TestSkipAndOffline(t *testing.T) {
	m, tg := fixture(t, with(map[string]string{"etc/NIXOS": "gone"})), good()
	m.Client, tg.Caches = answers(nil, errors.New("must not be asked")), caches
	r, err := Run(t.Context(), m, tg, Options{Acting: true, Offline: true, Skip: []string{"nixos"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Blockers()) > 0 || !slices.Equal(r.Skipped, []string{"nixos"}) {
		t.Errorf("blockers %+v, skipped %q", r.Blockers(), r.Skipped)
	}
	if !slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.Check == "nixos" && f.Skipped }) {
		t.Error("the skipped finding is not reported")
	}
	if _, err := Run(t.Context(), m, tg, Options{Skip: []string{"nxios"}}); err == nil || !strings.Contains(err.Error(), "nxios") {
		t.Errorf("unknown check: %v", err)
	}
	if r, _ := Run(t.Context(), m, tg, Options{Offline: true}); slices.Contains(r.Ran, "nixos") {
		t.Error("a build asks for NixOS")
	}
}

func TestFreeBytesOfAStoreThatIsNoFileSystemOfItsOwn(t *testing.T) {
	dir := t.TempDir()
	a, err := FreeBytes(dir)
	if err != nil || a <= 0 {
		t.Fatal(a, err)
	}
	b, err := FreeBytes(filepath.Join(dir, "nix/store"))
	if err != nil || b <= 0 {
		t.Errorf("%d, %v", b, err)
	}
}

var caches = []string{"https://cache.nixos.org"}

func free(n int64) func(string) (int64, error) { return func(string) (int64, error) { return n, nil } }

// programs has all programs but one, and none of them works.
type programs struct{ without string }

func (p *programs) LookPath(name string) (string, error) {
	if name == p.without {
		return "", exec.ErrNotFound
	}
	return name, nil
}

func (*programs) Run(context.Context, run.Command) (run.Result, error) {
	return run.Result{Code: 1}, errors.New("it does not work")
}

func overSSH(name string) string {
	if name == "SSH_CONNECTION" {
		return "192.0.2.9 50000 192.0.2.1 22"
	}
	return ""
}

type transport func() (*http.Response, error)

func (f transport) RoundTrip(*http.Request) (*http.Response, error) { return f() }

func answers(r *http.Response, err error) *http.Client {
	return &http.Client{Transport: transport(func() (*http.Response, error) { return r, err })}
}

func page(code int, body string) *http.Response {
	return &http.Response{StatusCode: code, Status: fmt.Sprintf("%d %s", code, http.StatusText(code)), Body: io.NopCloser(strings.NewReader(body))}
}

// Where the machine refuses the run, nobody waits for the network.
func TestRefusedWithoutWaiting(t *testing.T) {
	for _, c := range []struct {
		files map[string]string
		waits bool
	}{{nil, true}, {map[string]string{"proc/sys/kernel/hostname": "zeus\n"}, false}} {
		m, tg, waited := fixture(t, with(c.files)), good(), false
		m.Client, tg.Caches = answers(page(503, ""), nil), caches
		m.Retry = func(_ context.Context, attempt func(int) *retry.Failure) error {
			waited = true
			return attempt(1).Err
		}
		r, err := Run(t.Context(), m, tg, Options{Acting: true, Only: []string{"machine", "network"}})
		if err != nil || waited != c.waits {
			t.Errorf("%v: waited %t, error %v, findings %+v", c.files, waited, err, r.Findings)
		}
		if last := r.Findings[len(r.Findings)-1]; last.Check != "network" {
			t.Errorf("%v: findings %+v", c.files, r.Findings)
		}
	}
	fix := Finding{Check: "machine", Fix: "choose another, or --skip machine once"}
	if got := (&Refusal{}).Fix(fix); got != fix.Fix {
		t.Errorf("a fix that names the flag: %q", got)
	}
}
