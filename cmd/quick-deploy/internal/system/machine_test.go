package system_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
)

func TestMounted(t *testing.T) {
	m := system.Of(tree(map[string]string{
		"proc/self/mountinfo": "20 1 0:2 / / rw - rootfs rootfs rw\n" +
			"21 1 8:2 / / rw,relatime shared:1 - ext4 /dev/sda2 rw\ngarbage\n" +
			`22 21 8:17 / /mnt/my\040data rw - btrfs /dev/sdb1 rw,subvol=/a` + "\n",
	}, nil))
	for point, want := range map[string]string{"/": "ext4 /dev/sda2", "/mnt/my data": "btrfs /dev/sdb1"} {
		if got, err := m.Mounted(point); err != nil || got.Type+" "+got.Source != want {
			t.Errorf("%s: %+v, %v", point, got, err)
		}
	}
	if _, err := m.Mounted("/mnt"); !errors.Is(err, system.ErrNotMounted) {
		t.Errorf("nothing is there: %v", err)
	}
	if _, err := system.Of(tree(nil, nil)).Mounted("/"); err == nil || errors.Is(err, system.ErrNotMounted) {
		t.Errorf("nothing is known: %v", err)
	}
}

func TestRelease(t *testing.T) {
	for text, want := range map[string][2]string{
		"ID=nixos\nVERSION_ID=\"26.05\"\nBUILD_ID='26.05.20260714.8eeec93'\n": {"26.05", "26.05.20260714.8eeec93"},
		"# VERSION_ID=1\nVERSION_ID=25.11\n":                                  {"25.11", "gpu-25.11.1.abc"},
		"":                                                                    {"", "gpu-25.11.1.abc"},
	} {
		m := system.Of(tree(map[string]string{
			"etc/os-release": text, "run/current-system/nixos-version": "gpu-25.11.1.abc\n",
		}, nil))
		if release, version := m.Release(); release != want[0] || version != want[1] {
			t.Errorf("%q: %q, %q", text, release, version)
		}
	}
}

// says is a run.Runner whose commands all print this.
type says string

func (says) LookPath(name string) (string, error) { return name, nil }

func (s says) Run(context.Context, run.Command) (run.Result, error) {
	return run.Result{Stdout: string(s)}, nil
}

func TestUnitsOfSystemd(t *testing.T) {
	for text, want := range map[says][]string{
		"":     nil,
		"[]\n": {},
		`[{"unit":"b.service","load":"loaded","sub":"failed"},{"unit":"a@1.mount"}]`: {"a@1.mount", "b.service"},
	} {
		if got, err := system.FailedUnits(t.Context(), text); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v", text, got, err)
		}
	}
	if _, err := system.FailedUnits(t.Context(), says("b.service loaded failed failed B")); err == nil {
		t.Error("what is no JSON is read")
	}
	states, err := system.UnitStates[map[string]string](t.Context(),
		says("Id=a.service\nNames=a.service b.service\nSubState=x=y\n\nId=c.socket\nNames=c.socket\n"), "SubState", []string{"b"})
	if err != nil || len(states) != 3 || states["b.service"]["SubState"] != "x=y" {
		t.Errorf("%v, %v", states, err)
	}
}
