package cli

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/setup"
)

var _ = register(10, initCommand)

func initCommand(a *app.App) *cli.Command {
	o := app.InitOptions{Given: setup.Given{}}
	return &cli.Command{
		Name:  "init",
		Usage: "write a first profile for this machine",
		Description: described(`
Looks at the machine, asks what it cannot tell, shows the profile and the Nix it leads to, and
writes the profile with comments. An existing one is never overwritten. `+app.SchemaFile+`
beside it is what editors check it with.

Every answer can be given by a flag, and --yes takes what is proposed for the others. Without a
terminal, --yes or --answers is needed. Where NO_COLOR or ACCESSIBLE is set, or TERM is dumb, the
questions are plain lines.

--github ACCOUNT fetches the public ssh keys that the account has on github.com, shows their fingerprints
and whose they are, and writes them into the profile if you agree. --yes does not agree to that.

Then it has Nix lock the newest nixpkgs of the release, as update does, so that a first switch does not
take a current machine back to the one that is built into the program. Where that fails, as without a
network, the built-in one stays. --lock says it beforehand; a flake that is there already is left alone.

A machine that has a configuration in /etc/nixos keeps what it says: init evaluates it, proposes the
profile that says the same, and copies the rest into the flake, where local.nix imports it. It compares
both, says what is different, and refuses where they contradict each other, or where a flake cannot
evaluate it. The configuration itself stays as it is. --adopt PATH adopts another one. --fresh
starts without any, and names what that leaves behind.`,
			"quick-deploy init",
			"quick-deploy init --yes --preset server --service postgresql --service grafana",
			"quick-deploy init --github ada-lovelace",
			"quick-deploy init --save-answers answers.yaml",
			"quick-deploy --profile laptop.yaml init --answers answers.yaml",
			"quick-deploy init --adopt"),
		ArgsUsage: "[--fresh | --adopt [PATH]]",
		Flags: append([]cli.Flag{
			plainFlag("adopt", "adopt the configuration in PATH, or /etc/nixos", &o.Adopt),
			plainFlag("fresh", "start without the configuration that the machine has", &o.Fresh),
			&cli.StringFlag{
				Name: "answers", Usage: "take the answers from `FILE` and ask nothing", TakesFile: true,
				Destination: &o.AnswersFile,
			},
			&cli.StringFlag{
				Name: "save-answers", Usage: "write the answers to `FILE`, for --answers", TakesFile: true,
				Destination: &o.SaveAnswers,
			},
			textFlag("lock", "lock `WHICH` nixpkgs: newest, which must succeed then, or built-in", &o.Lock),
		}, answerFlags(o.Given)...),
		ShellComplete: answerWords.complete(a),
		Action: func(ctx context.Context, cmd *cli.Command) error {
			paths := 0
			if o.Adopt {
				paths = 1
			}
			return someArgs(paths, func(ctx context.Context, args []string) error {
				o.Path = append(args, "")[0]
				path, build, err := app.Init(ctx, a, o)
				if err != nil || !build {
					return err
				}
				// It asks before it activates anything.
				return a.Another(ctx, append(globalArgs(a, path), "switch")...)
			})(ctx, cmd)
		},
	}
}
