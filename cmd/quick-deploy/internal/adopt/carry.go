package adopt

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/regular"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
	"github.com/quick-deploy/quick-deploy/generator/nix"
	"github.com/quick-deploy/quick-deploy/generator/nix/syntax"
)

// File is a file of the host's folder in the new flake.
type File struct {
	// Path is relative to that folder, with slashes.
	Path string
	Data []byte
}

// Legacy is the old configuration as the new flake holds it.
type Legacy struct {
	// Files are the copies below legacy/, what they name outside of the old folder, and
	// legacy.nix, which imports them.
	Files []File
	// Left are files that were not copied, with the reason.
	Left []string
	// Brought are files and folders outside of the old folder that were copied, with the first place that names each.
	Brought []string
	// Secrets are places, as file:line, that look like a secret in plain words or its hash.
	Secrets []string
	// Obstacles are what a flake cannot evaluate, if it comes to evaluating it.
	Obstacles []Obstacle
}

// Obstacle is a place in the old configuration that pure evaluation does not take (Nix manual, pure-eval).
type Obstacle struct {
	// Place is file:line.
	Place string
	// Key is what Nix names when it fails there.
	Key string
	// What says what stands there, Do what to write instead.
	What, Do string
	// Sure says that it is in the way whatever Nix says: a file is named by itself and does not come along.
	Sure bool
}

func (o Obstacle) String() string { return o.Place + ": " + o.What + "; " + o.Do }

// secret fits the assignment of a text to a password, a token or a key: users.users.ada.hashedPassword = "…".
var (
	secretName = `[a-z_]*(?:password|passphrase|secret|token|apikey|privatekey|psk)`
	secret     = lazyregexp.New(`(?i)\b` + secretName + `"?\s*=\s*("[^"]|'')`)
	secretLast = lazyregexp.New(`(?i)` + secretName + `$`)
)

// IsSecret tells whether an option holds a secret or its hash, by its name.
func IsSecret(option []string) bool { return secretLast.MatchString(option[len(option)-1]) }

const (
	// maxFile is the size, in bytes, from which on a file that nothing names is not taken for configuration.
	maxFile = 1 << 20
	// maxAll and maxFiles bound what is copied: a flake is copied to the store before each evaluation.
	maxAll   = 256 << 20
	maxFiles = 20_000
)

// hardwareFile is what nixos-generate-config writes, and what people add to.
const hardwareFile = "hardware-configuration.nix"

// Carrier copies a configuration's files, so that the flake needs nothing outside of it.
type Carrier struct {
	Config Config
	// Find is the path of a name in Nix's search path, such as home-manager for <home-manager>.
	Find func(name string) (string, bool)
	// Home is the folder that ~ means.
	Home string
	// OtherHardware says that hardware-configuration.nix is another machine's, and stays behind.
	OtherHardware bool

	legacy  Legacy
	roots   []root
	taken   map[string]bool
	folders map[string]bool
	queue   []source
	size    int64
}

// root says where the files below a folder lie in the host's folder.
type root struct{ dir, at string }

// source is a Nix file that was copied.
type source struct {
	file, at string
	index    int // in Legacy.Files
}

// place is where in the old configuration something is named: by itself, or as a part of a folder.
type place struct {
	name   string
	line   int
	folder bool
}

func (p place) String() string { return fmt.Sprintf("%s:%d", p.name, p.line) }

// Carry copies the files of the configuration, and the files and folders outside of it that they name. Files that
// not everybody may read stay where they are: a flake ends up in the store, which everybody reads. Definitions tell
// which modules a flake consists of.
func (c *Carrier) Carry(defined []Definition) (Legacy, error) {
	c.roots = []root{{c.Config.Dir, "legacy"}, {"/", "legacy-outside"}}
	c.taken, c.folders = map[string]bool{}, map[string]bool{}
	if err := c.folder(c.Config.Dir, nil); err != nil {
		return Legacy{}, err
	}
	for len(c.queue) > 0 {
		next := c.queue[0]
		c.queue = c.queue[1:]
		if err := c.read(next); err != nil {
			return Legacy{}, err
		}
	}
	printed, err := nix.File{
		Header: "The configuration that this machine had before, unchanged; local.nix imports this file.\n" +
			"Delete from the files in legacy what the profile covers, and a file once nothing in it is needed.",
		Body: nix.Attrs{Body: []nix.Binding{{Path: []string{"imports"}, Value: c.Config.modules(defined)}}},
	}.Print()
	if err != nil {
		return Legacy{}, fmt.Errorf("print legacy.nix: %w", err)
	}
	c.legacy.Files = append(c.legacy.Files, File{"legacy.nix", printed.Source})
	return c.legacy, nil
}

