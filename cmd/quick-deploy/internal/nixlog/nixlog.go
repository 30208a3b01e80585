// Package nixlog is the one reader of what Nix says when it fails, and what
// nixos-rebuild, home-manager, git, curl and ssh say below it. [Read] turns Nix
// 2.18 to 2.34's output into [Error] values and chooses the one that decides: whether waiting
// may help, what helps else, and what of a profile is to blame all follow from it.
//
// The texts of Nix are no interface of its own, so whatever is not recognised is
// passed on as it was said. A message is recognised by how it begins, never by what it
// quotes: an evaluation error may quote any text of the configuration.
package nixlog

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/storepath"
	"github.com/quick-deploy/quick-deploy/generator/lazyregexp"
)

// Kind is the stable name of a class of errors. kinds.txt lists and explains them all.
type Kind string

// The kinds that the program treats in a way of their own.
const (
	OptionMissing     Kind = "option-missing"
	OptionType        Kind = "option-type"
	OptionConflict    Kind = "option-conflict"
	OptionUnset       Kind = "option-unset"
	OptionReadOnly    Kind = "option-read-only"
	OptionRemoved     Kind = "option-removed"
	Assertion         Kind = "assertion"
	AttributeMissing  Kind = "attribute-missing"
	VariableMissing   Kind = "variable-missing"
	AttributeTwice    Kind = "attribute-twice"
	Syntax            Kind = "syntax"
	Recursion         Kind = "recursion"
	Unfree            Kind = "unfree"
	Insecure          Kind = "insecure"
	Broken            Kind = "broken"
	Unsupported       Kind = "unsupported"
	PackageGone       Kind = "package-gone"
	HashMismatch      Kind = "hash-mismatch"
	FileInTheWay      Kind = "file-in-the-way"
	Network           Kind = "network"
	Server            Kind = "server"
	RateLimit         Kind = "rate-limit"
	NotFound          Kind = "not-found"
	Trust             Kind = "trust"
	Builder           Kind = "builder"
	DependencyFailure Kind = "dependency-failure"
	Throw             Kind = "throw"
	Other             Kind = "other"
)

// Temporary says whether waiting may help.
func (k Kind) Temporary() bool { return known().temporary[k] }

// Error is one error as Nix, or a program below it, printed it.
type Error struct {
	Kind Kind
	// Message is what it says, without place and trace.
	Message string
	// Option is the option at fault, or the innermost one that was being
	// evaluated; parts that hold dots are quoted, as Nix does.
	Option string
	// Name is the attribute, variable, package, input, address or file at fault.
	Name string
	// Expected is the type that an option wants.
	Expected string
	// Suggestions are the names that Nix itself proposes.
	Suggestions []string
	// Definitions are the values of the option and where they are given.
	Definitions []Definition
	// Places are the places named, the error's own first and then outwards.
	Places []Place
	// Detail is what else helps: the end of a build log, known vulnerabilities, hashes.
	Detail []string

	at string // the error's own place, as it stands there
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

// Line is what of the error belongs in one line: the beginning of the message,
// and the reason behind it where it stands on a line of its own.
func (e Error) Line() string {
	line, more, _ := strings.Cut(e.Message, "\n")
	if why, _, _ := strings.Cut(strings.TrimSpace(more), "\n"); strings.HasPrefix(why, "Reason: ") {
		line += " " + why
	}
	return sentence(strings.TrimSuffix(line, " Definition values:"))
}

// Text is the whole message with the error's own place, without the trace.
func (e Error) Text() string { return strings.TrimSpace(e.Message + "\n" + e.at) }

// retryAfter is RFC 9110, 10.2.3 in seconds, as servers put it into the answer that Nix, curl and git show.
var retryAfter = lazyregexp.New(`(?i)retry[- ]after['"]?[:= ]+\s*['"]?(\d{1,6})|try again in (\d{1,6}) ?s`)

// After is how long the server asked to wait, 0 if it did not.
func (e Error) After() time.Duration {
	m := retryAfter.FindStringSubmatch(head(e.Message))
	if m == nil || !e.Kind.Temporary() {
		return 0
	}
	n, _ := strconv.Atoi(m[1] + m[2]) // digits
	return time.Duration(n) * time.Second
}

// Brief is a message of Nix as it is shown: an error without its trace, any other
// text as it is.
func Brief(text string) string {
	if !strings.HasPrefix(text, "error:") {
		return text
	}
	o := Read(text)
	if len(o.Errors) == 0 {
		return text // a line of a longer one
	}
	return "error: " + o.Cause.Text()
}

// ShortName is the name in a store path: linux-6.12 for /nix/store/…-linux-6.12.drv.
func ShortName(path string) string {
	name, _, _ := strings.Cut(path[strings.LastIndexByte(path, '/')+1:], ".drv")
	return cmp.Or(storepath.Name(name), name)
}
