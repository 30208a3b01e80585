package profile

import (
	"cmp"
	_ "embed"
	"slices"
	"strings"
	"sync"

	"github.com/quick-deploy/quick-deploy/generator/keyboard"
)

// localeNames are the locales of glibc 2.42 (localedata/SUPPORTED), each with its
// character set, one a line, sorted. The build of glibcLocales takes no others.
//
//go:embed locales.txt
var localeNames string

var locales = sync.OnceValue(func() []string { return strings.Fields(localeNames) })

// utf8Locales are those that need no other character set: "de_DE.UTF-8", "en_IN".
var utf8Locales = sync.OnceValue(func() []string {
	var out []string
	for _, line := range locales() {
		if name, ok := strings.CutSuffix(line, "/UTF-8"); ok {
			out = append(out, name)
		}
	}
	return out
})

// SupportsLocale reports whether glibc can be built with the locale in a character set.
func SupportsLocale(name, charset string) bool {
	_, found := slices.BinarySearch(locales(), name+"/"+charset)
	return found
}

func isLocale(s string) bool { return SupportsLocale(s, "UTF-8") }

// homes are the territories of languages where neither the name says them, as in de_DE,
// nor the list begins with them.
var homes = map[string]string{"ar": "EG", "el": "GR", "en": "US", "sr": "RS", "sv": "SE", "ta": "IN", "ur": "PK"}

// Locale is the locale that s names in another spelling, such as de_DE.utf8, de-DE, de and
// de_DE@euro for de_DE.UTF-8; "" for none.
func Locale(s string) string {
	s, modifier, _ := strings.Cut(s, "@")
	s, _, _ = strings.Cut(s, ".")
	language, territory, _ := strings.Cut(strings.ReplaceAll(s, "-", "_"), "_")
	language, territory = strings.ToLower(language), strings.ToUpper(territory)
	if (language == "c" || language == "posix") && territory == "" {
		return "C.UTF-8"
	}
	base := language + "_" + territory
	if territory == "" {
		base = home(language)
	}
	for _, name := range []string{base + "@" + strings.ToLower(modifier), base + ".UTF-8", base, language} {
		if isLocale(name) {
			return name
		}
	}
	return ""
}

// home is a language with the territory that it is most likely meant for.
func home(language string) string {
	for _, territory := range []string{homes[language], strings.ToUpper(language)} {
		base := language + "_" + territory
		if isLocale(base+".UTF-8") || isLocale(base) {
			return base
		}
	}
	i := slices.IndexFunc(utf8Locales(), func(name string) bool { return strings.HasPrefix(name, language+"_") })
	if i < 0 {
		return language
	}
	base, _, _ := strings.Cut(utf8Locales()[i], ".")
	return base
}

// localeHint is another spelling, else the same language in the territories that look
// like the one named, else where it is at home.
func localeHint(s string) string {
	if name := Locale(s); name != "" {
		return "write " + name
	}
	base, _, _ := strings.Cut(strings.ReplaceAll(s, "-", "_"), ".")
	language, _, _ := strings.Cut(base, "_")
	var near []string
	for _, name := range utf8Locales() {
		other, _, _ := strings.Cut(name, ".")
		if strings.HasPrefix(name, language+"_") && distance(base, other) == 1 {
			near = append(near, name)
		}
	}
	if own := Locale(language); len(near) == 0 && own != "" {
		near = []string{own}
	}
	if len(near) == 0 {
		return DidYouMean(s, utf8Locales())
	}
	return "did you mean " + either(near) + "?"
}

// listed checks a value that is names of a list with commas between.
func listed(names func() []string) func(string) bool {
	return func(s string) bool {
		for name := range strings.SplitSeq(s, ",") {
			if _, found := slices.BinarySearch(names(), name); !found {
				return false
			}
		}
		return true
	}
}

// listedHint is a hint for the first name that is not in the list.
func listedHint(names func() []string, hint func(name string) string) func(string) string {
	ok := listed(names)
	return func(s string) string {
		if tight := strings.Join(strings.Fields(s), ""); tight != s && ok(tight) {
			return "write " + tight
		}
		return hint(firstWrong(s, ok))
	}
}

// firstWrong is the first entry of a list with commas between that does not pass.
func firstWrong(s string, ok func(string) bool) string {
	for name := range strings.SplitSeq(s, ",") {
		if name = strings.TrimSpace(name); !ok(name) {
			return name
		}
	}
	return ""
}

// layoutOf are the layouts of countries and languages, as people look for them.
var layoutOf = sync.OnceValue(func() map[string]string {
	return map[string]string{
		"america": "us", "austria": "at", "belgium": "be", "brazil": "br", "britain": "gb", "canada": "ca", "china": "cn",
		"chinese": "cn", "czech": "cz", "danish": "dk", "denmark": "dk", "dutch": "nl", "england": "gb", "english": "us",
		"finland": "fi", "finnish": "fi", "france": "fr", "french": "fr", "german": "de", "germany": "de", "greece": "gr",
		"greek": "gr", "hebrew": "il", "hungarian": "hu", "hungary": "hu", "india": "in", "israel": "il", "italian": "it",
		"italy": "it", "japan": "jp", "japanese": "jp", "korea": "kr", "korean": "kr", "netherlands": "nl", "norway": "no",
		"norwegian": "no", "poland": "pl", "polish": "pl", "portugal": "pt", "portuguese": "pt", "qwerty": "us",
		"qwertz": "de", "azerty": "fr", "russia": "ru", "russian": "ru", "spain": "es", "spanish": "es", "sweden": "se",
		"swedish": "se", "swiss": "ch", "switzerland": "ch", "turkey": "tr", "turkish": "tr", "ukraine": "ua",
		"ukrainian": "ua", "usa": "us",
	}
})

func layoutHint(name string) string {
	// setxkbmap(1) writes de(neo).
	if layout := layoutOf()[strings.ToLower(name)]; layout != "" {
		return Meant(layout)
	}
	k, ok := keyboard.FromConsole(strings.ToLower(strings.TrimSuffix(strings.Replace(name, "(", "-", 1), ")")))
	switch {
	case !ok:
		return DidYouMean(name, keyboard.Layouts())
	case k.Variant != "":
		return "write layout: " + quoteList(k.Layout) + ", variant: " + quoteList(k.Variant)
	}
	return Meant(k.Layout)
}

func keymapHint(s string) string {
	return cmp.Or(Meant(keyboard.ToConsole(s)), DidYouMean(s, keyboard.Keymaps()))
}

// quoteList quotes a text that is no single word in braces.
func quoteList(s string) string {
	if strings.Contains(s, ",") {
		return quoteShort(s)
	}
	return s
}

// Refusal is what is wrong with a value that has to be of a format of the schema; ok is
// true if nothing is.
func Refusal(format, value string) (what, why, hint string, ok bool) {
	f, known := formats[format]
	if !known || f.check(value) {
		return "", "", "", true
	}
	what, why, hint = wrongFormat(value, format)
	return what, why, hint, false
}
