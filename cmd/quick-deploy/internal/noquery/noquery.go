// Package noquery keeps the program from asking the terminal for its colours at
// start, whatever the command is.
//
// The form library (bubbletea v1, tea_init.go) asks at initialization already:
// it writes a request to the terminal and waits up to five seconds for a reply,
// which terminals without that feature never send, and swallows what was typed
// meanwhile. Nothing is asked where the variable CI is set, so this package sets it while
// packages are initialized; who imports the library calls [Restore] in its init.
//
// The order is the language's: of the packages whose imports are initialized,
// the first by import path is next. This one imports the standard library only and comes
// before github.com/rivo/uniseg, which bubbletea needs.
package noquery

import "os"

// The standard library's variables are initialized before any other package.
var held = hold()

func hold() bool {
	return os.Getenv("CI") == "" && os.Setenv("CI", "init") == nil
}

// Restore takes back what the initialization did. Calls after the first do nothing.
func Restore() {
	if held {
		held = false
		// Unsetting fails for malformed names only.
		_ = os.Unsetenv("CI")
	}
}
