// Package systemdtest runs the program on machines with a real systemd: process 1 of namespaces, on
// Debian's packages. NixOS, Nix and home-manager are stand-ins whose units, accounts, links and exit
// codes are real; testdata/README.md says what of the real ones is in them, and where it stands there.
package systemdtest

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
)

// packages are what the machines have of Debian, beside the essential ones.
const packages = "systemd,systemd-sysv,dbus,libpam-systemd,polkitd,sudo,opendoas,procps,iproute2,util-linux," +
	"login,passwd,openssh-server,openssh-client,git,hostname,locales,ca-certificates"

// suite is what all machines of the tests stand on.
type suite struct {
	debian   string   // folder with a Debian
	layers   []string // of a machine that has been deployed once, topmost first
	borg     string   // the layer that makes another machine of it
	scratch  string
	once     sync.Once
	err      error
	skip     string // why there are no machines here
	byHandMu sync.Mutex
	byHand   map[string]func() ([]string, error)
}

var world suite

func TestMain(m *testing.M) {
	flag.Parse()
	_ = flag.Set("test.parallel", "4") // on two processors; with more, runs meet their time limits
	code := m.Run()
	if world.scratch != "" {
		os.RemoveAll(world.scratch)
	}
	os.Exit(code)
}

// unfit says why no machines can be made here, "" if they can.
func unfit() string {
	switch {
	case testing.Short():
		return "-short"
	case os.Geteuid() != 0:
		return "only root can make namespaces with a systemd in them"
	}
	for _, name := range []string{"mmdebstrap", "unshare", "nsenter"} {
		if _, err := exec.LookPath(name); err != nil {
			return name + " is not installed"
		}
	}
	if out, err := exec.Command("unshare", "--mount", "--pid", "--fork", "--net", "--cgroup", "sh", "-c",
		"mount -t tmpfs tmpfs /mnt && mount -t cgroup2 cgroup2 /mnt").CombinedOutput(); err != nil {
		return fmt.Sprintf("no namespaces: %s", out)
	}
	return ""
}

// needed skips a test where there are no machines, and fails it where they are required.
func needed(t *testing.T) {
	t.Helper()
	switch err := world.ready(); {
	case err != nil:
		t.Fatalf("set up the machines: %v", err)
	case world.skip == "":
	case !testing.Short() && os.Getenv("CI") == "true" && os.Getenv("QUICK_DEPLOY_TEST_SYSTEMD") == "require":
		t.Fatal(world.skip)
	default:
		t.Skip(world.skip)
	}
}

// ready sets up what the machines stand on, once.
func (w *suite) ready() error {
	w.once.Do(func() {
		if w.skip = unfit(); w.skip == "" {
			w.err = w.build()
		}
	})
	return w.err
}

func (w *suite) build() error {
	var err error
	if w.debian, err = debian(); err != nil {
		return err
	}
	if w.scratch, err = os.MkdirTemp("", "quick-deploy-suite-"); err != nil {
		return err
	}
	nixos := filepath.Join(w.scratch, "nixos")
	if err := installed(nixos, w.debian); err != nil {
		return err
	}
	build := exec.Command("go", "build", "-trimpath", "-o", filepath.Join(nixos, "usr/local/bin/quick-deploy"),
		"github.com/quick-deploy/quick-deploy/cmd/quick-deploy")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("build the program: %w\n%s", err, out)
	}
	w.layers = []string{nixos, w.debian}
	return w.deploy()
}

// deploy makes the first deployment, on which all scenarios stand, into a layer.
func (w *suite) deploy() (err error) {
	t := &shared{}
	defer t.end(&err)
	m := newMachine(t, w.layers...).start()
	m.must("ada", `mkdir -m 700 .ssh
ssh-keygen -q -t ed25519 -N '' -f .ssh/id_ed25519
cp .ssh/id_ed25519.pub .ssh/authorized_keys`)
	m.must("root", `ssh-keygen -q -t ed25519 -N '' -f /etc/ssh/key
echo "10.9.0.2 $(cat /etc/ssh/key.pub)" > /etc/ssh/ssh_known_hosts`)
	m.profile("old", "old")
	m.must("ada", environment+command+" --accept all")
	m.quiet()
	m.must("root", "rm -f /test/log; : > /test/log; chmod 666 /test/log; sync")
	m.cut()
	layer := filepath.Join(w.scratch, "deployed")
	if err := os.Rename(filepath.Join(m.dir, "up"), layer); err != nil {
		return err
	}
	w.layers = append([]string{layer}, w.layers...)
	w.borg = filepath.Join(w.scratch, "borg")
	return bare(w.borg)
}

// shared is the testing.TB of what several tests stand on: what fails in it fails each of them.
type shared struct {
	testing.TB
	ends []func()
}

// failure is what a shared part panics with, as a test ends its goroutine.
type failure string

