package deploy

import (
	"context"
	"errors"
	"fmt"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
)

// putBack undoes what the run switched, homes, running system and boot default
// as one unit. It tries all of it even where a part fails.
func (s *session) putBack(ctx context.Context) error {
	was := s.data.Before
	s.say("putting back: %s", was.Current)
	if err := s.hook("put-back"); err != nil {
		return err
	}
	now, err := s.machine(ctx, s.goal.Users, true)
	if err != nil {
		return err
	}
	var errs []error
	for _, u := range s.goal.Users {
		old, ok := was.Homes[u.Name]
		if !ok {
			continue
		}
		if now.Homes[u.Name].Path == old.Path {
			// The same home, maybe under another number: putting back was cut off there.
			errs = append(errs, s.homeGeneration(ctx, u, old))
			continue
		}
		if old.Path == "" {
			s.say("%s had no home-manager generation before; the new one stays", u.Name)
			continue
		}
		errs = append(errs, s.homeBack(ctx, u, old))
	}
	errs = append(errs, s.systemBack(ctx, was, now))
	if err := errors.Join(errs...); err != nil {
		return err
	}
	end, err := s.machine(ctx, s.goal.Users, true)
	if err != nil {
		return err
	}
	if end.Current != was.Current || end.System.Path != was.System.Path {
		return fmt.Errorf("the machine runs %s and boots %s instead of %s and %s", end.Current, end.System.Path, was.Current, was.System.Path)
	}
	s.note(journal.Event{Type: "message", Message: "the machine is as it was before"})
	return nil
}

// homeBack activates an earlier home and makes its very generation current
// again. The order matters: activate removes the links of the home that is current.
func (s *session) homeBack(ctx context.Context, u User, old journal.Generation) error {
	suffix := s.data.Suffix
	if suffix == "" {
		suffix = fmt.Sprintf("before-quick-deploy-%d", s.state.ID)
	}
	if _, err := s.command(ctx, s.activateHome(old.Path, u, suffix+"-back")); err != nil {
		return fmt.Errorf("home of %s: %w", u.Name, err)
	}
	return s.homeGeneration(ctx, u, old)
}

// homeGeneration makes a home generation with its recorded number current, if it is there.
func (s *session) homeGeneration(ctx context.Context, u User, old journal.Generation) error {
	if p, ok := generationPath(old.Profile, old.Number); !ok || p != old.Path {
		return nil // collected; activate has made a new one with the same path
	}
	g, err := generation(old.Profile)
	if err == nil && g.Number == old.Number {
		return nil
	}
	c := s.switchGeneration(old.Profile, old.Number)
	if u.Name != s.cfg.User {
		c.As = u.Name
	}
	if _, err := s.command(ctx, c); err != nil {
		return fmt.Errorf("home of %s: %w", u.Name, err)
	}
	return nil
}

// systemBack puts the boot default back first, so that even a failure behind it boots well, then the running system.
func (s *session) systemBack(ctx context.Context, was, now journal.Machine) error {
	if was.Current == "" && was.System.Path == "" {
		return errors.New("there was no system before this run to go back to")
	}
	var errs []error
	if was.System.Path != "" && (now.System.Path != was.System.Path || now.System.Number != was.System.Number) {
		c := s.switchGeneration(s.cfg.Paths.System, was.System.Number)
		if p, ok := generationPath(s.cfg.Paths.System, was.System.Number); !ok || p != was.System.Path {
			c = s.setProfile(was.System.Path)
		}
		c.Elevate = true
		if _, err := s.command(ctx, c); err != nil {
			errs = append(errs, fmt.Errorf("system profile: %w", err))
		} else if err := s.switchTo(ctx, was.System.Path, "boot", nil); err != nil {
			errs = append(errs, fmt.Errorf("boot loader: %w", err))
		}
	}
	if was.Current == "" {
		return errors.Join(errs...)
	}
	// Also where the link has not moved yet: an activation that failed half-way has stopped units.
	if err := s.switchTo(ctx, was.Current, "test", nil); err != nil {
		errs = append(errs, fmt.Errorf("running system: %w", err))
	}
	return errors.Join(errs...)
}
