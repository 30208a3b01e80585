package nixlog

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Texts as Nix, its fetchers, git, curl and the forges print them; most are
// from bug reports (NixOS/nix 1254, 2110, 3340, 6443, 6770, 7083, 8953, 10431,
// 11352, 12419; nixpkgs 29391; cachix 507), with the names shortened.
var causes = []struct {
	want Kind
	text string
}{
	// Network.
	{Network, "error: unable to download 'https://cache.nixos.org/nix-cache-info': Couldn't resolve host name (6)"},
	{Network, "error: unable to download 'https://nixos.org/channels/nixpkgs-unstable': HTTP error 302 (curl error: SSL connect error)"},
	{Network, "error: unable to download 'https://x.cachix.org/nar/0af.nar.zst': HTTP error 200 (curl error: Failure when receiving data from the peer)"},
	{Network, "error: unable to download 'https://x.cachix.org/nar/aed.nar.zst': HTTP error 200 (curl error: Stream error in the HTTP/2 framing layer)"},
	{Network, "error: unable to download 'https://github.com/nix-community/home-manager/archive/35b.tar.gz': Failure when receiving data from the peer (56)"},
	{Network, "error: unable to download 'https://cache.nixos.org/nar/1.nar.xz': Timeout was reached (28)"},
	{Network, "error: unable to download 'https://cache.nixos.org/nar/1.nar.xz': Could not connect to server (7)"},
	{Network, "error: unable to download 'https://cache.nixos.org/nar/1.nar.xz': Transferred a partial file (18)"},
	{Network, "error:\n       … while fetching the input 'github:NixOS/nixpkgs/nixos-26.05'\n\n       error: unable to download 'https://api.github.com/repos/NixOS/nixpkgs/commits/nixos-26.05': Could not resolve hostname (6) Could not resolve host: api.github.com"},
	{Network, "error:\n       … while fetching the input 'github:invoke-ai/InvokeAI/650'\n\n       error: failed to extract archive (truncated gzip input)"},
	{Network, "fatal: unable to access 'https://github.com/spicetify/spicetify-cli/': Could not resolve host: github.com"},
	{Network, "error: RPC failed; curl 92 HTTP/2 stream 5 reset by server (error 0x2 INTERNAL_ERROR)\nerror: 33101 bytes of body are still expected\nfetch-pack: unexpected disconnect while reading sideband packet\nfatal: early EOF"},
	{Network, "fatal: unable to connect to github.com:\ngithub.com[0: 192.0.2.112]: errno=Connection timed out\n\nerror: program 'git' failed with exit code 1"},
	{Network, "ssh: connect to host build.example.org port 22: No route to host\nerror: failed to start SSH connection to 'build.example.org'"},
	{Network, "ssh: Could not resolve hostname github.com: Temporary failure in name resolution\nfatal: Could not read from remote repository."},
	{Network, "kex_exchange_identification: Connection closed by remote host\nerror: cannot connect to 'root@host'"},
	{Network, "error: unable to download 'https://cache.example.org/x.narinfo': SSL peer handshake failed, the server most likely requires a client certificate (35) OpenSSL SSL_connect: SSL_ERROR_SYSCALL"},
	{Network, "error: builder for '/nix/store/aaa-source.tar.gz.drv' failed with exit code 1;\n       last 4 log lines:\n       > trying https://ftp.example.org/source.tar.gz\n       > curl: (7) Failed to connect to ftp.example.org port 443: Connection refused\n       > error: cannot download source.tar.gz from any mirror\n       For full logs, run 'nix log /nix/store/aaa.drv'.\nerror: 1 dependencies of derivation '/nix/store/bbb.drv' failed to build"},
	{Network, "error: builder for '/nix/store/5j7-spicetify.drv' failed with exit code 1;\n       last 2 log lines:\n       > Initialized empty Git repository in /nix/store/z0j/.git/\n       > fatal: unable to access 'https://github.com/x/y/': Could not resolve host: github.com"},
	{Network, "\x1b[31;1merror:\x1b[0m unable to download '\x1b[35;1mhttps://cache.nixos.org/nix-cache-info\x1b[0m': Couldn't resolve host name (6)"},
	{Network, "error: Failed to open archive (Source threw exception: error: unable to download 'https://example.org/hm.tar.gz': Could not resolve hostname (6) Could not resolve host: example.org)"},
	// The server's fault.
	{Server, "error: unable to download 'https://xxx.cachix.org/nar/xxx.nar.xz': HTTP error 500"},
	{Server, "error: unable to download 'https://cache.nixos.org/nar/1.nar.xz': HTTP error 503\n\n       response body:\n\n       Service Unavailable"},
	{Server, "error: builder for '/nix/store/aaa.drv' failed with exit code 22;\n       last 1 log lines:\n       > curl: (22) The requested URL returned error: 502 Bad Gateway"},
	{Server, "fatal: unable to access 'https://gitlab.com/x/y.git/': The requested URL returned error: 504"},
	// Limits.
	{RateLimit, "error:\n       … while fetching the input 'github:NixOS/nixpkgs/nixpkgs-unstable'\n\n       error: unable to download 'https://api.github.com/repos/NixOS/nixpkgs/commits/nixpkgs-unstable': HTTP error 403\n\n       response body:\n\n       {\"message\":\"API rate limit exceeded for 192.0.2.1.\"}"},
	{RateLimit, "error: unable to download 'https://github.com/NixOS/nixpkgs/raw/master/x.nix': HTTP error 429\n\n       response body:\n\n       429: Too Many Requests"},
	{RateLimit, "error: unable to download 'https://api.github.com/repos/x/y': HTTP error 403\n\n       response body:\n\n       {\"message\":\"You have exceeded a secondary rate limit\"}"},
	// Never again.
	{HashMismatch, "error: hash mismatch in fixed-output derivation '/nix/store/jzw-spotify.drv':\n         specified: sha256-wPV+ZY34OMbBrjmhvwjljbwmcUiPdWNHFU3ac7aVbIQ=\n            got:    sha256-oGpe+kBf6kBboyx/YfbQBt1vvjtXd1n2pOH6FNcbF8M="},
	{HashMismatch, "error: NAR hash mismatch in input 'github:NixOS/nixpkgs/abc', expected 'sha256-AAA=' but got 'sha256-BBB='"},
	{NotFound, "error: unable to download 'https://github.com/x/y/archive/1.tar.gz': HTTP error 404\n\n       response body:\n\n       404: Not Found"},
	{NotFound, "error: builder for '/nix/store/aaa.drv' failed with exit code 1;\n       last 2 log lines:\n       > trying https://example.org/a.tar.gz\n       > curl: (22) The requested URL returned error: 404"},
	{NotFound, "fatal: couldn't find remote ref refs/heads/main\nerror: program 'git' failed with exit code 128"},
	{NotFound, "error: Cannot find Git revision '128261aa' in ref 'refs/heads/main' of repository 'https://github.com/KhronosGroup/Vulkan-Hpp.git'!"},
	{"denied", "error: unable to download 'https://cache.example.org/nix-cache-info': HTTP error 401"},
	{"denied", "git@github.com: Permission denied (publickey).\nfatal: Could not read from remote repository."},
	{"denied", "error: unable to download 'https://api.github.com/repos/x/private': HTTP error 403\n\n       response body:\n\n       {\"message\":\"Resource not accessible\"}"},
	{Trust, "error: cannot add path '/nix/store/abc-x' because it lacks a signature by a trusted key"},
	{Trust, "error: unable to download 'https://cache.example.org/nix-cache-info': SSL peer certificate or SSH remote key was not OK (60)"},
	{Trust, "Host key verification failed.\nerror: failed to start SSH connection to 'host'"},
	{"file-missing", "error: getting status of '/nix/store/abc-source/flake.nix': No such file or directory"},
	{"file-untracked", "error: path '/home/ada/nixos/hosts/atlas' is not tracked by Git\n\n       To make it visible to Nix, run:\n\n       git add --intent-to-add hosts/atlas"},
	{"lock-file", "error: flake 'path:/home/ada/nixos' requires lock file changes but they're not allowed due to '--no-update-lock-file'"},
	{"lock-file", "error: cannot write modified lock file of flake 'path:/x' (use '--no-write-lock-file' to ignore)"},
	{"disk-full", "error: writing to file: No space left on device"},
	{"disk-full", "error: builder for '/nix/store/aaa.drv' failed with exit code 1;\nnote: build failure may have been caused by lack of free disk space\nerror: database or disk is full"},
	{"out-of-memory", "error: out of memory"},
	{VariableMissing, "error: undefined variable 'pkgss'\n       at /nix/store/x-source/configuration.nix:4:32:"},
	{OptionMissing, "error:\n       … while calling the 'seq' builtin\n\n       error: The option `programs.gti' does not exist. Definition values:\n       - In `/nix/store/x/home.nix'\n\n       Did you mean `programs.git'?"},
	{OptionType, "error: A definition for option `networking.firewall.enable' is not of type `boolean'. Definition values:"},
	{AttributeMissing, "error: attribute 'nixosConfigurations' missing"},
	{Syntax, "error: syntax error, unexpected '}', expecting ';'\n       at /home/ada/flake.nix:3:1:"},
	{Recursion, "error: infinite recursion encountered"},
	{Assertion, "error:\n       Failed assertions:\n       - The ‘fileSystems’ option does not specify your root file system."},
	{Unfree, "error: Package ‘steam-1.0’ in /nix/store/x has an unfree license (‘unfreeRedistributable’), refusing to evaluate."},
	{"output-missing", "error: flake 'path:/x' does not provide attribute 'nixosConfigurations.\"zeus\".config.system.build.toplevel'"},
	{Builder, "error: builder for '/nix/store/aaa-x.drv' failed with exit code 2;\n       last 3 log lines:\n       > make: *** [Makefile:12: all] Error 1\n       For full logs, run 'nix log /nix/store/aaa-x.drv'."},
	{Builder, "error: builder for '/nix/store/aaa-x.drv' failed with exit code 1;\n       last 2 log lines:\n       > test_http ... FAILED: Connection refused\n       > 1 test failed: dial: connection reset by peer\n       For full logs, run 'nix log /nix/store/aaa-x.drv'."},
	{DependencyFailure, "error: Cannot build '/nix/store/137-jmulticard.drv'.\n       Reason: 1 dependency failed.\n       Output paths:\n         /nix/store/hmy-jmulticard\nerror: Build failed due to failed dependency"},
	{"no-builder", "error: a 'aarch64-linux' with features {} is required to build '/nix/store/x.drv', but I am a 'x86_64-linux' with features {benchmark}"},
	// Warnings before the error tell of other things.
	{VariableMissing, "warning: error: unable to download 'https://cache.nixos.org/nix-cache-info': Couldn't resolve host name (6); retrying in 323 ms\nerror: undefined variable 'foo'"},
	{Syntax, "warning: error: unable to download 'https://github.com/NixOS/nixpkgs/raw/master/x.nix': HTTP error 429\n\n       response body:\n\n       429: Too Many Requests; retrying in 268 ms\nerror: syntax error, unexpected invalid token\n\n       at «string»:1:1:"},
	// Texts of Nix 2.34's binary, of nixpkgs and of home-manager, filled in.
	{OptionMissing, "error: The option `a.b' can no longer be used since it's been removed."},
	{OptionType, "error: The option `a.b' is a set of options, but is defined as a string."},
	{OptionConflict, "error: The option `a.b' in `/x' and in `/y' cannot be merged."},
	{OptionConflict, "error: The option `a.b' is defined multiple times while it's expected to be unique."},
	{"argument", "error: attempt to call something which is not a function but a string: \"a\""},
	{"impure", "error: cannot look up '<nixpkgs>' in pure evaluation mode (use '--impure' to override)"},
	{"impure", "error: in pure evaluation mode, 'fetchTree' doesn't fetch unlocked input 'github:a/b'"},
	{"output-missing", "error: flake 'path:/x' does not provide attribute 'packages.x86_64-linux.default'"},
	{"file-missing", "error: path '/nix/store/x-source/a.nix' does not exist"},
	{"file-missing", "error: cannot open '/etc/nix/x'"},
	{"lock-file", "error: Lock file contains unlocked input 'path:/x'. Use '--allow-dirty-locks' to accept this lock file."},
	{"import-from-build", "error: cannot build '/nix/store/x.drv^out' during evaluation because the option 'allow-import-from-derivation' is disabled"},
	{Unsupported, "error: Package ‘x-1’ in /nix/store/y.nix:1 is not available on the requested hostPlatform:"},
	{OptionRemoved, "error: The option definition `a.b' in `/x' no longer has any effect; please remove it."},
	{HashMismatch, "error: ca hash mismatch importing path '/nix/store/x';"},
	{"disk-full", "error: No space left on device"},
	{"disk-full", "error: builder for '/nix/store/x.drv' failed with exit code 1;\n       last 1 log lines:\n" +
		"       > /build/x.s: fatal error: error writing to x.o: No space left on device"},
	{Network, "error: cannot open connection to remote store 'ssh-ng://host': reading a line: Connection reset by peer"},
	{Network, "error: some substitutes for the outputs of derivation '/nix/store/x.drv' failed " +
		"(usually happens due to networking issues); try '--fallback' to build derivation from source"},
	{Network, "error: download of 'https://x.org/y' was interrupted"},
	{"no-builder", "error: Cannot build '/nix/store/x.drv'.\n       Reason: required system or feature not available\n" +
		"       Required system: 'aarch64-linux' with features {}"},
	{PackageGone, "error: nodePackages.x has been removed: it is unmaintained"},
	{Trust, "fatal: unable to access 'https://x.org/y/': SSL certificate problem: self-signed certificate"},
	{RateLimit, "error: builder for '/nix/store/x.drv' failed with exit code 22;\n       last 1 log lines:\n" +
		"       > curl: (22) The requested URL returned error: 429"},
	{"denied", "fatal: unable to access 'https://x.org/y/': The requested URL returned error: 403"},
	{"denied", "fatal: could not read Username for 'https://x.org': terminal prompts disabled\nerror: program 'git' failed with exit code 128"},
	{"disk-full", "error: builder for '/nix/store/x.drv' failed with exit code 1;\n" +
		"       note: build failure may have been caused by lack of free disk space"},
	{DependencyFailure, "error: program 'git' failed with exit code 128"},
	{Network, "fetch-pack: unexpected disconnect while reading sideband packet\nerror: program 'git' failed with exit code 128"},
	{Network, "Connection to host closed by remote host.\nerror: failed to start SSH connection to 'host'"},
	{Network, "client_loop: send disconnect: Broken pipe\nerror: cannot connect to 'root@host'"},
	{Network, "error: builder for '/nix/store/x-go-modules.drv' failed with exit code 1;\n       last 1 log lines:\n" +
		"       > go: a.org/b@v1: Get \"https://proxy.golang.org/a.org/b/@v/v1.mod\": dial tcp: lookup proxy.golang.org: no such host"},
	{Network, "error: builder for '/nix/store/x-npm-deps.drv' failed with exit code 1;\n       last 1 log lines:\n" +
		"       > npm error network request to https://registry.npmjs.org/x failed"},
	{FileInTheWay, "Existing file '/home/ada/.zshrc' is in the way of '/nix/store/x-home-manager-files/.zshrc'\n" +
		"Please do one of the following:\n- Move or remove the above files and try again."},
	{FileInTheWay, "Existing file '/home/ada/.zshrc.backup' would be clobbered by backing up '/home/ada/.zshrc'"},
	{Other, "Segmentation fault"},
	{Other, ""},
}

