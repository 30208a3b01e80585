package play

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/json"
	"strings"
	"testing"
)

// failure is the error of a question.
func failure(t *testing.T, p *Page, name string, q any) string {
	t.Helper()
	text, err := json.Marshal(q)
	if err != nil {
		t.Fatal(err)
	}
	out, err := p.Call(name, text)
	if err == nil {
		t.Fatalf("%s answers %s", name, out)
	}
	return err.Error()
}

func TestLinksBringProfilesBack(t *testing.T) {
	p := newPage(t)
	for name, q := range cases(t) {
		l := ask[link](t, p, "share", q)
		if strings.ContainsAny(l.Fragment, "+/=#%") {
			t.Errorf("%s: %s needs escapes", name, l.Fragment)
		}
		if got := ask[opened](t, p, "open", l); got.Profile != q.Profile {
			t.Errorf("%s became %q", name, got.Profile)
		}
	}
}

const withSecret = `version: 1
host:
  name: atlas
  system: x86_64-linux
  stateVersion: "26.05"
  nixos:
    services.x.password: hunter2hunter2
`

// A secret leaves the page neither in a link nor in an archive, also where something else is wrong.
func TestSecretsStay(t *testing.T) {
	p := newPage(t)
	const said = "password is written here in clear text; it ends up in the Nix store"
	for _, text := range []string{
		withSecret, withSecret + "unknown: 1\n", strings.ReplaceAll(withSecret, "nixos:\n    services.x", "unknown:\n    x"),
		"services: {none: {password: hunter2hunter2}}\n",
	} {
		if got := failure(t, p, "share", question{Profile: text}); !strings.Contains(got, said) {
			t.Errorf("%s\nis refused with %s", text, got)
		}
	}
	if got := failure(t, p, "share", question{Profile: "a: [password: hunter2\n"}); !strings.Contains(got, profileName+":1:") {
		t.Errorf("what cannot be read is refused with %s", got)
	}
	ask[generated](t, p, "generate", question{Profile: start1(t, p)})
	if _, err := p.Archive("zip"); err != nil {
		t.Error(err)
	}
	a := ask[generated](t, p, "generate", question{Profile: withSecret})
	if a.Valid || len(a.Problems) != 1 || strings.Contains(a.Problems[0].Text, "hunter2") {
		t.Errorf("%+v", a.Problems)
	}
	if data, err := p.Archive("zip"); err == nil || !strings.Contains(err.Error(), said) {
		t.Errorf("an archive of %d bytes: %v", len(data), err)
	}
}

// start1 is the first profile to start from.
func start1(t *testing.T, p *Page) string {
	t.Helper()
	return ask[info](t, p, "info", struct{}{}).Presets[0].Profile
}

func TestDamagedLinks(t *testing.T) {
	packed := func(text []byte) string {
		var out bytes.Buffer
		w, _ := flate.NewWriter(&out, 9)
		w.Write(text)
		w.Close()
		return base64.RawURLEncoding.EncodeToString(out.Bytes())
	}
	p := newPage(t)
	for fragment, want := range map[string]string{
		"!": "illegal base64", "AAAA": "the link is damaged", packed([]byte("\xff")): "not text",
		packed(bytes.Repeat([]byte("a"), maxOpened+1)): "larger than 256 KiB",
		packed([]byte("version: 1\n"))[:6]:             "unexpected EOF",
	} {
		if got := failure(t, p, "open", link{fragment}); !strings.Contains(got, want) {
			t.Errorf("%.20s: %s, want %s", fragment, got, want)
		}
	}
}
