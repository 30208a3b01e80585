package nix

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// atom is the text of an expression that has no line breaks.
func (p *printer) atom(e Expr) string {
	switch e := e.(type) {
	case Str:
		p.fail(checkText(string(e)))
		return Quote(string(e))
	case Interp:
		return p.interp(e)
	case Int:
		return strconv.FormatInt(int64(e), 10)
	case Float:
		p.fail(checkFloat(float64(e)))
		return formatFloat(float64(e))
	case Bool:
		return strconv.FormatBool(bool(e))
	case Null:
		return "null"
	case Path:
		if !pathForm.MatchString(string(e)) && e != "./." {
			p.fail(fmt.Errorf("%q is not a path literal", string(e)))
		}
		return string(e)
	case Ref:
		return p.ref(e)
	case Not:
		return "!" + p.ref(e.Of)
	case Op:
		if e.Name != "+" && e.Name != "-" {
			p.fail(fmt.Errorf("no operator %q", e.Name))
		}
		return p.atom(view(e.Left)) + " " + e.Name + " " + p.atom(view(e.Right))
	case nil:
		p.fail(errors.New("an expression is missing"))
	default:
		p.fail(fmt.Errorf("%T is not an expression here", e))
	}
	return ""
}

func (p *printer) ref(r Ref) string {
	if len(r) == 0 {
		p.fail(errors.New("an empty reference"))
		return ""
	}
	text := p.variable(r[0])
	for _, n := range r[1:] {
		text += "." + p.name(n)
	}
	return text
}

func (p *printer) name(s string) string {
	if err := checkText(s); err != nil {
		p.fail(fmt.Errorf("attribute name %q: %w", s, err))
	}
	return quoteName(s)
}

func (p *printer) variable(s string) string {
	if !isIdent(s) {
		p.fail(fmt.Errorf("%q cannot be the name of a variable", s))
	}
	return s
}

func (p *printer) interp(parts Interp) string {
	text := `"`
	for i, e := range parts {
		switch e := e.(type) {
		case Str:
			p.fail(checkText(string(e)))
			text += stringEscapes.Replace(string(e))
			if rest, ok := strings.CutSuffix(text, "$"); ok && i+1 < len(parts) {
				text = rest + `\$` // "$${x}" would be text
			}
		case Ref:
			text += "${" + p.ref(e) + "}"
		default:
			p.fail(fmt.Errorf("%T cannot be part of a string", e))
		}
	}
	return text + `"`
}
