package nix

// function writes a function. With top set it is the file's own: the body of a
// set pattern starts on a new line, and a set as the body is broken over lines.
func (b *builder) function(f Func, top bool) {
	if f.pattern() {
		b.patternFunction(f, top)
		return
	}
	b.open(regular)
	b.space(lineBreak)
	for depth := 1; ; depth++ {
		from := b.start()
		b.variable(f.Arg)
		b.text = append(b.text, ':')
		b.end(from)
		body := view(f.Body)
		if g, ok := body.(Func); ok && !g.pattern() {
			b.space(hardSpace)
			f = g
			continue
		}
		switch {
		case absorbableBody(body):
			b.space(hardSpace)
			b.open(priority)
			b.absorb(body, top)
			b.close()
		case depth <= 2:
			b.space(lineSpace)
			b.expr(body)
		default:
			b.space(hardLine)
			b.expr(body)
		}
		break
	}
	b.close()
}

func (b *builder) patternFunction(f Func, top bool) {
	b.pattern(f)
	b.word(":")
	body := view(f.Body)
	switch {
	case top && f.As == "":
		b.space(hardLine)
		b.topBody(body)
	case f.short() && absorbableBody(body):
		b.space(hardSpace)
		b.open(priority)
		b.expr(body)
		b.close()
	case absorbable(body):
		b.space(lineSpace)
		b.keepIf(f.As == "")
		b.open(regular)
		b.term(body, true)
		b.close()
	default:
		b.space(lineSpace)
		b.keepIf(f.As == "")
		b.expr(body)
	}
}

func (b *builder) keepIf(yes bool) {
	if yes {
		b.keep()
	}
}

func (b *builder) pattern(f Func) {
	if f.As != "" {
		from := b.start()
		b.variable(f.As)
		b.text = append(b.text, '@')
		b.end(from)
	}
	b.open(regular)
	defer b.close()
	if len(f.Params) == 0 && !f.Open {
		b.empty("{", "}")
		return
	}
	sep := lineSpace
	if len(f.Params) > 2 {
		sep = hardLine
	}
	b.word("{")
	b.space(sep)
	b.nest++
	for i, p := range f.Params {
		from := b.start()
		b.variable(p)
		last := i == len(f.Params)-1 && !f.Open
		if !last {
			b.text = append(b.text, ',')
		}
		b.end(from)
		if last {
			from = b.start()
			b.text = append(b.text, ',')
			b.endAs(trailing, from)
		}
		b.space(sep)
	}
	if f.Open {
		b.word("...")
		b.space(sep)
	}
	b.nest--
	b.word("}")
}
