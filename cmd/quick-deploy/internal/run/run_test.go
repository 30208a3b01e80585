package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func shell(script string) Command { return Command{Name: "/bin/sh", Args: []string{"-c", script}} }

func runner() *Exec { return &Exec{Environ: os.Environ(), Grace: 200 * time.Millisecond} }

func TestStreamsAndExitCode(t *testing.T) {
	var got []string
	c := shell(`echo out; echo err >&2; printf 'no end'; exit 4`)
	c.OnLine = func(s Stream, l string) { got = append(got, fmt.Sprint(int(s), " ", l)) }
	res, err := runner().Run(t.Context(), c)
	var re *Error
	if !errors.As(err, &re) || re.Code != 4 || CodeOf(err) != 4 || re.Tail != "err" {
		t.Fatalf("%v", err)
	}
	if res.Stdout != "out\nno end" || res.Stderr != "err\n" || res.Code != 4 {
		t.Errorf("%+v", res)
	}
	slices.Sort(got)
	if want := []string{"0 no end", "0 out", "1 err"}; !slices.Equal(got, want) {
		t.Errorf("lines %q, want %q", got, want)
	}
}

func TestHangingChildIsStoppedWithItsChildren(t *testing.T) {
	mark := filepath.Join(t.TempDir(), "pid")
	c := shell(`trap '' TERM; sh -c 'trap "" TERM; echo $$ > ` + mark + `; while :; do sleep 0.05; done' & wait; while :; do sleep 0.05; done`)
	var n int
	// On a busy machine the limit may be over before the grandchild is there.
	for c.Timeout = 300 * time.Millisecond; n == 0 && c.Timeout < time.Minute; c.Timeout *= 2 {
		_, err := runner().Run(t.Context(), c)
		var re *Error
		if !errors.As(err, &re) || re.Timeout != c.Timeout || !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("%v", err)
		}
		pid, err := os.ReadFile(mark)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		n, _ = strconv.Atoi(strings.TrimSpace(string(pid))) // not written yet: 0
	}
	if n == 0 {
		t.Fatal("there was no grandchild")
	}
	for start := time.Now(); !errors.Is(syscall.Kill(n, 0), syscall.ESRCH) && !zombie(n); time.Sleep(20 * time.Millisecond) {
		if time.Since(start) > time.Minute {
			t.Fatalf("grandchild %d is still there", n)
		}
	}
}

func zombie(pid int) bool {
	data, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || strings.Contains(string(data), ") Z ")
}

func TestChildKilledByASignal(t *testing.T) {
	_, err := runner().Run(t.Context(), shell("kill -KILL $$"))
	var re *Error
	if !errors.As(err, &re) || re.Signal != "SIGKILL" || re.Code != -1 || !strings.Contains(err.Error(), "killed by SIGKILL") {
		t.Errorf("%v", err)
	}
}

func TestCancelledChildGetsTimeToEnd(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := shell("trap 'echo ended; exit 0' TERM; echo ready; while :; do sleep 0.02; done")
	c.OnLine = func(_ Stream, l string) {
		if l == "ready" {
			cancel()
		}
	}
	res, err := runner().Run(ctx, c)
	if !errors.Is(err, context.Canceled) || !strings.Contains(res.Stdout, "ended") {
		t.Errorf("%q, %v", res.Stdout, err)
	}
	if _, err := runner().Run(ctx, shell("true")); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled runner starts commands: %v", err)
	}
}

func TestDaemonThatKeepsThePipeOpen(t *testing.T) {
	start := time.Now()
	res, err := runner().Run(t.Context(), shell("sleep 120 & echo $!"))
	if err != nil {
		t.Error(err)
	}
	if took := time.Since(start); took > time.Minute {
		t.Errorf("waited %s for a grandchild", took)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(res.Stdout))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Error(err)
	}
}

func TestMissingProgram(t *testing.T) {
	_, err := runner().Run(t.Context(), Command{Name: "no-such-program-here"})
	if !errors.Is(err, exec.ErrNotFound) {
		t.Errorf("%v", err)
	}
	x := &Exec{Environ: []string{"PATH=.:relative"}}
	if p, err := x.LookPath("run_test.go"); err == nil {
		t.Errorf("found %s by a relative PATH", p)
	}
}