// folder copies what lies in a folder; by is the place that names it, nil for the configuration's own.
func (c *Carrier) folder(dir string, by *place) error {
	key := dir
	if by != nil {
		key = "whole " + dir
	}
	// A link to a folder above would never end.
	if c.folders[key] || strings.Count(dir, "/") > 64 {
		return nil
	}
	c.folders[key] = true
	entries, err := os.ReadDir(dir)
	if err != nil {
		c.left(dir, by, "no permission to read it", "make it readable for your account")
		return nil
	}
	for _, e := range entries {
		if e.Name() == ".git" {
			continue
		}
		file := filepath.Join(dir, e.Name())
		info, err := os.Stat(file)
		switch {
		case err != nil:
			c.left(file, by, "a broken symbolic link", "remove it")
		case info.IsDir() && e.Type()&fs.ModeSymlink != 0 && by == nil:
			c.legacy.Left = append(c.legacy.Left, c.name(file)+": a link to a folder that no file names")
		case info.IsDir():
			if err := c.folder(file, by); err != nil {
				return err
			}
		default:
			if err := c.take(file, info, by); err != nil {
				return err
			}
		}
	}
	return nil
}

// take copies one file, once.
func (c *Carrier) take(file string, info fs.FileInfo, by *place) error {
	at := c.at(file)
	own := c.name(file)
	switch {
	case c.taken[at], own == "flake.nix", own == "flake.lock":
		return nil
	case !info.Mode().IsRegular():
		c.left(file, by, "not a regular file", "name a file or a folder")
		return nil
	case info.Mode().Perm()&0o004 == 0:
		c.left(file, by, "only some users may read it, and a flake is copied to the store, which every user can read",
			fmt.Sprintf("write its path as a string, %q, where the option reads a file at run time", file))
		return nil
	case info.Size() > maxFile && by == nil:
		c.legacy.Left = append(c.legacy.Left, fmt.Sprintf("%s: larger than %d KiB, and no file names it", own, maxFile/1024))
		return nil
	}
	if c.size += info.Size(); c.size > maxAll || len(c.taken) > maxFiles {
		from := c.Config.Dir
		if by != nil {
			from = by.String()
		}
		return fmt.Errorf("copy the configuration: what %s names has more than %d files or %d MiB, "+
			"and a flake is copied at every evaluation", from, maxFiles, maxAll>>20)
	}
	data, err := regular.ReadFile(file, maxAll)
	if err != nil {
		c.left(file, by, err.Error(), "make it readable for your account")
		return nil //nolint:nilerr // what cannot be read is reported, and refused where it is needed
	}
	c.taken[at] = true
	c.legacy.Left = slices.DeleteFunc(c.legacy.Left, func(s string) bool { return strings.HasPrefix(s, own+": ") })
	if c.OtherHardware && path.Base(at) == hardwareFile {
		data = []byte("# Another machine's; replaced by the " + hardwareFile + " that quick-deploy writes.\n{ }\n")
	}
	if strings.HasSuffix(file, ".nix") {
		c.queue = append(c.queue, source{file, at, len(c.legacy.Files)})
	}
	c.legacy.Files = append(c.legacy.Files, File{at, data})
	c.secrets(own, string(data))
	return nil
}

func (c *Carrier) secrets(name, data string) {
	number := 0
	for line := range strings.Lines(data) {
		number++
		if secret.MatchString(line) && !strings.HasPrefix(strings.TrimSpace(line), "#") {
			c.legacy.Secrets = append(c.legacy.Secrets, place{name: name, line: number}.String())
		}
	}
}