func TestCause(t *testing.T) {
	for _, c := range causes {
		if e := Read(c.text).Cause; e.Kind != c.want {
			t.Errorf("%q, want %q, by %q:\n%s", e.Kind, c.want, e.Line(), c.text)
		}
	}
}

// No line of kinds.txt is there that no text needs.
func TestEveryPatternIsMet(t *testing.T) {
	met := map[string]bool{}
	meet := func(e Error, rules []rule) {
		for _, r := range rules {
			if e.Kind == r.kind && strings.Contains(e.Message, r.has) && r.re.MatchString(e.Message) {
				met[r.re.String()] = true
			}
		}
	}
	texts := []string{}
	for _, c := range causes {
		texts = append(texts, c.text)
	}
	for _, q := range quoting {
		texts = append(texts, q.text)
	}
	for _, text := range texts {
		o := Read(text)
		for _, e := range append(o.Errors, o.Cause) {
			meet(e, known().messages)
			meet(e, known().lines)
		}
	}
	for _, r := range slices.Concat(known().messages, known().lines) {
		if !met[r.re.String()] && r.kind != Throw { // of which the message is what was thrown
			t.Errorf("%s: no text has %s", r.kind, r.re)
		}
	}
}

func TestRetryAfter(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"error: unable to download 'https://x.org/y': HTTP error 429\n       Retry-After: 7":                             7 * time.Second,
		"error: unable to download 'https://x.org/y': HTTP error 429 (retry-after=30)":                                   30 * time.Second,
		"error: unable to download 'https://x.org/y': HTTP error 403: API rate limit exceeded, try again in 5 s":         5 * time.Second,
		"error: unable to download 'https://x.org/y': HTTP error 429\n       response body:\n  {\"retry-after\": \"4\"}": 4 * time.Second,
		"error: unable to download 'https://x.org/y': HTTP error 429":                                                    0,
		"error: hash mismatch. Retry-After: 7":                                                                           0,
	} {
		if after := Read(text).Cause.After(); after != want {
			t.Errorf("%q: wait %s, want %s", text, after, want)
		}
	}
}

