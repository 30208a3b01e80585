package deploy

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/generator/nix"
)

// Extension is something else that nixos-rebuild makes of a host than its system. It is built from a throwaway flake,
// which takes the user's as its input and extends the host by a module: no file of the user's changes.
type Extension struct {
	// Args are the verb of nixos-rebuild and what it needs, such as build-image --image-variant iso.
	Args []string `json:"args"`
	// Since is the release of NixOS whose nixos-rebuild first had the verb, "" for all that there are.
	Since string `json:"since,omitempty"`
	// Files are those beside the throwaway flake, by name. ModuleFile is the NixOS module; its argument flake is the
	// user's flake.
	Files map[string]string `json:"files"`
}

// onward is the command that goes on with a run that did not end well. What an extension makes is for the command that
// asked for it: there is nothing to resume but the build, which Nix does not do twice.
func (g Goal) onward() string {
	if g.Extend == nil {
		return "quick-deploy resume"
	}
	words := []string{"quick-deploy", string(g.Verb)}
	if n := len(g.Extend.Args); n > 1 {
		words = append(words, g.Extend.Args[n-1]) // the variant of an image
	}
	return strings.Join(append(words, g.Host), " ")
}

// ModuleFile is the module by which an Extension extends the host.
const ModuleFile = "module.nix"

// hostInput is what the throwaway flake calls the user's.
const hostInput = "host"

// throwaway is the folder of a run's throwaway flake. The link to what is built lies beside it: what is in it is
// copied into the store.
func throwaway(work string) string { return filepath.Join(work, "flake") }

// throwawayRef is the reference of a run's throwaway flake. Without path: Nix would take of a folder in a git
// repository, such as a home, only what git knows.
func throwawayRef(work string) string {
	return "path:" + (&url.URL{Path: throwaway(work)}).EscapedPath()
}

// throwawayFlake extends a host of the flake at a reference.
func throwawayFlake(flake, host string) ([]byte, error) {
	configuration := []string{"nixosConfigurations", host}
	extend := nix.Call{Fn: slices.Concat([]string{"inputs", hostInput}, configuration, []string{"extendModules"}),
		Args: []nix.Expr{nix.Attrs{Body: []nix.Binding{
			{Path: []string{"modules"}, Value: nix.List{nix.Path("./" + ModuleFile)}},
			{Path: []string{"specialArgs", "flake"}, Value: nix.Ref{"inputs", hostInput}},
		}}}}
	return nix.Print(nix.Attrs{Body: []nix.Binding{
		{Path: []string{"inputs", hostInput, "url"}, Value: nix.Str(flake)},
		{Path: []string{"outputs"}, Value: nix.Func{Arg: "inputs", Body: nix.Attrs{Body: []nix.Binding{
			{Path: configuration, Value: extend},
		}}}},
	}})
}

// extendFlags are nixFlags for the throwaway flake. It has no lock file: Nix reads the user's, which is complete, and
// fetches nothing for it. With one, Nix would not read the user's flake.nix, and an input that stands in for another
// would no longer follow what it is to follow there.
func (g Goal) extendFlags() []string {
	flags := slices.Clone(g.nixFlags())
	for i, flag := range flags {
		switch {
		case flag == "--no-update-lock-file":
			flags[i] = "--no-write-lock-file"
		case i > 0 && flags[i-1] == "--override-input":
			flags[i] = hostInput + "/" + flag
		}
	}
	return flags
}

// unlocked is what Nix says where it writes no lock file: it is meant so.
const unlocked = "not writing modified lock file of flake"

// buildExtended builds what the goal's extension makes of the host, and returns its store path.
func (s *session) buildExtended(ctx context.Context, work string) (string, error) {
	var copied string
	metadata := Tools{}.FlakeMetadata(s.goal.FlakeDir, s.goal.nixFlags()...)
	said, err := s.nixOutput(ctx, run.Command{Name: metadata[0], Args: metadata[1:], Timeout: s.cfg.BuildTimeout})
	if err == nil {
		copied, err = FlakeInStore(said)
	}
	if err != nil {
		return "", err
	}
	text, err := throwawayFlake(copied, s.goal.Host)
	if err != nil {
		return "", fmt.Errorf("write the throwaway flake: %w", err)
	}
	dir := throwaway(work)
	if err := os.RemoveAll(dir); err != nil {
		return "", fmt.Errorf("remove the last throwaway flake: %w", err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", fmt.Errorf("make the throwaway flake: %w", err)
	}
	batch := s.cfg.Writer.NewBatch()
	batch.Add(filepath.Join(dir, "flake.nix"), text, 0o600)
	for name, text := range s.goal.Extend.Files {
		batch.Add(filepath.Join(dir, name), []byte(text), 0o600)
	}
	if err := batch.Commit(ctx); err != nil {
		return "", fmt.Errorf("write the throwaway flake: %w", err)
	}
	return s.rebuilt(ctx, work)
}

// refuseVerb says before anything is built that nixos-rebuild lacks the verb of the goal's extension.
func (s *session) refuseVerb(ctx context.Context) error {
	x := s.goal.Extend
	if x == nil {
		return nil
	}
	t, err := FindTools(ctx, s.cfg.Runner)
	if err != nil || t.Rebuild == "" || slices.Contains(t.Verbs, x.Args[0]) {
		return err
	}
	e := fault.New(fault.Preflight, "%s has no %s", t.Rebuild, x.Args[0])
	if x.Since != "" {
		e.Hint("nixos-rebuild has it since NixOS %s", x.Since)
	}
	return e.Hint("nix develop %s has the nixos-rebuild of the flake's own release", run.Quote(s.goal.FlakeDir))
}

// Hold keeps what was built from being collected for as long as link is there.
func (d *Deployer) Hold(ctx context.Context, path, link string) error {
	if _, err := d.cfg.Runner.Run(ctx, d.rootCommand(path, link)); err != nil {
		return fmt.Errorf("protect %s from garbage collection: %w", path, err)
	}
	return nil
}
