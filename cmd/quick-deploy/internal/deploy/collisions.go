package deploy

import (
	"context"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/backup"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/preflight"
)

// homeFiles lists what a built home will link into the home directory: every
// file below its home-files, which is what home-manager itself walks.
func homeFiles(pkg string, u User) []string {
	root, err := resolve(filepath.Join(pkg, "home-files"))
	if err != nil {
		return nil
	}
	var out []string
	_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil // what cannot be read here home-manager names itself
		}
		rel, err := filepath.Rel(root, path)
		if err == nil {
			out = append(out, filepath.Join(u.Home, rel))
		}
		return nil
	})
	return out
}

// inTheWay are the files that home-manager will move aside: those of the user's own.
func (s *session) inTheWay() []string {
	var out []string
	for _, u := range s.goal.homes() {
		if s.state.Homes[u.Name] == s.state.Before.Homes[u.Name].Path {
			continue
		}
		out = append(out, homeFiles(s.state.Homes[u.Name], u)...)
	}
	return out
}

// builtHomes are the homes that will be installed, as they are built.
func (s *session) builtHomes() []preflight.Home {
	var out []preflight.Home
	for _, u := range s.goal.homes() {
		if path, err := resolve(filepath.Join(s.state.Homes[u.Name], "home-path")); err == nil {
			out = append(out, preflight.Home{User: u.Name, Dir: u.Home, Path: path})
		}
	}
	return out
}

// keepHomeFiles backs up what home-manager is about to move aside, so that one
// command brings it back.
func (s *session) keepHomeFiles(ctx context.Context) error {
	var items []backup.Item
	for _, f := range s.inTheWay() {
		link, err := filepath.EvalSymlinks(f)
		if err != nil || strings.HasPrefix(link, filepath.Dir(s.state.System)+"/") {
			continue // not there, or home-manager's own link into the store
		}
		items = append(items, backup.Item{Path: f, Why: "in home-manager's way"})
	}
	if len(items) == 0 {
		return nil
	}
	b := s.backups()
	if s.data.HomeBackup == "" {
		s.data.HomeBackup = b.NewID()
		if err := s.save(); err != nil {
			return err
		}
	}
	if _, err := b.Make(ctx, s.data.HomeBackup, s.state.ID, items); err != nil {
		return err
	}
	s.say("%d files in home-manager's way are in backup %s", len(items), s.data.HomeBackup)
	return nil
}
