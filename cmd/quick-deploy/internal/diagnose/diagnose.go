// Package diagnose says which line of a profile an error of Nix goes back to.
//
// [Parse] reads what Nix 2.18 to 2.34 print into [NixError] values: what kind
// of error it is, which option, package, file and place it names. [Locate]
// follows those names back through the generated flake, whose lines know the
// profile node they were made from, and adds the probable cause and what to do.
// Both are pure; the texts of Nix are not parts of any interface, so whatever
// is not recognised is passed on as it was said.
package diagnose

import "strings"

// Kind is the stable name of a class of errors.
type Kind string

// The kinds.
const (
	OptionMissing     Kind = "option-missing"     // no module declares it
	OptionType        Kind = "option-type"        // a value of the wrong type
	OptionConflict    Kind = "option-conflict"    // two values that cannot be merged
	OptionUnset       Kind = "option-unset"       // needed, and nobody gives a value
	OptionReadOnly    Kind = "option-read-only"   // not to be set
	OptionRemoved     Kind = "option-removed"     // gone from this release
	Assertion         Kind = "assertion"          // a module's own check
	AttributeMissing  Kind = "attribute-missing"  // a set has no such attribute; of pkgs, no such package
	VariableMissing   Kind = "variable-missing"   // a name that nothing binds
	AttributeTwice    Kind = "attribute-twice"    // set twice in one file
	Argument          Kind = "argument"           // a function called with the wrong arguments
	Type              Kind = "type"               // a value of the wrong type inside an expression
	Syntax            Kind = "syntax"             // not Nix
	Recursion         Kind = "recursion"          // a value that depends on itself
	Unfree            Kind = "unfree"             // licence not allowed
	Insecure          Kind = "insecure"           // known vulnerabilities
	Broken            Kind = "broken"             // marked as broken
	Unsupported       Kind = "unsupported"        // not for this platform
	PackageGone       Kind = "package-gone"       // a throwing alias: removed or renamed
	HashMismatch      Kind = "hash-mismatch"      // a download is not what was promised
	FileMissing       Kind = "file-missing"       // a path that does not exist
	FileUntracked     Kind = "file-untracked"     // there, but git does not know it
	Impure            Kind = "impure"             // outside of the flake
	ImportFromBuild   Kind = "import-from-build"  // evaluation wants to build (IFD)
	OutputMissing     Kind = "output-missing"     // the flake has no such attribute
	LockFile          Kind = "lock-file"          // flake.lock would have to change
	Network           Kind = "network"            // unreachable or refused
	Builder           Kind = "builder"            // a build failed
	DependencyFailure Kind = "dependency-failure" // another build failed before
	Throw             Kind = "throw"              // an error that a module raises itself
	Other             Kind = "other"              // not recognised
)

// NixError is one error as Nix printed it.
type NixError struct {
	Kind Kind
	// Message is what Nix says, without place and trace.
	Message string
	// Option is the option at fault, or the innermost one that was being
	// evaluated; parts that hold dots are quoted, as Nix does.
	Option string
	// Traced tells that Option comes from the trace, not from the message.
	Traced bool
	// Name is the attribute, variable, package, input or file at fault.
	Name string
	// Expected is the type that an option or an expression wants.
	Expected string
	// Suggestions are the names that Nix itself proposes.
	Suggestions []string
	// Definitions are the values of the option and where they are given.
	Definitions []Definition
	// Places are the places named, the error's own first and then outwards.
	Places []Place
	// Detail is what else helps: the end of a build log, known vulnerabilities, hashes.
	Detail []string
}

// Definition is one of the definitions of an option.
type Definition struct {
	File  string // as Nix names it
	Value string // as Nix prints it, on one line
}

// Place is a place in a Nix file. Line and Column count from 1; Column is 0 where Nix tells none.
type Place struct {
	File         string // as Nix names it
	Line, Column int
	// Text is the line as Nix shows it; Shown tells whether it does.
	Text  string
	Shown bool
}

// parts splits an option path as Nix prints it: services."a.b".x.
func parts(option string) []string {
	var out []string
	var cur strings.Builder
	quoted := false
	for i := 0; i < len(option); i++ {
		switch c := option[i]; {
		case c == '\\' && quoted && i+1 < len(option):
			i++
			cur.WriteByte(option[i])
		case c == '"':
			quoted = !quoted
		case c == '.' && !quoted:
			out = append(out, cur.String())
			cur.Reset()
		default:
			cur.WriteByte(c)
		}
	}
	return append(out, cur.String())
}
