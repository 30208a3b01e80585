package main

import (
	"cmp"
	"context"
	"embed"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/man"
	"github.com/quick-deploy/quick-deploy/generator/bundle"
	"github.com/quick-deploy/quick-deploy/generator/profile"
	"github.com/quick-deploy/quick-deploy/schema"
)

// The scripts are the program's own: those of the library take a colon for the
// end of a name, and bundle:ai has one.
//
//go:embed completion
var completionScripts embed.FS

// wordVariable holds the word that is being completed, which the shells do not
// pass as an argument: it may be no argument yet.
const wordVariable = "QUICK_DEPLOY_COMPLETE"

// completions makes every command below c complete its words.
func (a *app) completions(c *cli.Command) {
	c.ShellComplete = a.complete
	for _, sub := range c.Commands {
		a.completions(sub)
	}
}

// completionCommand is what prints the scripts.
func (a *app) completionCommand(c *cli.Command) {
	c.Hidden = false
	c.Usage = "print a script that completes commands, flags and names"
	c.ArgsUsage = "bash | zsh | fish"
	c.Description = "Examples:\n" +
		"  source <(quick-deploy completion bash)\n" +
		"  source <(quick-deploy completion zsh)\n" +
		"  quick-deploy completion fish > ~/.config/fish/completions/quick-deploy.fish"
	c.Action = func(_ context.Context, cmd *cli.Command) error {
		return fault.New(fault.Usage, "no completion for %q", cmd.Args().First()).Hint("there is one for bash, zsh and fish")
	}
	c.Commands = nil
	for _, shell := range []string{"bash", "zsh", "fish"} {
		c.Commands = append(c.Commands, &cli.Command{
			Name: shell, Usage: "print the script for " + shell,
			Action: func(_ context.Context, cmd *cli.Command) error {
				if err := noArgs(cmd); err != nil {
					return err
				}
				script, err := completionScripts.ReadFile("completion/quick-deploy." + shell)
				if err != nil {
					return fmt.Errorf("read the script: %w", err)
				}
				_, err = a.stdout.Write(script)
				return err
			},
		})
	}
}

// suggestion is a word that may stand next, with a line about it.
type suggestion struct{ word, about string }

// complete prints the words that may stand where the cursor is, as lines of
// word, tab and explanation. What cannot be found out is left out silently:
// there is nobody to tell.
func (a *app) complete(_ context.Context, cmd *cli.Command) {
	if a.opts.profile == "" {
		a.opts.profile = os.Getenv("QUICK_DEPLOY_PROFILE")
	}
	args, word := cmd.Args().Slice(), os.Getenv(wordVariable)
	prefix, out := "", []suggestion(nil)
	last := ""
	if len(args) > 0 {
		last = args[len(args)-1]
	}
	name, _, assigned := strings.Cut(word, "=")
	switch {
	case strings.HasPrefix(last, "-") && takesValue(cmd, last):
		out = a.values(strings.TrimLeft(last, "-"))
	case strings.HasPrefix(word, "-") && assigned:
		prefix, out = name+"=", a.values(strings.TrimLeft(name, "-"))
	case strings.HasPrefix(word, "-"), strings.HasPrefix(last, "-"):
		out = flagNames(cmd)
	default:
		out = append(subcommands(cmd), a.arguments(cmd, args)...)
	}
	for _, s := range out {
		if s.word = prefix + s.word; !strings.HasPrefix(s.word, word) {
			continue
		}
		if s.about != "" {
			s.word += "\t" + s.about
		}
		fmt.Fprintln(a.stdout, s.word)
	}
}

// takesValue tells whether the flag, as it stands on the command line, wants a word after it.
func takesValue(cmd *cli.Command, arg string) bool {
	for _, c := range cmd.Lineage() {
		for _, f := range c.Flags {
			if slices.Contains(f.Names(), strings.TrimLeft(arg, "-")) {
				d, ok := f.(cli.DocGenerationFlag)
				return ok && d.TakesValue()
			}
		}
	}
	return false
}

func flagNames(cmd *cli.Command) []suggestion {
	var out []suggestion
	seen := map[string]bool{}
	for _, c := range cmd.Lineage() {
		for _, f := range c.Flags {
			local, ok := f.(cli.LocalFlag)
			name := f.Names()[0]
			if seen[name] || c != cmd && ok && local.IsLocal() {
				continue
			}
			seen[name] = true
			about := ""
			if d, ok := f.(cli.DocGenerationFlag); ok {
				about = strings.ReplaceAll(d.GetUsage(), "`", "")
			}
			out = append(out, suggestion{"--" + name, about})
		}
	}
	slices.SortFunc(out, byWord)
	return out
}

func byWord(x, y suggestion) int { return cmp.Compare(x.word, y.word) }

func subcommands(cmd *cli.Command) []suggestion {
	if cmd.Args().Present() {
		return nil
	}
	var out []suggestion
	for _, c := range cmd.Commands {
		// Every command has a help below it, which says what --help says.
		if !c.Hidden && (c.Name != "help" || cmd.Root() == cmd) {
			out = append(out, suggestion{c.Name, c.Usage})
		}
	}
	return out
}