func TestPlainIsWhatAPersonWouldHaveSeen(t *testing.T) {
	// Written by Nix 2.34.8; store paths are shortened to /nix/store.
	log, err := os.ReadFile("testdata/bad.log")
	if err != nil {
		t.Fatal(err)
	}
	got := Read(string(log)).Text
	want := `this derivation will be built:
  /nix/store/7krkaq482m4jy74x2cq2pndswn3iv3qq-bad-1.drv
> oh no
error: Cannot build '/nix/store/7krkaq482m4jy74x2cq2pndswn3iv3qq-bad-1.drv'.
       Reason: builder failed with exit code 3.
       Output paths:
         /nix/store/ypaqr94zwqskn6ldcf573p6kp5dh1fdk-bad-1
`
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestBrief(t *testing.T) {
	const option = "error: The option `a.b' does not exist. Definition values:\n- In `/c.nix': true"
	for text, want := range map[string]string{
		"warning: something\n… odd": "warning: something\n… odd",
		"error:":                    "error:",
		"error: cannot build":       "error: cannot build",
		"error:\n       … while calling the 'seq' builtin\n         at /x:1:2:\n\n" +
			"       error: The option `a.b' does not exist. Definition values:\n       - In `/c.nix': true": option,
		"error: message first\n\n       … while evaluating":                                                 "error: message first",
		"error: undefined variable 'x'\n       at /c.nix:3:4:\n            2| {\n            3|   a = x;\n": "error: undefined variable 'x'\nat /c.nix:3:4",
	} {
		if got := Brief(text); got != want {
			t.Errorf("Brief(%q) = %q, want %q", text, got, want)
		}
	}
}

func FuzzRead(f *testing.F) {
	for _, c := range causes {
		f.Add(c.text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		cause := Read(text).Cause
		if strings.Contains(cause.Line(), "\n") {
			t.Errorf("the line has more than one: %q", cause.Line())
		}
		if cause.Kind == "" || cause.After() > 0 && !cause.Kind.Temporary() {
			t.Errorf("kind %q, after %s", cause.Kind, cause.After())
		}
		cause.Words()
		if plain, show := ReadLine(text).Plain(); !show && plain != "" {
			t.Errorf("hidden and not empty: %q", plain)
		}
	})
}

// A line of a build's log is read in a quicker way, to the same end.
func TestBuildLogLines(t *testing.T) {
	for line, quick := range map[string]bool{
		`@nix {"action":"result","fields":["CC main.o"],"id":18446744073709551615,"type":101}`: true,
		`@nix {"action":"result","fields":[""],"id":7,"type":101}`:                             true,
		`@nix {"action":"result","fields":["größe \ta"],"id":7,"type":101}`:                    false,
		`@nix {"action":"result","fields":["größe ` + "\x9b31m" + `"],"id":7,"type":101}`:      false,
		`@nix {"action":"result","fields":["a","b"],"id":7,"type":101}`:                        false,
		`@nix {"action":"result","fields":["a"],"id":-7,"type":101}`:                           false,
		`@nix {"action":"result","fields":["a"],"id":7,"type":104}`:                            false,
		`@nix {"action":"result","fields":["a`:                                                 false,
	} {
		if _, _, ok := buildLog(line); ok != quick {
			t.Errorf("%s: quick %v", line, ok)
		}
		m, ok := Parse(line)
		l := ReadLine(line)
		text, show := m.Plain()
		if !ok {
			text, show = "", false
		}
		if have, shown := l.Plain(); l.Read != ok || l.ID != m.ID || l.Type != m.Type || l.Action != m.Action || have != text || shown != show {
			t.Errorf("%s: %+v and %q %v, want %+v", line, l, text, show, m)
		}
	}
}
