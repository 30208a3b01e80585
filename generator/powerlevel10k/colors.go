package powerlevel10k

// scheme is a set of colours of the 256-colour palette.
type scheme struct {
	name   string
	dir    int // the folder
	clean  int // a repository without changes
	dirty  int // one with changes
	ok     int // the prompt sign after success
	fail   int // the same after a failure
	quiet  int // time, context and other asides
	accent int // the operating system's logo, environments
}

// schemes are the colour schemes; the first is the default.
var schemes = [...]scheme{
	{name: "default", dir: 31, clean: 76, dirty: 178, ok: 76, fail: 196, quiet: 244, accent: 37},
	{name: "dracula", dir: 141, clean: 84, dirty: 215, ok: 84, fail: 203, quiet: 61, accent: 212},
	{name: "gruvbox", dir: 109, clean: 142, dirty: 214, ok: 142, fail: 167, quiet: 245, accent: 208},
	{name: "nord", dir: 110, clean: 108, dirty: 222, ok: 108, fail: 131, quiet: 103, accent: 109},
	{name: "solarized", dir: 33, clean: 64, dirty: 136, ok: 64, fail: 160, quiet: 245, accent: 37},
	{name: "catppuccin", dir: 111, clean: 151, dirty: 223, ok: 151, fail: 211, quiet: 103, accent: 183},
	{name: "mono", dir: 255, clean: 250, dirty: 255, ok: 255, fail: 255, quiet: 244, accent: 250},
}

func schemeNames() []string {
	names := make([]string, len(schemes))
	for i, s := range schemes {
		names[i] = s.name
	}
	return names
}

func schemeOf(name string) scheme {
	for _, s := range schemes {
		if s.name == name {
			return s
		}
	}
	return schemes[0]
}

// shade is the colour of a background, empty for none, and of what stands
// between the segments on it.
func shade(background string) (back, line string) {
	switch background {
	case "dark":
		return "236", "242"
	case "medium":
		return "240", "248"
	case "light":
		return "252", "244"
	}
	return "", "242"
}