// left notes what is not copied: an obstacle where a file of the configuration names it.
func (c *Carrier) left(file string, by *place, why, do string) {
	if by == nil {
		c.legacy.Left = append(c.legacy.Left, c.name(file)+": "+why)
		return
	}
	c.legacy.Obstacles = append(c.legacy.Obstacles, Obstacle{
		Place: by.String(), Key: filepath.Base(file), What: "it names " + file + ": " + why, Do: do, Sure: !by.folder,
	})
}

// at returns where a file lies in the host's folder.
func (c *Carrier) at(file string) string {
	for _, r := range c.roots {
		if rel, err := filepath.Rel(r.dir, file); err == nil && filepath.IsLocal(rel) {
			return path.Join(r.at, filepath.ToSlash(rel))
		}
	}
	return path.Join("legacy-outside", filepath.ToSlash(file))
}

// name returns what messages call a file: relative to the configuration where it lies in it.
func (c *Carrier) name(file string) string {
	if rel, err := filepath.Rel(c.Config.Dir, file); err == nil && filepath.IsLocal(rel) {
		return filepath.ToSlash(rel)
	}
	return file
}

// read looks for what a file names, has it copied, and names it as it lies in the flake.
func (c *Carrier) read(s source) error {
	src := string(c.legacy.Files[s.index].Data)
	var out strings.Builder
	done := 0
	list := tokens(src)
	for i, t := range list {
		p := place{name: c.name(s.file), line: 1 + strings.Count(src[:t.From], "\n")}
		var now string
		var err error
		switch t.Kind {
		case syntax.Path:
			now, err = c.path(s, t, p)
		case syntax.Lookup:
			now, err = c.lookup(s, t, p)
		case syntax.Text:
			if i > 0 && slices.Contains(readers, list[i-1].Text) && strings.HasPrefix(t.Text, `"/`) {
				now, err = c.path(s, t, p)
			}
		case syntax.Word:
			c.impure(list[i:], p)
		}
		if err != nil {
			return err
		}
		if now != "" {
			out.WriteString(src[done:t.From] + now)
			done = t.To
		}
	}
	if done > 0 {
		c.legacy.Files[s.index].Data = []byte(out.String() + src[done:])
	}
	return nil
}

// tokens returns the tokens of a file that can name a file. What is no Nix gives tokens, too, and no error: Nix
// itself tells of it.
func tokens(src string) []syntax.Token {
	list, _ := syntax.Read(src)
	other := func(t syntax.Token) bool { return t.Kind == syntax.Other }
	return slices.DeleteFunc(syntax.All(list), other)
}

// readers are functions that take a path, also as a text.
var readers = []string{"import", "readFile", "readDir", "pathExists"}

// path has the target of a path copied, and gives what names the copy; "" where the path does as it stands.
func (c *Carrier) path(s source, t syntax.Token, p place) (string, error) {
	text := strings.Trim(t.Text, `"`)
	named := text
	if rest, ok := strings.CutPrefix(text, "~/"); ok {
		named = filepath.Join(c.Home, rest)
	}
	target := filepath.Clean(named)
	// /etc/nixos may be a link to the folder: its files are copied once.
	if dir, err := filepath.EvalSymlinks(filepath.Dir(target)); err == nil && filepath.IsAbs(named) {
		target = filepath.Join(dir, filepath.Base(target))
	}
	if !filepath.IsAbs(named) {
		target = filepath.Join(s.folder(), filepath.FromSlash(named))
	}
	// What is not there is a division, or a path that nobody asks for.
	whole := t.Open || strings.HasSuffix(text, "/.") || strings.HasSuffix(text, "..")
	if there, err := c.refer(target, whole, p); err != nil || !there {
		return "", err
	}
	at := c.at(target)
	if !filepath.IsAbs(named) && path.Join(path.Dir(s.at), named) == at {
		return "", nil
	}
	return literal(path.Dir(s.at), at, t.Open), nil
}

