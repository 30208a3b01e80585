package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fault"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/fleet"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/health"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/journal"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/run"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/ssh"
)

// insideNamespaces marks the test process that runs in namespaces of its own.
const insideNamespaces = "QUICK_DEPLOY_TEST_NAMESPACES"

// inNamespaces runs the calling test again in a network, mount and process
// namespace of its own, where it may set up machines without touching this one.
// It reports whether the caller is that second run.
func inNamespaces(t *testing.T) bool {
	t.Helper()
	if os.Getenv(insideNamespaces) != "" {
		return true
	}
	if os.Getuid() != 0 {
		t.Skip("machines in network namespaces need root")
	}
	for _, tool := range []string{"ip", "sshd", "ssh", "ssh-keygen", "unshare", "chroot", "mount"} {
		if _, err := exec.LookPath(tool); err == nil {
			continue
		}
		if os.Getenv("CI") == "true" {
			t.Fatalf("no %s: apt-get install openssh-server openssh-client iproute2", tool)
		}
		t.Skipf("machines in network namespaces need %s: apt-get install openssh-server openssh-client iproute2", tool)
	}
	if out, err := exec.Command("unshare", "--net", "--mount", "true").CombinedOutput(); err != nil {
		t.Skipf("no namespaces here: %v: %s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), "unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
		os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=10m")
	cmd.Env = append(os.Environ(), insideNamespaces+"=1")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
	return false
}

// remote is a machine with an address, a file system and an ssh server of its own.
type remote struct {
	t    *testing.T
	name string
	addr string
	root string // its /run, /nix, /boot, /test and /root are below
	link string // our end of the cable
}

// network is several remotes and the program beside them.
type network struct {
	*computer
	hosts map[string]*remote
	key   string
}

func sh(t *testing.T, script string, args ...string) {
	t.Helper()
	out, err := exec.Command("bash", append([]string{"-euc", script, "bash"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s\n%s", err, out, script)
	}
}

func newNetwork(t *testing.T, names ...string) *network {
	n := &network{computer: newComputer(t), hosts: map[string]*remote{}, key: filepath.Join(t.TempDir(), "key")}
	sh(t, `mount --make-rprivate / && mount -t tmpfs tmpfs /run && ip link set lo up && ssh-keygen -q -t ed25519 -N '' -f "$1"`, n.key)
	for i, name := range names {
		n.hosts[name] = n.boot(name, i+1)
	}
	return n
}

// boot starts a machine: a namespace with a cable to ours, a root of its own
// that shares the programs and /tmp with ours, and sshd.
func (n *network) boot(name string, i int) *remote {
	r := &remote{
		t: n.t, name: name, addr: fmt.Sprintf("10.213.%d.2", i), root: n.t.TempDir(), link: fmt.Sprintf("qd%d", i),
	}
	bin := filepath.Join(r.root, "test/bin")
	n.put(filepath.Join(bin, "systemctl"), `#!/bin/sh
# Every service is well, unless the test says that they are not; there are no sockets and timers.
[ "$1" = show ] || exit 0
while [ "$1" != -- ]; do shift; done; shift
state=active; [ ! -e /test/sick ] || state=failed
for unit; do
  load=loaded; case $unit in *.service) ;; *) load=not-found ;; esac
  printf 'Id=%s\nNames=%s\nLoadState=%s\nActiveState=%s\nSubState=x\nResult=x\nExecMainStatus=0\nType=simple\n\n' "$unit" "$unit" $load $state
done
`)
	if err := os.Chmod(filepath.Join(bin, "systemctl"), 0o755); err != nil {
		n.t.Fatal(err)
	}
	config := []string{
		"Port 22", "HostKey " + n.key, "AuthorizedKeysFile " + n.key + ".pub", "StrictModes no", "UsePAM no", "PermitRootLogin yes",
		"PidFile none", "MaxStartups 100", "LogLevel ERROR",
	}
	// Root's half of a run finds Nix there, and systemctl beside it.
	tools := filepath.Join(r.root, "test/tools")
	link := func(program string) {
		if err := errors.Join(os.MkdirAll(tools, 0o755), os.Symlink(program, filepath.Join(tools, filepath.Base(program)))); err != nil {
			n.t.Fatal(err)
		}
	}
	link("/test/bin/systemctl")
	set := "SetEnv QUICK_DEPLOY_TEST_ROOT=/"
	for _, kv := range n.env.Vars() {
		key, value, _ := strings.Cut(kv, "=")
		if strings.HasPrefix(key, "NIX_") && value != "" || key == "QUICK_DEPLOY_TEST_NIX" {
			set += " " + kv
		}
		if key == "QUICK_DEPLOY_TEST_NIX" {
			for _, program := range []string{"nix", "nix-env", "nix-store"} {
				link(filepath.Join(value, program))
			}
		}
	}
	// One SetEnv: sshd takes the first only.
	config = append(config, set+" PATH=/test/bin:"+n.env.Path())
	n.put(filepath.Join(r.root, "test/sshd_config"), strings.Join(config, "\n")+"\n")
	sh(n.t, `
name=$1 root=$2 link=$3 net=$4
mkdir -p "$root"/{run/sshd,nix/var/nix/profiles/default,boot,test,root}
ln -s "$5" "$root/nix/var/nix/profiles/default/bin"
ip netns add "$name"
ip link add "$link" type veth peer name eth0 netns "$name"
ip addr add "$net.1/24" dev "$link"; ip link set "$link" up
ip -n "$name" addr add "$net.2/24" dev eth0; ip -n "$name" link set eth0 up; ip -n "$name" link set lo up
`, name, r.root, r.link, strings.TrimSuffix(r.addr, ".2"), tools)
	cmd := exec.Command("ip", "netns", "exec", name, "unshare", "--mount", "bash", "-euc", `
root=$1; new=$root/test/root; mkdir -p "$new"; mount -t tmpfs tmpfs "$new"
for dir in /bin /lib /lib64 /sbin; do [ ! -L $dir ] || cp -P $dir "$new$dir"; done
for dir in /bin /lib /lib64 /sbin /usr /etc /opt /tmp /dev /proc; do
  [ -d $dir ] && [ ! -L $dir ] || continue
  mkdir -p "$new$dir"; mount --rbind $dir "$new$dir"
done
for dir in run nix boot test root; do mkdir "$new/$dir"; mount --bind "$root/$dir" "$new/$dir"; done
exec chroot "$new" /usr/sbin/sshd -D -e -f /test/sshd_config
`, "bash", r.root)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	log, err := os.Create(filepath.Join(n.t.TempDir(), name+".log"))
	if err != nil {
		n.t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		n.t.Fatal(err)
	}
	n.t.Cleanup(func() {
		if n.t.Failed() {
			data, _ := os.ReadFile(log.Name())
			n.t.Logf("%s: %s", name, data)
		}
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
	})
	// What node-exporter would answer, for the machine alone.
	serve := exec.CommandContext(n.t.Context(), "ip", "netns", "exec", name, "serve-http", "127.0.0.1:9100")
	if err := serve.Start(); err != nil {
		n.t.Fatal(err)
	}
	r.listens(`exec 3<>"/dev/tcp/$2/22"`)
	r.listens(`ip netns exec "$1" bash -c 'exec 3<>/dev/tcp/127.0.0.1/9100'`)
	return r
}

// listens waits until a script succeeds that connects to the machine; $1 is its name and $2 its address.
func (r *remote) listens(script string) {
	r.t.Helper()
	var out []byte
	var err error
	for start := time.Now(); time.Since(start) < ample; time.Sleep(50 * time.Millisecond) {
		if out, err = exec.Command("bash", "-c", script, "bash", r.name, r.addr).CombinedOutput(); err == nil {
			return
		}
	}
	r.t.Fatalf("%s does not answer: %v: %s", r.name, err, out)
}

// serveHTTP answers every request with 200, except for those of anything but /metrics.
func serveHTTP() {
	http.HandleFunc("GET /metrics", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "up 1") })
	fmt.Fprintln(os.Stderr, http.ListenAndServe(os.Args[1], nil))
	os.Exit(1)
}

// cable puts the machine's cable in or out.
func (r *remote) cable(state string) { sh(r.t, `ip link set "$1" "$2"`, r.link, state) }

func (r *remote) sick(sick bool) {
	r.t.Helper()
	path := filepath.Join(r.root, "test/sick")
	if sick {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			r.t.Fatal(err)
		}
	} else if err := os.Remove(path); err != nil {
		r.t.Fatal(err)
	}
}

// log is what switch-to-configuration was called with.
func (r *remote) log() []string {
	data, err := os.ReadFile(filepath.Join(r.root, "test/log"))
	if err != nil && !os.IsNotExist(err) {
		r.t.Fatal(err)
	}
	var verbs []string
	for line := range strings.Lines(string(data)) {
		verb, _, _ := strings.Cut(line, " ")
		verbs = append(verbs, verb)
	}
	return verbs
}

func (r *remote) running() string {
	target, err := os.Readlink(filepath.Join(r.root, "run/current-system"))
	if err != nil {
		r.t.Fatal(err)
	}
	return target
}

// profile writes a profile of the machines; more is put into defaults.
func (n *network) profile(more string, hosts map[string]string) {
	text := "version: 1\ndefaults:\n  system: x86_64-linux\n  stateVersion: \"26.05\"\n  services: {openssh: {}, node-exporter: {}}\n" + more + "hosts:\n"
	for _, name := range slices.Sorted(maps.Keys(n.hosts)) {
		text += fmt.Sprintf("  %s: {%s, deployment: {targetHost: %s}}\n", name, hosts[name], n.hosts[name].addr)
	}
	if strings.Contains(text, "canary") {
		text += "fleet: {waves: [\"@canary\"]}\n"
	}
	n.put(filepath.Join(n.work, "quick-deploy.yaml"), text)
}

// fleet runs a command of the program and reads the JSON at the end of its output.
func (n *network) fleet(want fault.Code, into any, args ...string) string {
	n.t.Helper()
	cmd := exec.CommandContext(n.t.Context(), "quick-deploy", append([]string{"--json", "--yes", "--no-probe"}, args...)...)
	cmd.Dir = n.work
	// What is away is so at once, for its cable is out, and what has failed has failed for good: neither is waited for.
	cmd.Env = append(append(n.env.Environ(), n.Vars()...), "USER=ada",
		"QUICK_DEPLOY_HEALTH_TIMEOUT="+ample.String(), "QUICK_DEPLOY_NETWORK_TIMEOUT="+ample.String(), "RETRY_MAX_ATTEMPTS=1",
		"NIX_SSHOPTS=-i "+n.key+" -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR")
	var diag strings.Builder
	cmd.Stderr = &diag
	start := time.Now()
	data, err := cmd.Output()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		n.t.Fatal(err)
	}
	out := string(data)
	n.t.Logf("%s: %.1f s\n%s", strings.Join(args, " "), time.Since(start).Seconds(), steps(out))
	if code := fault.Code(cmd.ProcessState.ExitCode()); code != want {
		n.t.Fatalf("%s exited with %d, want %d\n%s\n%s", strings.Join(args, " "), code, want, out, diag.String())
	}
	last := max(strings.LastIndex(out, "\n{\n"), strings.LastIndex(out, "\n[\n")) + 1
	if err := json.Unmarshal([]byte(out[last:]), into); err != nil {
		n.t.Fatalf("%v in %s", err, out[last:])
	}
	return out
}

