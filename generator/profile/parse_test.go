package profile

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v4"
)

// fleetYAML is a profile of n hosts in the style people write.
func fleetYAML(n int) []byte {
	var b strings.Builder
	b.WriteString("version: 1\nrelease: \"26.05\"\ndefaults:\n  timezone: Europe/Berlin\n  packages: [git, vim]\ngroups:\n  web:\n    services: {nginx: {}}\nhosts:\n")
	for i := range n {
		fmt.Fprintf(&b, "  web-%05d:\n    system: x86_64-linux # a comment\n    groups: [web]\n    tags: [canary]\n"+
			"    services: {postgresql: {databases: [a, b]}}\n    +packages:\n      - ripgrep\n      - duckdb\n", i)
	}
	return []byte(b.String())
}

// samples are texts that our nodes and the plain values of the library must agree about.
var samples = []string{
	"a: 1\n",
	"---\na: 1\n...\n",
	"# head\na: 1 # tail\n# foot\n",
	"a:\n  b:\n    c: d\n  e: f\ng: h\n",
	"a:\n- 1\n- 2\nb: 3\n",
	"a:\n  - 1\n  -  2\nb: 3\n",
	"a:\n  - b: 1\n    c: 2\n  - b: 3\n",
	"a:\n  - - 1\n    - 2\n  - - 3\n",
	"a:\n  -\n    b: 1\n  -\n  - c\n",
	"a:\nb:\n  c:\n  d: ~\ne: null\n",
	"a: {b: 1, c: [x, y, {z: 1}], d: {}}\ne: []\n",
	"a: {b, c: , d: ~}\n",
	"a: [\n  1,\n  2, # two\n  3,\n]\nb: {\n  c: 1,\n}\n",
	"a: 'it''s'\nb: \"a\\tb\\n\\\"c\\\" \\u00e9 \\x41 \\\\\"\nc: ''\nd: \"\"\n",
	"a: \"one\n  two\n\n  three\"\nb: 1\n",
	"a: 'one\n  two'\nb: 1\n",
	"a: one\n  two\n  three\nb: 1\n",
	"a: |\n  one\n    two\n\n  three\nb: 1\n",
	"a: |-\n  one\n  two\nb: 1\n",
	"a: |+\n  one\n\nb: 1\n",
	"a: >\n  one\n  two\n\n  three\nb: 1\n",
	"a: >-\n  # no comment\n  two\nb: 1\n",
	"a: |\n  #!/bin/sh\n  echo \"x\" # y\n  if a: then\n\n# real comment\nb: 1\n",
	"a:\n  - |\n    one\n  - two\n",
	"a: | # comment\n  one\nb: 1\n",
	"a: http://x.y:80/z?a=b#c\nb: a:b\nc: a#b\nd: -x\ne: x - y\n",
	"\"a b\": 1\n'c: d': 2\n\"e\" : 3\n",
	"a: true\nb: False\nc: yes\nd: on\ne: 1.5\nf: -3\ng: 0x1f\nh: 0o17\n",
	"a: 12:30\nb: 2026-01-x\nc: 1.2.3\nd: 26.05.1\n",
	"a: ö\nbü: 日本\nc: \"日本\" # ü\nd: 1\n",
	"a:\n\n\n  b: 1\n\n\n  c: 2\n",
	"a: \"x\" \nb:   y  \n",
	"a:\tb\nc: 1\n",
	"a: x\ty\n",
	"a:\n    b: 1\n    c:\n      - 2\n",
	"? a\n",
	"a: {\"b\":1, 'c':2}\n",
	"a: {b: http://x/y}\n",
	"a: [http://x:80, b:c]\n",
	"a: \"{x}\"\nb: '[y]'\nc: '# z'\n",
	"+a: [1]\n",
	"nixos: {\"services.openssh.settings.X11Forwarding\": true}\n",
	"a: 'x\n\n\n  y'\n",
	"a: - b\n",
	"a: 1\n b: 2\n",
	"a: \"x\" y\n",
	"a: [1, 2\n",
	"a: ]\n",
	"a: b: c\n",
	"- a\n- b: c\n",
	"a:\n  - x\n - y\n",
	"a: \"\\ud83d\\ude00\"\n",
	"a: |2\n    x\n   y\nb: 1\n",
}

func TestParseAsTheLibrary(t *testing.T) {
	read := 0
	for _, src := range samples {
		root, _, problems := parse("p.yaml", []byte(src))
		var want any
		err := yaml.Load([]byte(src), &want)
		if len(problems) > 0 || err != nil {
			t.Logf("%q: refused: %v; library: %v", src, problems, err)
			continue
		}
		read++
		if diff := cmp.Diff(plain(want), plain(root.Any())); diff != "" {
			t.Errorf("%q (-library +profile):\n%s", src, diff)
		}
	}
	if read < len(samples)*3/4 {
		t.Errorf("only %d of %d texts were read by both", read, len(samples))
	}
}

// plain levels the number types.
func plain(v any) any {
	switch v := v.(type) {
	case int:
		return int64(v)
	case map[string]any:
		for k := range v {
			v[k] = plain(v[k])
		}
	case []any:
		for i := range v {
			v[i] = plain(v[i])
		}
	}
	return v
}
