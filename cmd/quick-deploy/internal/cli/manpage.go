package cli

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/preflight"
	"github.com/quick-deploy/quick-deploy/schema"
)

// profilePage is the manual page of the profile.
const profilePage = "quick-deploy.yaml"

// writePageNames lists all pages with their sections.
func writePageNames(w io.Writer, root *cli.Command) error {
	names := []string{root.Name + ".1"}
	for _, c := range root.Commands {
		if !c.Hidden && c.Name != "help" {
			names = append(names, root.Name+"-"+c.Name+".1")
		}
	}
	_, err := fmt.Fprintln(w, strings.Join(append(names, profilePage+".5"), "\n"))
	return err
}

// manPage is a page as Markdown.
func manPage(root *cli.Command, name string) ([]byte, error) {
	var b bytes.Buffer
	switch name {
	case "", root.Name:
		page(&b, root, root)
		return b.Bytes(), nil
	case profilePage:
		n, err := schema.Root()
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, "%% %s 5\n\n# NAME\n\n%s - a NixOS machine, or a fleet, in one file\n\n",
			strings.ToUpper(profilePage), profilePage)
		err = schema.Reference(&b, n)
		return b.Bytes(), err
	}
	for _, c := range root.Commands {
		if c.Name == name {
			page(&b, root, c)
			return b.Bytes(), nil
		}
	}
	return nil, fault.New(fault.Usage, "no manual page %q", name).Hint("quick-deploy man --list names them")
}

func page(b *bytes.Buffer, root, c *cli.Command) {
	name := root.Name
	if c != root {
		name += "-" + c.Name
	}
	fmt.Fprintf(b, "%% %s 1\n\n# NAME\n\n%s - %s\n\n# SYNOPSIS\n\n**%s** [*OPTION*...] %s\n\n",
		strings.ToUpper(name), name, c.Usage, strings.Replace(name, "-", " ", strings.Count(name, "-")-1), c.ArgsUsage)
	if c.Description != "" {
		fmt.Fprintf(b, "# DESCRIPTION\n\n%s\n\n", c.Description)
	}
	if len(c.Commands) > 0 {
		fmt.Fprint(b, "# COMMANDS\n\n")
		for _, sub := range c.Commands {
			if !sub.Hidden {
				fmt.Fprintf(b, "**%s** %s\n:   %s\n\n", sub.Name, sub.ArgsUsage, sub.Usage)
			}
		}
	}
	manOptions(b, c.Flags)
	if slices.ContainsFunc(c.Flags, func(f cli.Flag) bool { return slices.Contains(f.Names(), "skip") }) {
		fmt.Fprint(b, "# PREFLIGHT CHECKS\n\nThe names that **--skip** takes.\n\n")
		for _, check := range preflight.List() {
			fmt.Fprintf(b, "**%s**\n:   %s\n\n", check.Name, check.Doc)
		}
	}
	if c != root {
		fmt.Fprintf(b, "The global options of quick-deploy(1) apply too.\n\n")
		return
	}
	exitStatus(b)
}

func manOptions(b *bytes.Buffer, flags []cli.Flag) {
	if len(flags) == 0 {
		return
	}
	fmt.Fprint(b, "# OPTIONS\n\n")
	for _, f := range flags {
		var names []string
		for _, n := range f.Names() {
			dash := "--"
			if len(n) == 1 {
				dash = "-"
			}
			names = append(names, "**"+dash+n+"**")
		}
		usage, env := "", []string(nil)
		if d, ok := f.(cli.DocGenerationFlag); ok {
			usage, env = d.GetUsage(), d.GetEnvVars()
		}
		usage = strings.ReplaceAll(usage, "`", "*")
		if len(env) > 0 {
			usage += " (environment: " + strings.Join(env, ", ") + ")"
		}
		fmt.Fprintf(b, "%s\n:   %s\n\n", strings.Join(names, ", "), usage)
	}
}

func exitStatus(b *bytes.Buffer) {
	fmt.Fprint(b, "# EXIT STATUS\n\n")
	for _, c := range fault.Codes() {
		fmt.Fprintf(b, "**%d**\n:   %s\n\n", c.Code, c.Meaning)
	}
}