func (s *shared) Helper()                      {}
func (s *shared) Cleanup(f func())             { s.ends = append(s.ends, f) }
func (s *shared) Fatal(args ...any)            { panic(failure(fmt.Sprint(args...))) }
func (s *shared) Fatalf(f string, args ...any) { panic(failure(fmt.Sprintf(f, args...))) }
func (s *shared) Errorf(f string, args ...any) { panic(failure(fmt.Sprintf(f, args...))) }

// end cleans up, and turns a failure into an error.
func (s *shared) end(err *error) {
	if f, ok := recover().(failure); ok {
		*err = errors.New(string(f))
	}
	for _, f := range slices.Backward(s.ends) {
		f()
	}
}

// debian is a folder with a Debian, made once and kept in the user's cache.
func debian() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "quick-deploy", fmt.Sprintf("test-trixie-%x", sha256.Sum256([]byte(packages)))[:32])
	if _, err := os.Stat(dir); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", err
	}
	tmp, err := os.MkdirTemp(filepath.Dir(dir), "test-new-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(tmp)
	root := filepath.Join(tmp, "root")
	cmd := exec.Command("mmdebstrap", "--variant=minbase", "--include="+packages, "trixie", root)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("make a Debian: %w\n%s", err, out)
	}
	return dir, os.Rename(root, dir)
}

// installed writes a machine with a NixOS that nobody has deployed yet into dir.
func installed(dir, base string) error {
	w := &writer{dir: dir}
	for _, kind := range []string{"ng", "ng-unit", "shell"} {
		w.tools(kind)
	}
	for _, s := range slices.Concat(systems, borgs) {
		w.system(s, base)
	}
	for _, h := range homes {
		w.home(h, "ada")
		w.home(h, "eve")
	}
	w.file(storePath("news.json"), "{}", 0o444)
	w.file(storePath("linux")+"/bzImage", "", 0o444)
	w.file(storePath("initrd")+"/initrd", "", 0o444)
	w.program("test/at", "at")
	for _, name := range []string{"init", "enter", "look", "quiet"} {
		w.program("test/"+name, "machine/"+name)
	}
	w.file("test/log", "", 0o666)
	w.file("etc/NIXOS", "", 0o644)
	w.file("etc/hostname", "atlas\n", 0o644)
	w.file("etc/machine-id", "0123456789abcdef0123456789abcdef\n", 0o444)
	first := nixos("old", nil).path()
	w.link("nix/var/nix/profiles/system-1-link", first)
	w.link("nix/var/nix/profiles/system", "system-1-link")
	w.file("boot/loader/loader.conf", "default nixos-generation-1.conf\n", 0o644)
	w.file("boot/loader/entries/nixos-generation-1.conf", "title NixOS\noptions init="+first+"/init\n", 0o644)
	for name, lines := range map[string]string{
		"passwd": "ada:x:1000:100::/home/ada:/bin/bash\neve:x:1001:100::/home/eve:/bin/bash\n",
		"shadow": "ada:$y$j9T$x$x:20000::::::\neve:$y$j9T$x$x:20000::::::\n", "group": "wheel:x:1000:ada\n",
	} {
		text, err := os.ReadFile(filepath.Join(base, "etc", name))
		if err != nil {
			return err
		}
		w.file("etc/"+name, string(text)+lines, 0o644)
	}
	// Each reload of systemd would run them all, for nothing that such a machine has.
	generators, err := os.ReadDir(filepath.Join(base, "usr/lib/systemd/system-generators"))
	if err != nil {
		return err
	}
	for _, g := range generators {
		w.link("etc/systemd/system-generators/"+g.Name(), "/dev/null")
	}
	// Set-uid programs are in /run/wrappers only. A device 0:0 hides a file of the layer below (overlayfs.rst).
	for _, name := range []string{"sudo", "doas"} {
		text, err := os.ReadFile(filepath.Join(base, "usr/bin", name))
		if err != nil {
			return err
		}
		w.file("usr/libexec/unwrapped/"+name, string(text), 0o755)
		w.file("usr/bin/.keep", "", 0o644)
		if err := syscall.Mknod(filepath.Join(dir, "usr/bin", name), syscall.S_IFCHR, 0); err != nil {
			return err
		}
	}
	for i, user := range []string{"ada", "eve"} {
		state := filepath.Join("home", user, ".local/state/nix/profiles")
		w.file(state+"/.keep", "", 0o644)
		for p := state; p != "home"; p = filepath.Dir(p) {
			w.err = cmp.Or(w.err, os.Chown(filepath.Join(dir, p), 1000+i, 100))
		}
	}
	for _, name := range []string{"test", "test/points", "nix/store"} {
		w.err = cmp.Or(w.err, os.MkdirAll(filepath.Join(dir, name), 0o755), os.Chmod(filepath.Join(dir, name), 0o777))
	}
	return w.err
}
