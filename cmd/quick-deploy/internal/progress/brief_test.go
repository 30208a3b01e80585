package progress

import "testing"

func TestBrief(t *testing.T) {
	for text, want := range map[string]string{
		"warning: something\n… odd": "warning: something\n… odd",
		"error: cannot build":       "error: cannot build",
		"error:\n       … while calling the 'seq' builtin\n         at /x:1:2:\n\n       error: The option `a.b' does not exist. Definition values:\n       - In `/c.nix': true": "error: The option `a.b' does not exist. Definition values:\n- In `/c.nix': true",
		"error: message first\n\n       … while evaluating": "error: message first\n\n       … while evaluating",
	} {
		if got := Brief(text); got != want {
			t.Errorf("Brief(%q) = %q, want %q", text, got, want)
		}
	}
}
