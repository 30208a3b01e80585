package generator_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quick-deploy/quick-deploy/generator/nixtest"
)

// text evaluates attr, a text, in the flake of the golden case.
func text(t *testing.T, golden, attr string) string {
	t.Helper()
	env := nixtest.New(t)
	tree := generate(t, os.DirFS(filepath.Join(goldenDir, golden)))
	var out string
	env.Flake(t, lay(t, tree), nil).EvalInto(t, attr, "", &out)
	return out
}

// shell runs script in a home of its own, with the programs of bin before all others.
func shell(t *testing.T, script, home, bin string, env ...string) (string, error) {
	t.Helper()
	cmd := exec.Command("bash", "-eu", "-c", script)
	cmd.Env = append([]string{"HOME=" + home, "PATH=" + bin + ":" + os.Getenv("PATH")}, env...)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// The unit installs what is named and missing, tries again what failed, and
// takes nothing away: neither an app of the user's nor one that was named once.
func TestFlatpakAppsAreOnlyEverAdded(t *testing.T) {
	const service = "nixosConfigurations.atlas.config.systemd.user.services.flatpak-apps.script"
	script := text(t, "desktop-several", service)
	home, state, bin := t.TempDir(), t.TempDir(), t.TempDir()
	installed := filepath.Join(home, "apps")
	const mine = "org.example.Mine\n"
	for path, data := range map[string]string{
		installed: mine,
		filepath.Join(bin, "flatpak"): `#!/bin/sh
echo "$*" >> "$HOME/log"
for app; do :; done
case "$1" in
  info) grep -qxF "$app" "$HOME/apps" ;;
  install) [ "$app" != "$BROKEN" ] && echo "$app" >> "$HOME/apps" ;;
  remote-add | update) ;;
  *) exit 9 ;;
esac
`,
	} {
		if err := os.WriteFile(path, []byte(data), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	run := func(script, broken string) (string, error) {
		return shell(t, script, home, bin, "STATE_DIRECTORY="+state, "BROKEN="+broken)
	}

	if out, err := run(script, "org.videolan.VLC"); err == nil || !strings.Contains(out, "org.videolan.VLC could not be installed") {
		t.Errorf("a failed installation: %v\n%s", err, out)
	}
	for range 2 {
		if out, err := run(script, ""); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	if got, want := read(t, installed), mine+"org.mozilla.firefox\norg.videolan.VLC\n"; got != want {
		t.Errorf("installed: %q, want %q", got, want)
	}

	// The profile no longer names one of them.
	out, err := run(strings.ReplaceAll(script, "org.videolan.VLC", ""), "")
	if err != nil || !strings.Contains(out, "flatpak uninstall --user org.videolan.VLC") || strings.Contains(out, "Mine") {
		t.Errorf("an app that has left the profile: %v\n%s", err, out)
	}
	if got := read(t, installed); !strings.Contains(got, "VLC") || !strings.Contains(got, mine) {
		t.Errorf("something was taken away: %q", got)
	}
	if log := read(t, filepath.Join(home, "log")); strings.Contains(log, "uninstall") {
		t.Errorf("uninstall was called:\n%s", log)
	}
}

// home-manager links ~/.config/git/config into the store. git writes there
// unless there is a ~/.gitconfig, so activation makes an empty one, once.
func TestGitConfigGlobalGoesOnWorking(t *testing.T) {
	activate := text(t, "homes-as-they-come",
		`homeConfigurations."ada@atlas".config.home.activation.keepGitconfigWritable.data`)
	script := "run() { \"$@\"; }\n" + activate
	home := t.TempDir()
	own := filepath.Join(home, ".gitconfig")

	if out, err := shell(t, script, home, ""); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := read(t, own); got != "" {
		t.Errorf("a new ~/.gitconfig holds %q", got)
	}
	const theirs = "[user]\n\tname = Ada\n"
	if err := os.WriteFile(own, []byte(theirs), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := shell(t, script, home, ""); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := read(t, own); got != theirs {
		t.Errorf("~/.gitconfig was changed to %q", got)
	}
}

// While the editor may change its settings they are copied once. What it has
// made of them stays.
func TestVSCodiumSettingsAreSeededOnce(t *testing.T) {
	activate := text(t, "homes-as-they-come",
		`homeConfigurations."ada@atlas".config.home.activation.seedVscodiumSettings.data`)
	home := t.TempDir()
	seed := filepath.Join(home, "seed")
	if err := os.WriteFile(seed, []byte(`{"a": 1}`), 0o444); err != nil {
		t.Fatal(err)
	}
	// The seed is not built here, and the home is another one.
	fields := strings.Fields(activate)
	for _, f := range fields {
		if strings.HasSuffix(f, "-vscodium-settings.json") {
			activate = strings.ReplaceAll(activate, f, seed)
		}
	}
	activate = strings.ReplaceAll(activate, "/home/ada", home)
	script := "run() { \"$@\"; }\n" + activate
	settings := filepath.Join(home, ".config/VSCodium/User/settings.json")

	if out, err := shell(t, script, home, ""); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := read(t, settings); got != `{"a": 1}` {
		t.Errorf("seeded: %q", got)
	}
	if info, err := os.Stat(settings); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("the editor cannot write: %v, %v", info, err)
	}
	if err := os.WriteFile(settings, []byte(`{"a": 2}`), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := shell(t, script, home, ""); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := read(t, settings); got != `{"a": 2}` {
		t.Errorf("the editor's settings were lost: %q", got)
	}
}
