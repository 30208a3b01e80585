package cli

import (
	"context"

	"github.com/urfave/cli/v3"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/app"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/generator/image"
	"github.com/quick-deploy/quick-deploy/generator/profile"
)

var _ = register(97, imageCommand)

func imageCommand(a *app.App) *cli.Command {
	var o app.ImageOptions
	var list bool
	return &cli.Command{
		Name:      "image",
		Usage:     "build a host as an image: for a cloud, a hypervisor, a container, a USB stick",
		ArgsUsage: "VARIANT [HOST] [-- NIX-FLAGS...]",
		Description: described(`
nixos-rebuild build-image, from a throwaway flake that extends the host: it has the users and
services of the profile, without the disks, boot loader and drivers of the machine. An image that
nobody could enter is refused. The path of the file is printed; quick-deploy help images says
what to do with it.`,
			"quick-deploy image --list", "quick-deploy image iso", "quick-deploy --dry-run image qemu-efi",
			"quick-deploy image proxmox -o /tmp/atlas"),
		Flags: append([]cli.Flag{
			plainFlag("list", "list the variants", &list),
			&cli.StringFlag{
				Name: "out-link", Aliases: []string{"o"}, Usage: "keep the image from garbage collection by a link at `PATH`",
				DefaultText: "result-HOST-VARIANT", TakesFile: true, Destination: &o.OutLink,
			},
		}, buildFlags(&o.RunOptions)...),
		ShellComplete: words{"": imageWords}.complete(a),
		Action: anyArgs(func(ctx context.Context, args []string) error {
			if list {
				return app.ListImages(a)
			}
			names, flags := namesAndFlags(args)
			o.NixArgs = flags
			switch {
			case len(names) == 0:
				return fault.New(fault.Usage, "image needs a variant, such as iso").
					Hint("quick-deploy image --list shows them all")
			case len(names) > 2:
				return fault.New(fault.Usage, "unexpected argument %q", names[2]).Hint("flags of Nix follow --")
			}
			v, ok := image.Find(names[0])
			if !ok {
				e := fault.New(fault.Usage, "unknown variant %q", names[0])
				if near := profile.Nearest(names[0], image.Names()); near != "" {
					return e.Hint("%s", profile.Meant(near))
				}
				return e.Hint("quick-deploy image --list shows them all")
			}
			if len(names) > 1 {
				return app.Image(ctx, a.ForHost(names[1]), v, o)
			}
			return app.Image(ctx, a, v, o)
		}),
	}
}

// imageWords are the variants, then the hosts.
func imageWords(a *app.App, args []string) []word {
	switch len(args) {
	case 0:
		return wordsOf(image.Variants, nil, func(v image.Variant) word { return word{v.Name, v.About} })
	case 1:
		return hostWords(a, args)
	}
	return nil
}
