package fleet

import (
	"context"
	"fmt"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/generator"
)

// homes builds, copies and activates the homes of a machine's users. deploy-rs
// carries them itself, as profiles of the node.
func (r *rollout) homes(ctx context.Context, m *member) {
	if r.Engine == generator.DeployRS || len(m.Homes) == 0 {
		return
	}
	err := m.memory.step(r.Fleet, "homes", func() error {
		for _, user := range m.Homes {
			if err := r.home(ctx, m, user); err != nil {
				return fmt.Errorf("home of %s: %w", user, err)
			}
		}
		return nil
	})
	if err != nil {
		r.stop(m.Name + " failed")
		m.finish(Failed, err)
	}
}

func (r *rollout) home(ctx context.Context, m *member, user string) error {
	attribute := fmt.Sprintf(`homeConfigurations."%s@%s".activationPackage`, user, m.Name)
	args := append([]string{"build", "--no-link", "--print-out-paths"}, flakes...)
	args = append(append(args, "--no-update-lock-file", r.ref(attribute)), r.NixArgs...)
	network := r.network(m.Name)
	res, err := network.Run(ctx, run.Command{Name: "nix", Args: args, Timeout: r.BuildTimeout, Network: true})
	if err != nil {
		return buildFault("build", err, res)
	}
	path := strings.TrimSpace(res.Stdout)
	if !strings.HasPrefix(path, "/") || strings.ContainsAny(path, " \n") {
		return fmt.Errorf("build: nix printed %q and no store path", path)
	}
	copyTo := append([]string{"copy", "--to", m.Target.store()}, flakes...)
	if _, err := network.Run(ctx, run.Command{
		Name: "nix", Args: append(copyTo, path), Env: []string{r.nixOptions(m.Target)}, Timeout: r.BuildTimeout, Network: true,
	}); err != nil {
		return fmt.Errorf("copy: %w", err)
	}
	_, err = m.remote(r.Fleet).Run(ctx, run.Command{
		Name: path + "/activate", As: user, Timeout: r.ActivateTimeout,
		// What home-manager switch -b does, so that files in the way are kept.
		Env: []string{"HOME_MANAGER_BACKUP_EXT=quick-deploy-backup"},
	})
	return err
}
