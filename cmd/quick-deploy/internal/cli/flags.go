package cli

import (
	"strings"

	"github.com/urfave/cli/v3"
)

// variable is the environment variable that stands for a flag.
func variable(flag string) cli.ValueSourceChain {
	return cli.EnvVars("QUICK_DEPLOY_" + strings.ToUpper(strings.ReplaceAll(flag, "-", "_")))
}

// boolFlag is a flag for which a variable may stand, as all below are.
func boolFlag(name, usage string, to *bool, aliases ...string) *cli.BoolFlag {
	return &cli.BoolFlag{Name: name, Usage: usage, Destination: to, Aliases: aliases, Sources: variable(name)}
}

// plainFlag is a flag for which no variable stands.
func plainFlag(name, usage string, to *bool) *cli.BoolFlag {
	return &cli.BoolFlag{Name: name, Usage: usage, Destination: to}
}

func textFlag(name, usage string, to *string) *cli.StringFlag {
	return &cli.StringFlag{Name: name, Usage: usage, Destination: to, Sources: variable(name)}
}

func fileFlag(name, usage string, to *string) *cli.StringFlag {
	f := textFlag(name, usage, to)
	f.TakesFile = true
	return f
}

func listFlag(name, usage string, to *[]string) *cli.StringSliceFlag {
	return &cli.StringSliceFlag{Name: name, Usage: usage, Destination: to, Sources: variable(name)}
}
