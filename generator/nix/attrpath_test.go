package nix

import (
	"slices"
	"strings"
	"testing"
)

func TestParseAttrPath(t *testing.T) {
	for _, tt := range []struct {
		s    string
		want []string
	}{
		{"a", []string{"a"}},
		{"services.openssh.settings.X11Forwarding", []string{"services", "openssh", "settings", "X11Forwarding"}},
		{`services.nginx.virtualHosts."a.b".root`, []string{"services", "nginx", "virtualHosts", "a.b", "root"}},
		{`""`, []string{""}},
		{`"a\"\\\n\t\r\x\${"`, []string{"a\"\\\n\t\rx${"}},
		{`"$${x}"`, []string{"$${x}"}},
		{"if.or", []string{"if", "or"}},
		{"a-b'.c_", []string{"a-b'", "c_"}},
	} {
		got, err := ParseAttrPath(tt.s)
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, %v, want %q", tt.s, got, err, tt.want)
		}
	}
}

func TestParseAttrPathRefuses(t *testing.T) {
	for _, tt := range []struct{ s, want string }{
		{"", "column 1: a name is missing"},
		{"a.", "column 3: a name is missing"},
		{".a", `column 1: a name cannot start with "."`},
		{"a..b", `column 3: a name cannot start with "."`},
		{"a b", `column 2: " " where a dot`},
		{"a.1", `column 3: a name cannot start with "1"; quote it`},
		{"ä", `cannot start with "ä"`},
		{`a."b`, "column 3: the closing quote is missing"},
		{`"a"b`, `column 4: "b" where a dot`},
		{`"${x}"`, `write \${`},
		{"\"a\x00\"", "NUL"},
		{"\"\xff\"", "UTF-8"},
		{"a/b", `"/" where a dot`},
	} {
		got, err := ParseAttrPath(tt.s)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%q: got %q, %v, want an error with %q", tt.s, got, err, tt.want)
		}
	}
}
