package deploy

import "testing"

// World is the machine of files, for the tests outside of the package that show whole sessions.
type World struct{ *world }

// NewWorld makes one with a running system and a home.
func NewWorld(t testing.TB) World { return World{newWorld(t)} }

// Deployer makes a deployer for it.
func (w World) Deployer(change ...func(*Config)) *Deployer { return w.deployer(change...) }

// Goal is a goal for it.
func (w World) Goal(v Verb) Goal { return w.goal(v) }

// Write changes the flake.
func (w World) Write(t testing.TB, text string) { w.writeFlake(t, text) }

// FailNew makes the commands that contain text fail for the system that the flake describes now.
func (w World) FailNew(c *Config, text string, code int) {
	n := 0
	c.Runner = &failing{world: w.world, match: w.hash(w.flake()), with: text, code: code, count: &n}
}

// Rel is a text without what differs from world to world.
func (w World) Rel(text string) string { return w.rel(text) }

// Dir is where it lies, for replacing it by a fixed name in what is compared.
func (w World) Dir() string { return w.dir }
