package guest

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
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
