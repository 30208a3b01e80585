package setup

import (
	"context"
	"fmt"
	"slices"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/term"
)

// TakeKeys adds to what is given the public ssh keys of the account on github.com that is given. Somebody has to
// agree to them who sees whose they are: a letter too many, and a stranger becomes root. So --yes does not do.
func (g *Guide) TakeKeys(ctx context.Context, given Given, answered bool) error {
	if given["github"] == nil {
		return nil
	}
	account := given["github"][0]
	if g.Yes || answered || !g.TakesForms() {
		return fault.New(fault.Usage,
			"--github lets the keys of an account log in, which somebody has to agree to at a terminal").
			Hint("without --yes and --answers it asks; --ssh-key KEY gives a key without a question")
	}
	if err := g.check("github", account); err != nil {
		return fault.New(fault.Usage, "--github: %w", err)
	}
	keys, err := g.GitHub.Keys(ctx, account)
	if err != nil {
		return err
	}
	who := account
	if name := term.Line(g.GitHub.Name(ctx, account)); name != "" {
		who += " (" + name + ")"
	}
	fmt.Fprintf(g.Err, "%s has %s on github.com:\n", who, term.Count(len(keys), "public ssh key"))
	var lines []string
	for _, k := range keys {
		fmt.Fprintf(g.Err, "  %s\n", term.Line(fmt.Sprintf("%-11s  %s  %s", k.Type, k.Fingerprint, k.Comment)))
		if err := g.check("ssh-key", k.Line); err != nil {
			return fault.New(fault.Network, "read the keys of %s on github.com: %w", account, err)
		}
		if k.Comment == "" {
			k.Line += " " + account + "@github"
		}
		lines = append(lines, k.Line)
	}
	user := g.proposed.User
	if u := given["user"]; u != nil {
		user = u[0]
	}
	if user == "" {
		user = "the user that you name next"
	}
	fmt.Fprintf(g.Err, "With these keys one can log in as %s, who can become root with sudo.\n", user)
	yes, err := g.Confirm(ctx, "Are they yours, and may they log in?", false)
	if err != nil {
		return fault.New(fault.Interrupted, "interrupted; nothing was written")
	}
	if !yes {
		return fault.New(fault.Pending, "declined; nothing was written").Hint("check the spelling of %s", account)
	}
	mine, ok := given["ssh-key"]
	if !ok {
		mine = g.proposed.SSHKeys
	}
	given["ssh-key"] = slices.Concat(mine, lines)
	return nil
}
