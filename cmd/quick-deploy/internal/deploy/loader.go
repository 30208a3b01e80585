package deploy

import (
	"os"
	"slices"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/system"
	"github.com/quick-deploy/quick-deploy/generator/hardware"
)

// compareLoaders finds out whether the new system has another boot loader than the one that boots. It has to be put
// onto the disk then; otherwise NixOS only writes its entries. One that is not known is left as it is, and so is that
// of another machine, whose systems cannot be read from here.
func (s *session) compareLoaders() {
	s.data.InstallLoader = false
	if s.cfg.Remote != nil || !s.boots() {
		return
	}
	var kinds []hardware.LoaderKind
	for _, path := range []string{s.state.Before.System.Path, s.state.System} {
		// what of its settings cannot be read says nothing of its kind
		loader, _ := system.Open(os.DirFS("/"), path).Loader("")
		kinds = append(kinds, loader.Kind)
	}
	unknown := func(k hardware.LoaderKind) bool {
		return k == "" || k == hardware.NoLoader || k == hardware.OtherLoader
	}
	if kinds[0] == kinds[1] || slices.ContainsFunc(kinds, unknown) {
		return
	}
	s.data.InstallLoader = true
	s.say("the boot loader changes from %s to %s, which is installed on the disk", kinds[0], kinds[1])
}
