package systemdtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// machine is a NixOS made of stand-ins on a Debian whose systemd is real: it runs in namespaces,
// on a file system that is laid over layers which machines share.
type machine struct {
	t      testing.TB
	peer   *machine // at the other end of its cable
	disk   string   // its size, for mount; "": what the tests have
	dir    string   // up and work of the overlay
	layers []string
	pid    int // of its init, 0: off
	init   *exec.Cmd
}

// boot is process 1 of a machine until it becomes systemd. It goes into a control group of its own first:
// two systemds in one would stop each other's units. $1: name of the group, $2: folder, $3: layers below, $4: size.
const boot = `set -e
mount --make-rprivate /
[ -z "$4" ] || mount -t tmpfs -o "size=$4" tmpfs "$2"
mkdir -p "$2"/up "$2"/work "$2"/root
mount -t cgroup2 cgroup2 "$2/root"
mkdir "$2/root/$1"
echo $$ > "$2/root/$1/cgroup.procs"
umount "$2/root"
exec unshare --cgroup bash -ec '
mount -t overlay overlay -o "lowerdir=$3,upperdir=$2/up,workdir=$2/work" "$2/root"
cd "$2/root"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=666,mode=620,gid=5 devpts dev/pts
mount -t tmpfs tmpfs dev/shm
for n in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 dev/${n%:*} c 1 ${n#*:}; done
mknod -m 666 dev/tty c 5 0
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s fd/0 dev/stdin
ln -s fd/1 dev/stdout
ln -s fd/2 dev/stderr
: > dev/console
ip link set lo up
mkdir -p .old
pivot_root . .old
umount -l /.old
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
# What the boot loader starts: the default entry. Its init activates the system (stage-2-init.sh).
entry=$(sed -n "s/^default //p" /boot/loader/loader.conf)
toplevel=$(sed -n "s,^options init=\(.*\)/init$,\1,p" "/boot/loader/entries/$entry")
"$toplevel/activate"
ln -sfn "$toplevel" /run/booted-system
exec env -i container=test TERM=dumb PATH=$PATH /lib/systemd/systemd --system --log-target=journal --show-status=no
' boot "$@"`

var group atomic.Int32

// newMachine makes a machine on layers, the topmost first. It ends with the test.
func newMachine(t testing.TB, layers ...string) *machine {
	t.Helper()
	dir, err := os.MkdirTemp("", "quick-deploy-machine-")
	if err != nil {
		t.Fatal(err)
	}
	m := &machine{t: t, dir: dir, layers: layers}
	t.Cleanup(func() {
		m.cut()
		os.RemoveAll(dir)
	})
	return m
}

// start turns the machine on.
func (m *machine) start() *machine {
	m.t.Helper()
	name := fmt.Sprintf("quick-deploy-test-%d-%d", os.Getpid(), group.Add(1))
	var log bytes.Buffer
	m.init = exec.Command("bash", "-c", boot, "boot", name, m.dir, strings.Join(m.layers, ":"), m.disk)
	m.init.Stderr, m.init.WaitDelay = &log, time.Second
	m.init.SysProcAttr = &syscall.SysProcAttr{
		Pdeathsig: syscall.SIGKILL,
		Cloneflags: syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWUTS | syscall.CLONE_NEWIPC |
			syscall.CLONE_NEWNET,
	}
	if err := m.init.Start(); err != nil {
		m.t.Fatalf("start a machine: %v", err)
	}
	m.pid = m.init.Process.Pid
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		if _, err := os.Stat(m.path("/run/systemd/private")); err == nil {
			break
		}
		if time.Now().After(end) {
			m.t.Fatalf("systemd did not start: %s", &log)
		}
	}
	// "degraded" ends with 1: that a unit has failed is for the test to judge.
	if out, _ := m.root("systemctl is-system-running --wait"); out != "running\n" && out != "degraded\n" {
		m.t.Fatalf("systemd did not come up: %s", out)
	}
	return m
}

// cut ends the machine as a power cut does.
func (m *machine) cut() {
	if m.pid == 0 {
		return
	}
	_ = syscall.Kill(m.pid, syscall.SIGKILL)
	m.ended()
}

// ended waits until the machine is off.
func (m *machine) ended() {
	_ = m.init.Wait()
	m.pid = 0
}

// path is a file of the running machine, seen from outside.
func (m *machine) path(name string) string {
	return filepath.Join("/proc", fmt.Sprint(m.pid), "root", name)
}

// inside is a command inside of the machine, as a user, in a control group of its user.slice.
func (m *machine) inside(ctx context.Context, user, script string, args ...string) *exec.Cmd {
	const enter = `g=/sys/fs/cgroup/user.slice/test.scope
mkdir -p $g && echo $$ > $g/cgroup.procs
user=$1 home=$(getent passwd "$1" | cut -d: -f6)
shift
cd "$home"
exec setpriv --reuid "$user" --regid "$(id -g "$user")" --init-groups env -i "HOME=$home" "USER=$user" "LOGNAME=$user" \
  TERM=dumb LANG=C.UTF-8 PATH=/run/wrappers/bin:/run/current-system/sw/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin \
  bash -c "$@"`
	full := []string{"-t", fmt.Sprint(m.pid), "-m", "-p", "-u", "-i", "-n", "-C", "-r", "-w", "bash", "-c", enter, "enter", user, script, "test"}
	cmd := exec.CommandContext(ctx, "nsenter", append(full, args...)...)
	cmd.WaitDelay = time.Second
	return cmd
}

// root runs a script as root and returns what it printed.
func (m *machine) root(script string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := m.inside(ctx, "root", script, args...).Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	return string(out), err
}

// must runs a script as a user and fails the test if it does.
func (m *machine) must(user, script string, args ...string) string {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	out, err := m.inside(ctx, user, script, args...).CombinedOutput()
	if err != nil {
		m.t.Fatalf("%s: %v\n%s", script, err, out)
	}
	return string(out)
}
