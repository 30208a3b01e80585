package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// installers do what installShellFiles of nixpkgs does with the arguments that the flake gives it.
const installers = `
set -eu
installManPage() {
  local page
  for page; do
    install -D -m 644 "$page" "$out/share/man/man${page##*.}/${page##*/}"
  done
}
installShellCompletion() {
  [ "$1" = --cmd ]
  local cmd=$2; shift 2
  while [ $# -gt 0 ]; do
    case $1 in
      --bash) install -D -m 644 "$2" "$out/share/bash-completion/completions/$cmd.bash" ;;
      --fish) install -D -m 644 "$2" "$out/share/fish/vendor_completions.d/$cmd.fish" ;;
      --zsh) install -D -m 644 "$2" "$out/share/zsh/site-functions/_$cmd" ;;
      *) echo "installShellCompletion: $1" >&2; exit 1 ;;
    esac
    shift 2
  done
}
`

// What the package installs is what the program has: man finds a page for every command, and the profile's; each shell
// has its script.
func TestInstalled(t *testing.T) {
	const project = "../../../.."
	flake, err := os.ReadFile(filepath.Join(project, "flake.nix"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, begun := strings.Cut(string(flake), "postInstall = ''\n")
	phase, _, ended := strings.Cut(rest, "'';")
	if !begun || !ended || strings.Contains(phase, "${") {
		t.Fatalf("flake.nix has no postInstall that a shell can read:\n%s", phase)
	}
	prefix := t.TempDir()
	cmd := exec.Command("bash", "-c", installers+phase)
	cmd.Dir, cmd.Env = project, append(os.Environ(), "out="+prefix)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, script := range []string{
		"bash-completion/completions/quick-deploy.bash", "fish/vendor_completions.d/quick-deploy.fish", "zsh/site-functions/_quick-deploy",
	} {
		if info, err := os.Stat(filepath.Join(prefix, "share", script)); err != nil || info.Size() == 0 {
			t.Errorf("%s: %v", script, err)
		}
	}
	if _, err := exec.LookPath("man"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("man is not installed")
	}
	pages := listPages(wholeCommand(t))
	if len(pages) < 40 {
		t.Errorf("%d pages", len(pages))
	}
	for _, page := range pages {
		at := strings.LastIndex(page, ".")
		cmd := exec.Command("man", "-M", filepath.Join(prefix, "share/man"), "-w", page[at+1:], page[:at])
		out, err := cmd.CombinedOutput()
		want := filepath.Join(prefix, "share/man/man"+page[at+1:], page)
		if got := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("man -w %s: %v: %s", page, err, got)
		}
	}
}
