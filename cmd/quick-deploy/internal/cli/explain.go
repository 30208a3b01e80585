package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/explain"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/inputs"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/generator"
	"github.com/quick-deploy/quick-deploy/generator/index"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/schema"
)

var _ = register(180, explainCommand)

func explainCommand(a *app.App) *cli.Command {
	var o explainOptions
	return &cli.Command{
		Name:      "explain",
		Usage:     "say where a value comes from: file, line and layer",
		ArgsUsage: "[HOST] KEY",
		Description: described(`
The layers that mention the key, in the order they are applied: defaults, groups in the host's
order, the host. What is used is in the result. HOST may be left out where there is only one.
With --option, KEY is an option of NixOS or of a home: its value and default by Nix, the module that
declares it, and the lines of the profile and of the flake that set it.`,
			"quick-deploy explain timezone", "quick-deploy explain web-1 services.nginx.expose",
			"quick-deploy explain --option networking.hostName"),
		Flags: []cli.Flag{
			plainFlag("option", "KEY is an option of NixOS: show its value, default, module and what sets it", &o.Option),
			&cli.StringFlag{Name: "user", Usage: "with --option, an option of the home of `NAME`", Destination: &o.User},
			plainFlag("no-eval", "with --option, do not ask Nix", &o.NoEval),
		},
		ShellComplete: words{"": func(a *app.App, args []string) []word {
			if o.Option && o.User != "" {
				return optionWords(index.HomeOption)
			}
			if o.Option {
				return append(hostWords(a, args), optionWords(index.Option)...)
			}
			return append(hostWords(a, args), keyWords(a, args)...)
		}}.complete(a),
		Action: anyArgs(func(ctx context.Context, args []string) error { return explainKey(ctx, a, args, o) }),
	}
}

// explainOptions are the flags of explain.
type explainOptions struct {
	Option bool   // the key is an option of NixOS or of a home
	User   string // with Option, whose home
	NoEval bool   // with Option, Nix is not asked
}

// explainKey says where a value of a host comes from; args are [HOST] KEY.
func explainKey(ctx context.Context, a *app.App, args []string, o explainOptions) error {
	if len(args) == 0 || len(args) > 2 {
		return fault.New(fault.Usage, "explain takes a host and a key").
			Hint("quick-deploy explain web-1 services.nginx.expose")
	}
	key, host := args[len(args)-1], args[0]
	asked := []string{host}
	if len(args) == 1 {
		asked = a.Asked()
	}
	l, err := a.LoadSome(asked...)
	if err != nil {
		return err
	}
	if len(args) == 1 {
		if host, err = a.HostName(l); err != nil {
			return err
		}
	}
	if o.Option {
		return explainOption(ctx, a.ForHost(host), key, o)
	}
	layers, err := explain.Layers(l.Profile, host, key)
	if err != nil {
		return explainUnset(a, l, host, key, err)
	}
	return a.Print(layers, layers.WriteText)
}

// explainUnset is about a key that no layer sets, as err says: it may have a default, or be an option of NixOS.
func explainUnset(a *app.App, l *app.Loaded, host, key string, err error) error {
	root, rootErr := schema.Root()
	if rootErr != nil || l.Node(host) == nil {
		return app.SelectorFault("explain", err)
	}
	if layers := explain.Default(root, l.Node(host), key); layers != nil {
		if !layers[0].Won {
			a.Say("note: the profile of %s does not turn that service on", host)
		}
		return a.Print(layers, layers.WriteText)
	}
	err = app.SelectorFault("explain", err)
	near := func(hint string) bool { return strings.HasPrefix(hint, "did you mean") }
	if !explain.IsKey(root, key) && !slices.ContainsFunc(fault.HintsOf(err), near) {
		return fault.New(fault.Usage, "%s is not a key of the profile", key).
			Hint("an option of NixOS: quick-deploy explain --option %s", run.Quote(key))
	}
	return err
}

func explainOption(ctx context.Context, a *app.App, name string, o explainOptions) error {
	l, host, err := a.LoadHost()
	if err != nil {
		return err
	}
	flake, err := app.Generate(ctx, a, l, true)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(flake.Hosts, func(h generator.Host) bool { return h.Name == host })
	option, err := explain.New(flake.Hosts[at], flake.Files, o.User, name)
	if err != nil {
		return err
	}
	if !o.NoEval {
		if err := evaluateOption(ctx, a, option); err != nil {
			a.Log.Warn("nix", "error", err, "command", run.CommandOf(err))
			a.Say("note: Nix could not evaluate the flake (%s); this is what the files say", app.WhyNot(a, err, l, flake, host))
		}
	}
	if err := option.Missing(); err != nil {
		return err
	}
	if err := unknownOption(ctx, a, option); err != nil {
		return err
	}
	return a.Print(option, option.WriteText)
}

// unknownOption goes by the names that ship where Nix has not told of an option and nothing sets it: it refuses one
// that they lack if another one is near. Without that a module of the user's may have the option, and there is a note.
func unknownOption(ctx context.Context, a *app.App, option *explain.Option) error {
	if !option.Untold() {
		return nil
	}
	names, err := a.Names(ctx)
	if err != nil {
		return err
	}
	kind := index.Option
	if option.User != "" {
		kind = index.HomeOption
	}
	wrong := option.Check(names.List(kind))
	switch {
	case wrong == nil:
		return nil
	case wrong.Hint != "":
		return fault.New(fault.Usage, "%s; %s", wrong.What, wrong.Hint)
	}
	a.Say("note: %s is not among the options of release %s that quick-deploy knows", option.Option, names.Release())
	return nil
}

func evaluateOption(ctx context.Context, a *app.App, option *explain.Option) error {
	runner := a.Retrying(a.Runner())
	if _, err := runner.LookPath("nix"); err != nil {
		return errors.New("nix is not installed here")
	}
	if _, err := os.Stat(filepath.Join(a.Flake, inputs.FlakeFile)); err != nil {
		return fmt.Errorf("%s holds no flake yet", a.Flake)
	}
	return option.Evaluate(ctx, runner, a.Flake)
}

// keyWords are the values of the host that is named, or else of the one that commands act on, by their paths.
func keyWords(a *app.App, args []string) []word {
	if len(args) > 0 {
		a = a.ForHost(args[0])
	}
	l, name, err := a.LoadHost()
	if err != nil {
		return nil
	}
	var out []word
	var walk func(n *profile.Node, path string)
	walk = func(n *profile.Node, path string) {
		for _, f := range n.Fields {
			out = append(out, word{Text: path + f.Key})
			walk(f.Value, path+f.Key+".")
		}
	}
	walk(l.Node(name), "")
	return out
}