// folder returns where relative paths of the file begin: Nix follows a link to a file before it reads it.
func (s source) folder() string {
	if info, err := os.Lstat(s.file); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		if real, err := filepath.EvalSymlinks(s.file); err == nil {
			return filepath.Dir(real)
		}
	}
	return filepath.Dir(s.file)
}

// refer has a file or a folder copied, and tells whether there is one.
func (c *Carrier) refer(target string, whole bool, p place) (there bool, err error) {
	info, err := os.Stat(target)
	if err != nil {
		return false, nil //nolint:nilerr // whether it is needed, Nix tells
	}
	outside := c.name(target) == target && !filepath.IsAbs(p.name)
	if named := fmt.Sprintf("%s (%s)", target, p); outside && !slices.Contains(c.legacy.Brought, named) {
		c.legacy.Brought = append(c.legacy.Brought, named)
	}
	if !info.IsDir() {
		return true, c.take(target, info, &p)
	}
	module := filepath.Join(target, "default.nix")
	if info, err := os.Stat(module); err == nil && !whole {
		return true, c.take(module, info, &p)
	}
	p.folder = true
	return true, c.folder(target, &p)
}

// literal returns the path literal that leads from a folder of the flake to a file of it; one that an antiquotation
// goes on, if it is open.
func literal(from, to string, open bool) string {
	rel, err := filepath.Rel(filepath.FromSlash(from), filepath.FromSlash(to))
	if err != nil {
		return ""
	}
	rel = filepath.ToSlash(rel)
	if rel != "." && rel != ".." && !strings.HasPrefix(rel, "../") {
		rel = "./" + rel
	}
	switch {
	case !syntax.IsPath(rel + "/x"):
		if open {
			return ""
		}
		return "(./. + " + nix.Quote("/"+strings.TrimPrefix(rel, "./")) + ")"
	case !open && (rel == "." || strings.HasSuffix(rel, "..")):
		return rel + "/."
	}
	return rel
}

// ofNixOS is the folder of <nixpkgs> that NixOS gives its modules as modulesPath.
const ofNixOS = "nixpkgs/nixos/modules/"

// lookup has what the search path has under a name copied, and gives what names the copy.
func (c *Carrier) lookup(s source, t syntax.Token, p place) (string, error) {
	name := strings.Trim(t.Text, "<>")
	if rest, ok := strings.CutPrefix(name, ofNixOS); ok {
		return literal(path.Dir(s.at), c.module(rest), false), nil
	}
	first, _, _ := strings.Cut(name, "/")
	folder, known := c.Find(first)
	o := Obstacle{Place: p.String(), Key: t.Text, What: t.Text + " comes from a channel, and a flake has no channels"}
	switch {
	case first == "nixpkgs":
		o.Do = `use pkgs, which every module gets, or (modulesPath + "/…") for a module of NixOS`
	case !known:
		o.What = t.Text + " is not in any channel of your account"
		o.Do = "look for it among root's channels (sudo nix-channel --list), or fetch it by commit and hash"
	case isNixpkgs(folder):
		o.Do = "fetch that nixpkgs by commit and hash: " +
			"import (builtins.fetchTarball { url = …; sha256 = …; }) { inherit (pkgs.stdenv.hostPlatform) system; }"
	default:
		return c.found(s, name, folder, p)
	}
	c.legacy.Obstacles = append(c.legacy.Obstacles, o)
	return "", nil
}

// found has a name copied that the search path leads to folder by its first part.
func (c *Carrier) found(s source, name, folder string, p place) (string, error) {
	real, err := filepath.EvalSymlinks(folder)
	if err != nil {
		return "", nil //nolint:nilerr // whether it is needed, Nix tells
	}
	first, rest, _ := strings.Cut(name, "/")
	target := filepath.Join(real, filepath.FromSlash(rest))
	if info, err := os.Stat(real); err == nil && !info.IsDir() {
		real = filepath.Dir(real)
	}
	if known := (root{real, "legacy-lookup/" + first}); !slices.Contains(c.roots, known) {
		c.roots = slices.Insert(c.roots, len(c.roots)-1, known)
	}
	if there, err := c.refer(target, false, p); err != nil || !there {
		return "", err
	}
	return literal(path.Dir(s.at), c.at(target), false), nil
}

