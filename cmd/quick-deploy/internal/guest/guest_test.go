package guest

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
)

func TestFreePorts(t *testing.T) {
	busy, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer busy.Close()
	taken := busy.Addr().(*net.TCPAddr).Port
	free := func() int {
		l, err := net.Listen("tcp4", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		return l.Addr().(*net.TCPAddr).Port
	}()
	got, err := FreePorts([]Port{
		{Name: "wanted", Guest: 21000, Host: free}, {Name: "taken", Guest: taken}, {Name: "web", Guest: 80},
		{Name: "the same", Guest: 80}, {Name: "wanted, too", Guest: 21001, Host: free},
	})
	if err != nil {
		t.Fatal(err)
	}
	host := map[string]int{}
	for _, p := range got {
		host[p.Name] = p.Host
		if p.Host < 1024 {
			t.Errorf("%+v takes root", p)
		}
	}
	if host["wanted"] != free || host["taken"] == taken || host["the same"] != host["web"] || host["wanted, too"] == free {
		t.Errorf("%+v; %d is free, %d is not", got, free, taken)
	}
}

func TestChecks(t *testing.T) {
	all := []health.Check{
		{Kind: health.Unit, Grace: time.Minute}, {Kind: health.Mount}, {Kind: health.GPU}, {Kind: health.Home}, {Kind: health.HTTP},
	}
	want := []health.Check{{Kind: health.Unit, Grace: 10 * time.Minute}, {Kind: health.Home}, {Kind: health.HTTP}}
	if diff := cmp.Diff(want, Checks(all, true)); diff != "" {
		t.Error(diff)
	}
	want[0].Grace, all[0].Grace = time.Minute, time.Minute
	if diff := cmp.Diff(want, Checks(all, false)); diff != "" {
		t.Error(diff)
	}
}

// What follows a comma in a path would be an option of QEMU's.
func TestStartWithoutCommas(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a,readonly=on")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, o := range []Options{{Dir: dir}, {Dir: t.TempDir(), Disk: filepath.Join(dir, "atlas.qcow2")}} {
		if _, err := Start(t.Context(), nil, o); err == nil || !strings.Contains(err.Error(), "comma") {
			t.Errorf("%+v: %v", o, err)
		}
		if left, err := os.ReadDir(o.Dir); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	}
}

func TestKVM(t *testing.T) {
	if err := KVM(filepath.Join(t.TempDir(), "kvm")); err == nil {
		t.Error("a device that is missing can be used")
	}
	if err := KVM("/dev/null"); err != nil {
		t.Error(err)
	}
}

// Half a disk would be taken for a whole one the next time.
func TestKeptDiskIsWhole(t *testing.T) {
	const made = "half\n"
	for script, want := range map[string]string{
		`echo half > "$NIX_DISK_IMAGE"; exit 1`:                            "",
		`echo half > "$NIX_DISK_IMAGE"; mkdir "$TMPDIR/xchg"`:              made,
		`echo half > "$NIX_DISK_IMAGE"; mkdir "$TMPDIR/xchg"; exit 1`:      made,
		`mkdir "$TMPDIR/xchg"; exit 1`:                                     "",
		`echo half > "$NIX_DISK_IMAGE"; mkdir "$TMPDIR/xchg"; sleep 10000`: made,
	} {
		dir, disks := t.TempDir(), t.TempDir()
		o := Options{Script: filepath.Join(dir, "run"), Dir: t.TempDir(), Disk: filepath.Join(disks, "atlas.qcow2")}
		if err := os.WriteFile(o.Script, []byte("#!/bin/sh\n"+script+"\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		m, err := Start(t.Context(), &run.Exec{Environ: os.Environ()}, o)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(script, "sleep") {
			for !exists(filepath.Join(m.dir, "xchg")) {
				time.Sleep(10 * time.Millisecond)
			}
		} else {
			_ = m.Wait(t.Context())
		}
		stop, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		err = m.Stop(stop)
		cancel()
		missing := want == "" && strings.HasPrefix(script, "mkdir")
		if (err != nil) != missing {
			t.Errorf("%s: %v", script, err)
		}
		got, _ := os.ReadFile(o.Disk)
		left, _ := os.ReadDir(disks)
		if string(got) != want || len(left) > len(want)/len(made) {
			t.Errorf("%s: the disk has %q, and there are %v", script, got, left)
		}
	}
}
