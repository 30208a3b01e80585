package probe

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// shuffled lists folders in any order, as a kernel may.
type shuffled struct {
	rand *rand.Rand
	fs.ReadLinkFS
}

func (s shuffled) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(s.ReadLinkFS, name)
	s.rand.Shuffle(len(entries), func(i, j int) { entries[i], entries[j] = entries[j], entries[i] })
	return entries, err
}

func mustLink(t *testing.T, name, target string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, name); err != nil {
		t.Fatal(err)
	}
}

// Neither a folder nor a file of a device is read through a link that leads out of the root; one that stays inside is.
func TestLinksStayInside(t *testing.T) {
	elsewhere := build(t, "pci 0000:00:01.0 030000 10de:1e87\n")
	there := filepath.Join(elsewhere, pciDevices, "0000:00:01.0")
	root := build(t, "pci 0000:00:03.0 020000 8086:1593\n")
	devices := filepath.Join(root, pciDevices)
	mustLink(t, filepath.Join(devices, "0000:00:01.0"), there)
	up, err := filepath.Rel(devices, there)
	if err != nil {
		t.Fatal(err)
	}
	mustLink(t, filepath.Join(devices, "0000:00:02.0"), up)
	for _, name := range []string{"class", "vendor", "device"} {
		mustLink(t, filepath.Join(devices, "0000:00:04.0", name), filepath.Join(there, name))
		mustLink(t, filepath.Join(devices, "0000:00:05.0", name), "../0000:00:03.0/"+name)
	}
	f, warnings := Run(t.Context(), Options{Root: root})
	var found []string
	for _, p := range f.PCI {
		found = append(found, p.Address+" "+p.Vendor.String())
	}
	if want := []string{"0000:00:03.0 8086", "0000:00:05.0 8086"}; !slices.Equal(found, want) {
		t.Errorf("found %q, want %q; %v", found, want, warnings)
	}
}