// module returns a file that imports a module of the flake's own NixOS.
func (c *Carrier) module(name string) string {
	at := "legacy-lookup/" + ofNixOS + name
	if !strings.HasSuffix(at, ".nix") {
		at += ".nix"
	}
	if !c.taken[at] {
		c.taken[at] = true
		c.legacy.Files = append(c.legacy.Files, File{at, []byte(
			"# The module from the flake's own nixpkgs, instead of the channel's.\n" +
				"{ modulesPath, ... }:\n{\n  imports = [ (modulesPath + " + nix.Quote("/"+name) + ") ];\n}\n",
		)})
	}
	return at
}

func isNixpkgs(folder string) bool {
	_, err := os.Stat(filepath.Join(folder, "nixos/lib/eval-config.nix"))
	return err == nil
}

// fetchers are the functions that fetch, with what each takes for a hash and what prints it.
var fetchers = map[string]struct {
	hashes []string
	do     string
}{
	"fetchTarball": {
		[]string{"sha256"},
		"pin it: fetchTarball { url = …COMMIT.tar.gz…; sha256 = …; }; nix-prefetch-url --unpack URL prints the hash",
	},
	"fetchurl": {
		[]string{"sha256", "hash", "sha512", "sha1"},
		"pin it: fetchurl { url = …; sha256 = …; }; nix-prefetch-url URL prints the hash",
	},
	"fetchGit": {
		[]string{"rev", "narHash"},
		"pin it: fetchGit { url = …; rev = …; }; git ls-remote URL prints the commits",
	},
	"fetchTree": {[]string{"rev", "narHash"}, "pin it by rev and narHash"},
}

// impureWords are builtins that have no value in a flake, or another one.
var impureWords = map[string]string{
	"currentSystem": "write pkgs.stdenv.hostPlatform.system", "currentTime": "write the time, or remove it",
	"storePath": "use a package or a flake input instead",
	"getEnv":    "in a flake it returns an empty string; write the value",
}

// impure notes what the words that a list begins with do not do in a flake.
func (c *Carrier) impure(list []syntax.Token, p place) {
	name := strings.TrimPrefix(list[0].Text, "__")
	if do, ok := impureWords[name]; ok {
		c.legacy.Obstacles = append(c.legacy.Obstacles, Obstacle{
			Place: p.String(), Key: name, What: "builtins." + name + " does not work in a flake", Do: do,
		})
	}
	f, ok := fetchers[name]
	if !ok || len(list) == 1 {
		return
	}
	argument := list[1]
	pinned := slices.ContainsFunc(list[1:min(len(list), 12)], func(t syntax.Token) bool {
		return t.Kind == syntax.Word && slices.Contains(f.hashes, t.Text)
	})
	set := argument.Kind == syntax.Word && slices.Contains([]string{"url", "inherit", "name"}, argument.Text)
	if argument.Kind == syntax.Text || argument.Kind == syntax.Path || set && !pinned {
		c.legacy.Obstacles = append(c.legacy.Obstacles, Obstacle{
			Place: p.String(), Key: name, What: name + " has no hash", Do: f.do,
		})
	}
}

// modules returns the files to import: the configuration, or all files of a flake
// that define something. Importing one that another imports already changes nothing: the module
// system takes each file once.
func (c Config) modules(defined []Definition) nix.List {
	var names []string
	if c.File != "" {
		names = []string{filepath.Base(c.File)}
	}
	for _, d := range defined {
		if c.File != "" {
			break
		}
		for _, f := range d.Files {
			if f != "flake.nix" && strings.HasSuffix(f, ".nix") {
				names = append(names, f)
			}
		}
	}
	slices.Sort(names)
	var list nix.List
	for _, name := range slices.Compact(names) {
		list = append(list, nix.Path("./legacy/"+name))
	}
	return list
}
