package probe

import (
	"fmt"
	"io/fs"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/sebdah/goldie/v2"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/probe/probetest"
)

// shared are the machines whose trees other packages' tests take from package probetest.
var shared = []string{
	"arm-server-altra", "desktop-amd-rx6800", "desktop-intel-arc", "laptop-thinkpad-p14s-gen2-amd", "server-md-lvm-bios",
	"vm-kvm-virtio",
}

// The trees are those of the descriptions.
func TestTrees(t *testing.T) {
	all := machines(t)
	for _, name := range shared {
		goldie.New(t, goldie.WithFixtureDir("probetest/trees"), goldie.WithNameSuffix(".txt"),
			goldie.WithDiffEngine(goldie.ClassicDiff)).Assert(t, name, []byte(listing(t, build(t, all[name]))))
	}
}

func TestWrittenTrees(t *testing.T) {
	for _, name := range shared {
		root := t.TempDir()
		probetest.Write(t, root, name)
		want, err := os.ReadFile("probetest/trees/" + name + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), listing(t, root)); diff != "" {
			t.Errorf("%s (-described +written):\n%s", name, diff)
		}
	}
}

// listing has a line for each file, link and empty folder.
func listing(t *testing.T, root string) string {
	t.Helper()
	var out strings.Builder
	tree := os.DirFS(root).(fs.ReadLinkFS)
	err := fs.WalkDir(tree, ".", func(name string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir():
			if entries, _ := fs.ReadDir(tree, name); len(entries) == 0 {
				fmt.Fprintln(&out, name)
			}
			return nil
		case e.Type()&fs.ModeSymlink != 0:
			target, err := tree.ReadLink(name)
			fmt.Fprintf(&out, "%s\tlink\t%q\n", name, target)
			return err
		}
		text, err := fs.ReadFile(tree, name)
		fmt.Fprintf(&out, "%s\tfile\t%q\n", name, text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out.String()
}