func TestEnvironmentIsAllowListed(t *testing.T) {
	x := &Exec{Environ: []string{"PATH=" + os.Getenv("PATH"), "HOME=/home/ada", "GITHUB_TOKEN=x", "LD_PRELOAD=/x.so", "NIX_PATH=n", "LC_ALL=C", "BASH_ENV=/x"}}
	c := Command{Name: "env", Env: []string{"NIXOS_NO_CHECK=1"}}
	res, err := x.Run(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(res.Stdout) {
		name, _, _ := strings.Cut(line, "=")
		names = append(names, name)
	}
	slices.Sort(names)
	if want := []string{"GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_0", "GIT_CONFIG_KEY_1", "GIT_CONFIG_VALUE_0", "GIT_CONFIG_VALUE_1", "HOME", "LC_ALL", "NIXOS_NO_CHECK", "NIX_PATH", "PATH"}; !slices.Equal(names, want) {
		t.Errorf("the child sees %q, want %q", names, want)
	}
}

func TestWhatNeedsRootIsRefusedWithoutElevation(t *testing.T) {
	for _, c := range []Command{{Name: "true", Elevate: true}} {
		if _, err := runner().Run(t.Context(), c); err == nil {
			t.Errorf("%+v ran", c)
		}
	}
}

func TestInputAndEndOfFile(t *testing.T) {
	res, err := runner().Run(t.Context(), Command{Name: "cat", Input: []byte("typed")})
	if err != nil || res.Stdout != "typed" {
		t.Errorf("%q, %v", res.Stdout, err)
	}
	if res, err := runner().Run(t.Context(), Command{Name: "cat", Timeout: 5 * time.Second}); err != nil || res.Stdout != "" {
		t.Errorf("a child that asks: %q, %v", res.Stdout, err)
	}
}

func TestManyLinesAreKeptFromTheEnd(t *testing.T) {
	n := 0
	c := shell(`i=0; while [ $i -lt 3000 ]; do printf '%01000d\n' $i; i=$((i+1)); done`)
	c.OnLine = func(Stream, string) { n++ }
	res, err := runner().Run(t.Context(), c)
	if err != nil || n != 3000 || len(res.Stdout) > MaxCapture || !strings.HasSuffix(res.Stdout, "2999\n") {
		t.Errorf("%d lines, %d bytes, %v", n, len(res.Stdout), err)
	}
}

func TestQuoteIsUndoneByAShell(t *testing.T) {
	for _, s := range []string{"", "plain", "a b", "it's", "$HOME", "`id`", "#x", "a#b", `"`, "\\", "new\nline", "ä", "*", "~", "a;b", "--flag=x y"} {
		out, err := exec.Command("/bin/sh", "-c", "printf %s "+Quote(s)).Output()
		if err != nil || string(out) != s {
			t.Errorf("%q became %q (%v)", s, out, err)
		}
	}
}

func TestRedact(t *testing.T) {
	got := Redact([]string{"PATH=/bin", "GITHUB_TOKEN=x", "NIX_CONFIG=access-tokens = y", "https_proxy=http://u:pw@proxy:3128", "SSH_AUTH_SOCK=/run/s", "db_password=z"})
	want := []string{"PATH=/bin", "GITHUB_TOKEN=[redacted]", "NIX_CONFIG=[redacted]", "https_proxy=http://[redacted]@proxy:3128", "SSH_AUTH_SOCK=/run/s", "db_password=[redacted]"}
	if !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestWhatIsPassedOnToNixIsRedacted(t *testing.T) {
	c := Command{Name: "nix", Args: []string{"build", "--option", "access-tokens", "github.com=ghp_x", "git+https://u:pw@example.org/x"}}
	if got, want := c.String(), "nix build --option access-tokens '[redacted]' 'git+https://[redacted]@example.org/x'"; got != want {
		t.Errorf("%s", got)
	}
}

// No way of handing a secret to a command brings it into a log.
func TestArgumentsAreRedacted(t *testing.T) {
	const secret = "hunter2-Passw0rd"
	for _, line := range []string{
		"--option access-tokens github.com=»", "--option extra-access-tokens »", "--access-tokens »", "--access-tokens=»",
		"--access-tokens=github.com=»", "--extra-access-tokens github.com=»", "--option netrc-token »", "--api-key »", "--token=»", "--password »",
		"https://example.org/x https://ada:»@example.org/y", "x=https://a/b,https://ada:»@c/d", "https://ada:a@»@c/d", "https://»@github.com/x",
		"git+https://example.org/x?token=»", "git+https://example.org/x?a=b&access_token=»&c=d", "https://example.org/#token=»",
		"--setenv=GITHUB_TOKEN=»", "env DB_PASS=» true", "--header 'Authorization: Bearer »'", "--override-input a git+https://x:»@b/c",
	} {
		args := strings.Fields(strings.ReplaceAll(line, "»", secret))
		if strings.Contains(line, "'") {
			args = []string{"--header", "Authorization: Bearer " + secret}
		}
		got := Command{Name: "nix", Args: args}.String()
		if strings.Contains(got, secret) || !strings.Contains(got, redacted) {
			t.Errorf("%s: %s", line, got)
		}
	}
	for _, line := range []string{
		"build --no-link /nix/store/x-y#z", "--option max-jobs 4", "--option substituters https://cache.nixos.org", "--no-update-lock-file",
		"github:NixOS/nixpkgs/nixos-26.05?dir=x", "--print-build-logs --json", "--option netrc-file /etc/netrc", "ssh ada@example.org true",
	} {
		args := strings.Fields(line)
		if got := RedactArgs(args); !slices.Equal(got, args) {
			t.Errorf("%q became %q", args, got)
		}
	}
}

func FuzzRedactArgs(f *testing.F) {
	f.Add("--option\nextra-access-tokens\nx")
	f.Add("https://a:b@c/d?token=e")
	f.Fuzz(func(t *testing.T, text string) {
		args := strings.Split(text, "\n")
		once := RedactArgs(args)
		if len(once) != len(args) {
			t.Fatalf("%d of %d arguments", len(once), len(args))
		}
		// What stands where each command has its secret never passes.
		secret := "Zq7" + strings.Repeat("x9", 6)
		for _, with := range [][]string{{"--option", "access-tokens", secret}, {"--token=" + secret}, {"https://a:" + secret + "@b/"}} {
			if got := strings.Join(RedactArgs(append(slices.Clone(args), with...)), " "); strings.Contains(got, secret) && !strings.Contains(text, secret) {
				t.Fatalf("%q shows the secret", got)
			}
		}
	})
}