// steps are the steps that ended, with their seconds.
func steps(out string) string {
	var b strings.Builder
	for line := range strings.Lines(out) {
		var e journal.Event
		if json.Unmarshal([]byte(line), &e) == nil && e.Type == "step" && e.Status != journal.Running {
			fmt.Fprintf(&b, "%s %s %s: %.1f s\n", e.Host, e.Step, e.Status, e.Seconds)
		}
	}
	return b.String()
}

type summary struct {
	Hosts []fleet.Result `json:"hosts"`
}

func (s summary) verdicts() map[string]fleet.Verdict {
	out := map[string]fleet.Verdict{}
	for _, h := range s.Hosts {
		out[h.Host] = h.Verdict
	}
	return out
}

// Real machines behind real ssh: one is fine, one does not come up, one is
// away. Each gets its verdict, what failed has its old system back, and the next
// run touches only what is left.
func TestFleetOverSSH(t *testing.T) {
	if !inNamespaces(t) {
		return
	}
	n := newNetwork(t, "away", "fine", "sick")
	away, fine, sick := n.hosts["away"], n.hosts["fine"], n.hosts["sick"]
	hosts := map[string]string{"away": "tags: [x]", "fine": "tags: [x]", "sick": "tags: [x]"}
	n.profile("  timezone: Etc/UTC\n", map[string]string{"away": "tags: [x]", "fine": "tags: [canary]", "sick": "tags: [x]"})
	var s summary
	n.fleet(fault.OK, &s, "fleet", "deploy")
	all := func(v fleet.Verdict) map[string]fleet.Verdict {
		return map[string]fleet.Verdict{"away": v, "fine": v, "sick": v}
	}
	if diff := cmp.Diff(all(fleet.Deployed), s.verdicts()); diff != "" {
		t.Fatal(diff)
	}
	if s.Hosts[0].Host != "fine" || s.Hosts[0].Wave != "canary" || s.Hosts[1].Wave != fleet.LastWave {
		t.Errorf("the waves were %+v", s.Hosts)
	}
	// Units, a port and a URL, all looked at through ssh.
	for _, h := range s.Hosts {
		kinds := map[health.Kind]bool{}
		for _, f := range h.Health.Findings {
			if f.Outcome == health.Passed {
				kinds[f.Kind] = true
			}
		}
		if !kinds[health.Unit] || !kinds[health.Port] || !kinds[health.HTTP] {
			t.Errorf("%s was looked at so: %+v", h.Host, h.Health.Findings)
		}
	}
	var standing []fleet.Status
	n.fleet(fault.OK, &standing, "fleet", "status")
	if standing[0].Standing != fleet.Current || standing[0].Generation != 1 || standing[0].Running != fine.running() {
		t.Errorf("after the first run: %+v", standing[0])
	}
	before := sick.running()

	// A second generation, with one machine away and one that does not come up.
	n.profile("  timezone: Europe/Berlin\n", hosts)
	var written any
	n.fleet(fault.OK, &written, "generate")
	n.fleet(fault.Pending, &standing, "fleet", "status")
	if standing[0].Standing != fleet.Pending {
		t.Errorf("after generate: %+v", standing[0])
	}
	away.cable("down")
	sick.sick(true)
	s = summary{}
	out := n.fleet(fault.Partial, &s, "fleet", "deploy")
	want := map[string]fleet.Verdict{"away": fleet.Unreachable, "fine": fleet.Deployed, "sick": fleet.Unhealthy}
	if diff := cmp.Diff(want, s.verdicts()); diff != "" {
		t.Fatal(diff, out)
	}
	for _, h := range s.Hosts {
		if h.Host == "sick" && (!h.PutBack || !strings.Contains(h.Error, "sshd") || h.Health == nil) {
			t.Errorf("sick: %+v", h)
		}
	}
	if sick.running() != before {
		t.Errorf("sick runs %s, not its old system %s", sick.running(), before)
	}
	if diff := cmp.Diff([]string{"test", "boot", "test", "test"}, sick.log()); diff != "" {
		t.Errorf("sick was never to become the boot default: %s", diff)
	}
	n.fleet(fault.Partial, &standing, "fleet", "status")
	got := map[string]fleet.Standing{}
	for _, s := range standing {
		got[s.Host] = s.Standing
	}
	if diff := cmp.Diff(map[string]fleet.Standing{"away": fleet.Away, "fine": fleet.Current, "sick": fleet.Failing}, got); diff != "" {
		t.Error(diff)
	}

	// What is left, and nothing else.
	away.cable("up")
	sick.sick(false)
	s = summary{}
	touched := fine.log()
	out = n.fleet(fault.OK, &s, "fleet", "deploy")
	if diff := cmp.Diff(map[string]fleet.Verdict{"away": fleet.Deployed, "fine": fleet.Unchanged, "sick": fleet.Deployed}, s.verdicts()); diff != "" {
		t.Fatal(diff)
	}
	if diff := cmp.Diff(touched, fine.log()); diff != "" {
		t.Errorf("fine was touched again: %s", diff)
	}
	if !strings.Contains(out, "0 of 3 hosts changed and were evaluated") {
		t.Errorf("systems that are known were evaluated again: %s", out)
	}

	// A machine that somebody switched by hand has drifted, and is brought back.
	if err := os.Remove(filepath.Join(fine.root, "run/current-system")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(before, filepath.Join(fine.root, "run/current-system")); err != nil {
		t.Fatal(err)
	}
	n.fleet(fault.Pending, &standing, "fleet", "status")
	i := slices.IndexFunc(standing, func(s fleet.Status) bool { return s.Host == "fine" })
	if standing[i].Standing != fleet.Drifted || len(standing[i].Drift) != 1 {
		t.Errorf("drift: %+v", standing[i])
	}
	s = summary{}
	n.fleet(fault.OK, &s, "fleet", "deploy", "--on", "fine")
	if diff := cmp.Diff(map[string]fleet.Verdict{"fine": fleet.Deployed}, s.verdicts()); diff != "" {
		t.Error(diff)
	}

	// The gate: when the canary does not come up, the rest is not begun.
	n.profile("  timezone: Europe/Rome\n", map[string]string{"away": "tags: [x]", "fine": "tags: [x]", "sick": "tags: [canary]"})
	sick.sick(true)
	touched = fine.log()
	s = summary{}
	n.fleet(fault.Partial, &s, "fleet", "deploy")
	if diff := cmp.Diff(map[string]fleet.Verdict{"sick": fleet.Unhealthy, "fine": fleet.Left, "away": fleet.Left}, s.verdicts()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(touched, fine.log()); diff != "" {
		t.Errorf("fine was touched in spite of the gate: %s", diff)
	}
}

// The commands of a run go over one connection to a machine, which a dead link does not hold up for long and which
// ends with the run. A fresh one is had by asking, and what the user says of sharing holds.
func TestSharedConnections(t *testing.T) {
	if !inNamespaces(t) {
		return
	}
	n := newNetwork(t, "a")
	a := n.hosts["a"]
	runner := &run.Exec{Environ: n.env.Environ(), Grace: time.Second}
	known := []string{"-i", n.key, "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"}
	parent := t.TempDir()
	deep := filepath.Join(parent, strings.Repeat("x", 60))
	if err := os.Mkdir(deep, 0o700); err != nil {
		t.Fatal(err)
	}
	c := ssh.NewConnections(runner, "relative", parent+"/none", deep, "/run", "/tmp")
	target := ssh.Target{User: "root", Host: a.addr, Timeout: time.Minute}
	remote := ssh.Remote{Runner: runner, Target: target, Options: known, Connections: c}
	// connection is what the machine calls the connection by which a command came.
	connection := func(r ssh.Remote, fresh ...bool) string {
		t.Helper()
		res, err := r.Run(t.Context(), run.Command{
			Name: "sh", Args: []string{"-c", "echo $SSH_CONNECTION"}, Timeout: ample, Fresh: len(fresh) > 0,
		})
		if err != nil {
			t.Fatal(err)
		}
		return res.Stdout
	}
	sockets := func() []string {
		found, err := filepath.Glob("/run/qd-*/*")
		if err != nil {
			t.Fatal(err)
		}
		return found
	}

	own := remote
	own.Options = append(slices.Clone(known), "-o", "ControlPath="+parent+"/own", "-o", "ControlMaster=auto", "-o", "ControlPersist=yes")
	own.Connections = ssh.NewConnections(runner, "/run")
	theirs := connection(own)
	if connection(own) != theirs || len(sockets()) > 0 {
		t.Errorf("the user's own connection is not used: %s", sockets())
	}
	if _, err := own.Run(t.Context(), run.Command{Name: "sh", Args: []string{"-c", "exit 255"}}); err == nil || connection(own) != theirs {
		t.Errorf("the user's own connection was ended: %v", err)
	}

	first := connection(remote)
	if again := connection(remote); again != first || first == theirs || len(sockets()) != 1 {
		t.Errorf("%q, then %q, with the sockets %q", first, again, sockets())
	}
	if got := connection(remote, true); got == first {
		t.Error("a fresh connection is the old one")
	}

	// The link goes silent: nothing says that it is gone.
	sh(t, `ip -n a link set eth0 down`)
	start := time.Now()
	_, err := remote.Run(t.Context(), run.Command{Name: "true", Timeout: 3 * time.Second})
	var failed *run.Error
	if !errors.As(err, &failed) || failed.Timeout == 0 {
		t.Errorf("over a dead link: %v", err)
	}
	// The dead connection holds nothing up.
	var away *ssh.UnreachableError
	if _, err := remote.Run(t.Context(), run.Command{Name: "true", Timeout: 40 * time.Second}); !errors.As(err, &away) {
		t.Errorf("after it: %v", err)
	}
	t.Logf("two commands over a dead link: %.1f s", time.Since(start).Seconds())
	sh(t, `ip -n a link set eth0 up`)
	if again := connection(remote); again == first || connection(remote) != again {
		t.Errorf("after the link came back: %q, %q", again, first)
	}

	c.Close()
	own.Connections.Close()
	if left, err := filepath.Glob("/run/qd-*"); err != nil || len(left) > 0 {
		t.Errorf("%q are left, %v", left, err)
	}
	if left, err := os.ReadDir(deep); err != nil || len(left) > 0 {
		t.Errorf("%q are left, %v", left, err)
	}
	if connection(own) != theirs {
		t.Error("the user's own connection was ended")
	}
}
