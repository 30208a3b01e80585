package man

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/urfave/cli/v3"
)

// program has in its help everything that roff could take for its own.
func program() *cli.Command {
	return &cli.Command{
		Name: "quick-deploy", Usage: "one - two",
		Commands: []*cli.Command{
			{
				Name: "switch", Usage: "activate", ArgsUsage: "[-- NIX-FLAGS...]",
				Description: "Reads C:\\new and\n.TH is no request.\n'Nor is this.\n\n" +
					"Examples:\n\n    quick-deploy switch\n    .hidden",
				Flags: []cli.Flag{&cli.StringFlag{
					Name: "skip", Aliases: []string{"s"}, Usage: "leave out `CHECK`", Sources: cli.EnvVars("QUICK_DEPLOY_SKIP"),
				}},
			},
			{Name: "secret", Hidden: true},
			{Name: "fleet", Commands: []*cli.Command{{Name: "list", Usage: "list hosts"}, {Name: "inner", Hidden: true}}},
		},
	}
}

func TestCommandPage(t *testing.T) {
	page, err := Page(program(), "quick-deploy-switch")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		".TH QUICK\\-DEPLOY\\-SWITCH 1\n", "quick\\-deploy\\-switch \\- activate\n",
		"\\fBquick\\-deploy switch\\fR [\\fIOPTION\\fR...] [\\-\\- NIX\\-FLAGS...]\n",
		"Reads C:\\enew and\n\\&.TH is no request.\n\\&'Nor is this.\n.PP\nExamples:\n.PP\n.EX\nquick\\-deploy switch\n\\&.hidden\n.EE\n",
		"\\fB\\-\\-skip\\fR, \\fB\\-s\\fR\nleave out \\fICHECK\\fR (environment: QUICK_DEPLOY_SKIP)\n",
		".SH PREFLIGHT CHECKS\n",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is missing in\n%s", want, page)
		}
	}
	if page, err = Page(program(), "fleet"); err != nil || !strings.Contains(page, "list hosts") || strings.Contains(page, "inner") {
		t.Errorf("%v\n%s", err, page)
	}
	if _, err := Page(program(), "nothing"); err == nil {
		t.Error("there is a page of nothing")
	}
}

// Each page is one that man takes without a word, and shows whole.
func TestPagesAreRendered(t *testing.T) {
	if _, err := exec.LookPath("man"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("man is not installed")
	}
	root := program()
	for _, name := range List(root) {
		page, err := Page(root, name[:len(name)-2])
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("man", "--warnings", "-l", "-")
		cmd.Stdin = strings.NewReader(page)
		cmd.Env = append(os.Environ(), "MANWIDTH=200", "LC_ALL=C.UTF-8", "PAGER=cat", "MANPAGER=cat")
		var out, complaints strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &complaints
		if err := cmd.Run(); err != nil || complaints.Len() > 0 {
			t.Errorf("%s: %v\n%s", name, err, complaints.String())
		}
		if !strings.Contains(out.String(), name[:len(name)-2]) {
			t.Errorf("%s: %s", name, out.String())
		}
	}
}
