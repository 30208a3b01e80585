// Package nix holds Nix expressions as data and prints them in the style of
// RFC 166 (nixfmt, width 100): those that a profile's answers become, and no
// others. A value that came from outside can become a string, a number or an
// attribute name, never syntax.
package nix

// Expr is a Nix expression. The types of this package are its only implementations.
type Expr interface{ isExpr() }

type (
	// Str is a string. It prints as "…", whatever its content.
	Str string
	// Text is a string that reads better over several lines. It prints as
	// ''…'' where that denotes exactly the same string, else as Str does.
	Text string
	// Int is an integer; every int64 is printable.
	Int int64
	// Float is a finite float.
	Float float64
	// Bool is true or false.
	Bool bool
	// Null is null.
	Null struct{}
	// Path is a path literal relative to the file, such as ./hosts/atlas/local.nix.
	Path string
	// Ref selects from a name in scope: Ref{"pkgs", "ripgrep"} is pkgs.ripgrep.
	// The first part must be an identifier; the others are quoted where needed.
	Ref []string
	// List is a list.
	List []Expr
)

// Interp is a string with antiquotations, written by the tool itself:
// Interp{Str("/home/"), Ref{"config", "x"}} is "/home/${config.x}".
// Its parts are Str, which are escaped, and Ref. It is never broken over lines,
// as nixfmt would break one whose names need quotes.
type Interp []Expr

// Attrs is an attribute set. Bindings print in the given order.
type Attrs struct{ Body []Binding }

// Binding is one entry of an attribute set.
type Binding struct {
	// Path is the attribute path; its parts are quoted where needed.
	Path  []string
	Value Expr
	// Comment is printed above the binding, each line behind "# ".
	Comment string
	// Blank asks for an empty line above the binding (never the first of a set).
	Blank bool
	// Origin names the profile node that the binding comes from; it is
	// inherited by what lies below and ends up in the source map.
	Origin string
}

// Call applies Fn to Args, one at least: lib.mkDefault true. Arguments before the
// last are short; a call or a function as the argument of another is short, too, or
// holds a list: the printer knows no other way to break it than nixfmt has for those.
type Call struct {
	Fn   Ref
	Args []Expr
}

// Func is a function of Arg. Without one it is a module's: it takes Params and more from
// a set ({ lib, pkgs, ... }:), and stands at the top of a file.
type Func struct {
	Arg    string
	Params []string
	Body   Expr
}

// Op is a sum or a difference of terms: Name is + or -.
type Op struct {
	Name        string
	Left, Right Expr
}

// Not is !Of.
type Not struct{ Of Ref }

// Item is a list item with a comment above it and, optionally, an origin. One
// without a value is a comment alone.
type Item struct {
	Value   Expr
	Comment string
	Origin  string
}

func (Str) isExpr()    {}
func (Text) isExpr()   {}
func (Int) isExpr()    {}
func (Float) isExpr()  {}
func (Bool) isExpr()   {}
func (Null) isExpr()   {}
func (Path) isExpr()   {}
func (Ref) isExpr()    {}
func (List) isExpr()   {}
func (Interp) isExpr() {}
func (Attrs) isExpr()  {}
func (Call) isExpr()   {}
func (Func) isExpr()   {}
func (Op) isExpr()     {}
func (Not) isExpr()    {}
func (Item) isExpr()   {}
