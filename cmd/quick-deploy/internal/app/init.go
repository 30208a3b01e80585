package app

import (
	"context"
	"errors"
	"net/http"
	"path/filepath"
	"slices"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/github"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/inputs"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/setup"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/source"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/starter"
)

// SchemaFile is the copy of the schema that lies beside a profile for editors.
const SchemaFile = ".quick-deploy.schema.json"

// InitOptions are the flags of init.
type InitOptions struct {
	setup.TakeOver
	AnswersFile string
	SaveAnswers string
	Lock        string // which nixpkgs: LockNewest, built-in or ""
	Given       setup.Given
}

// Init writes a first profile for this machine, at path. Build tells that somebody was asked, and wants to see
// what it changes.
func Init(ctx context.Context, a *App, o InitOptions) (path string, build bool, err error) {
	if !slices.Contains([]string{"", LockNewest, inputs.ByProgram}, o.Lock) {
		return "", false, fault.New(fault.Usage, "--lock %q is neither %s nor %s", o.Lock, LockNewest, inputs.ByProgram)
	}
	if path = a.Profile; path == "" {
		path = "quick-deploy.yaml"
	}
	if !a.DryRun {
		if err := setup.Absent(path, "quick-deploy --profile other.yaml init"); err != nil {
			return path, false, err
		}
		if err := setup.Absent(o.SaveAnswers, "--save-answers other.yaml"); err != nil {
			return path, false, err
		}
	}
	guide, err := newGuide(ctx, a, path)
	if err != nil {
		return path, false, err
	}
	defer guide.Close()
	o.Answered = o.AnswersFile != ""
	if err := guide.ReadConfig(ctx, o.TakeOver); err != nil {
		return path, false, err
	}
	if err := guide.TakeKeys(ctx, o.Given, o.Answered); err != nil {
		return path, false, err
	}
	answers, build, err := guide.Answers(ctx, o.AnswersFile, o.Given)
	if err != nil {
		return path, false, err
	}
	answers.Schema = SchemaFile
	text, err := starter.Profile(answers)
	if err != nil {
		return path, false, err
	}
	l, err := a.LoadText(path, text)
	if err != nil {
		return path, false, err
	}
	if err := guide.Check(ctx, answers); err != nil {
		return path, false, err
	}
	if a.DryRun {
		return path, false, errors.Join(a.PrintFile(path, text), firstLock(ctx, a, l, o.Lock))
	}
	if err := guide.Place(answers.Hostname); err != nil {
		return path, false, err
	}
	if err := writeFirst(path, text, o.SaveAnswers, answers); err != nil {
		return path, false, err
	}
	after := "; look it over, then quick-deploy diff and quick-deploy switch"
	if build {
		after = ""
	}
	a.Say("%s: written%s", path, after)
	return path, build, firstLock(ctx, a, l, o.Lock)
}

func newGuide(ctx context.Context, a *App, path string) (*setup.Guide, error) {
	files, err := source.New(a.Seen, a.ExtendsFrom)
	if err != nil {
		return nil, err
	}
	return setup.New(ctx, setup.Config{
		Terminal: a.Terminal, Path: path, Root: a.Root, Flake: a.Flake, NoProbe: a.NoProbe, DryRun: a.DryRun, Source: files,
		GitHub: github.Client{HTTP: &http.Client{}, Timeout: a.Limits.Network}, Retry: a.Retry().Do,
	})
}

// writeFirst writes the profile, the schema beside it and, if asked for, the
// answers. The profile comes last: where it is, the rest is too.
func writeFirst(path string, text []byte, save string, answers starter.Answers) error {
	bundle, err := Schema()
	if err != nil {
		return err
	}
	if err := writeNamed(filepath.Join(filepath.Dir(path), SchemaFile), bundle, 0o644); err != nil {
		return err
	}
	if save != "" {
		data, err := starter.File(answers)
		if err != nil {
			return err
		}
		if err := writeNamed(save, data, 0o644); err != nil {
			return err
		}
	}
	return writeNamed(path, text, 0o644)
}