// values are what may stand after a flag.
func (a *app) values(flag string) []suggestion {
	switch flag {
	case "host":
		return a.hosts()
	case "on":
		return append(a.hosts(), a.selectors()...)
	case "to":
		return deployments()
	case "preset":
		return presets()
	case "service":
		return a.services(func(bool) bool { return true })
	case "package":
		return bundles()
	case "desktop":
		return named("cosmic", "gnome", "plasma", "hyprland", "none")
	case "shell":
		return named("bash", "zsh", "fish")
	case "elevate":
		return named("auto", "sudo", "run0", "doas", "none")
	}
	return nil
}

// arguments are what may stand as the next argument of cmd.
func (a *app) arguments(cmd *cli.Command, args []string) []suggestion {
	var out []suggestion
	switch path := strings.TrimPrefix(cmd.FullName(), cmd.Root().Name+" "); path {
	case "services show":
		out = a.services(func(bool) bool { return true })
	case "services add":
		out = a.services(func(on bool) bool { return !on })
	case "services remove":
		out = a.services(func(on bool) bool { return on })
	case "fleet install":
		out = a.hosts()
	case "explain":
		out = append(a.hosts(), a.keys(args)...)
	case "man":
		for _, c := range cmd.Root().Commands {
			if !c.Hidden {
				out = append(out, suggestion{c.Name, c.Usage})
			}
		}
		out = append(out, suggestion{man.Profile, "the profile"})
	case "backup list", "backup restore":
		all, err := backups().List()
		if err != nil || len(args) > 0 {
			return nil
		}
		for _, m := range all {
			out = append(out, suggestion{word: m.ID})
		}
	}
	return slices.DeleteFunc(out, func(s suggestion) bool { return slices.Contains(args, s.word) })
}

func named(names ...string) []suggestion {
	out := make([]suggestion, len(names))
	for i, name := range names {
		out[i].word = name
	}
	return out
}

func (a *app) hosts() []suggestion {
	l, err := a.load()
	if err != nil {
		return nil
	}
	var out []suggestion
	for _, h := range l.profile.Hosts {
		out = append(out, suggestion{h.Name, strings.Join(slices.Concat(h.Groups, h.Tags), ", ")})
	}
	return out
}

// selectors are the groups and tags of the hosts.
func (a *app) selectors() []suggestion {
	l, err := a.load()
	if err != nil {
		return nil
	}
	var names []string
	for _, h := range l.profile.Hosts {
		for _, name := range slices.Concat(h.Groups, h.Tags) {
			names = append(names, "@"+name)
		}
	}
	slices.Sort(names)
	return named(slices.Compact(names)...)
}

// services are those of the catalogue for which keep says so; it is told whether the host runs it.
func (a *app) services(keep func(on bool) bool) []suggestion {
	all, err := catalogue()
	if err != nil {
		return nil
	}
	on := map[string]bool{}
	if l, err := a.load(); err == nil {
		if host := l.host(a); host != nil {
			for name := range all {
				n := host.Node.Get("services", name)
				on[name] = n != nil && n.Scalar != false
			}
		}
	}
	var out []suggestion
	for _, name := range sortedKeys(all) {
		if keep(on[name]) {
			out = append(out, suggestion{name, newEntry(name, all[name]).Summary})
		}
	}
	return out
}

// host is the host that commands act on, nil if that is not clear.
func (l *loaded) host(a *app) *profile.Host {
	name, err := a.hostName(l)
	if err != nil {
		return nil
	}
	i := slices.IndexFunc(l.profile.Hosts, func(h *profile.Host) bool { return h.Name == name })
	return l.profile.Hosts[i]
}

// keys are the values that the host has, by their paths.
func (a *app) keys(args []string) []suggestion {
	if len(args) > 0 {
		a.opts.host = args[0]
	}
	l, err := a.load()
	if err != nil {
		return nil
	}
	host := l.host(a)
	if host == nil {
		return nil
	}
	var out []suggestion
	var walk func(n *profile.Node, path string)
	walk = func(n *profile.Node, path string) {
		for _, f := range n.Fields {
			key := path + f.Key
			out = append(out, suggestion{word: key})
			walk(f.Value, key+".")
		}
	}
	walk(host.Node, "")
	return out
}

// deployments are the runs of history, newest first.
func deployments() []suggestion {
	store := &journal.Store{Dir: filepath.Join(stateHome(), "quick-deploy")}
	records, _ := store.Records()
	var out []suggestion
	for _, r := range records {
		out = append(out, suggestion{
			strconv.Itoa(r.ID), fmt.Sprintf("%s %s %s", r.Started.Local().Format("2006-01-02 15:04"), r.Verb, r.Result),
		})
	}
	return out
}

func presets() []suggestion {
	files, err := fs.Glob(schema.Presets(), "*.yaml")
	if err != nil {
		return nil
	}
	var out []suggestion
	for _, file := range files {
		// A preset without a comment is as good.
		text, _ := fs.ReadFile(schema.Presets(), file)
		out = append(out, suggestion{strings.TrimSuffix(file, ".yaml"), firstSentence(text)})
	}
	return out
}

func bundles() []suggestion {
	all, err := bundle.All()
	if err != nil {
		return nil
	}
	var out []suggestion
	for _, b := range all {
		out = append(out, suggestion{"bundle:" + b.Name, b.Summary})
	}
	return out
}
