package nixlog

import (
	"encoding/json"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

// big are texts of n bytes at least, as Nix writes them and as only an attacker would.
var big = map[string]func(n int) string{
	"trace": func(n int) string {
		frame := func(i int) string {
			return fmt.Sprintf("       … while evaluating the option `x%d':\n         at /nix/store/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-source/lib/modules.nix:%d:9:\n"+
				"          321|         options = checked options;\n             |         ^\n\n", i, i%900)
		}
		return "error:\n" + fill(n, frame) + "       error: The option `a.b' does not exist. Definition values:\n       - In `/tmp/x/c.nix': true\n"
	},
	"coloured trace": func(n int) string {
		frame := func(i int) string {
			return fmt.Sprintf("       … \x1b[33mwhile evaluating\x1b[0m the attribute '\x1b[35;1mx%d\x1b[0m'\n         \x1b[34;1mat \x1b[35;1m/x.nix:%d:9\x1b[0m:\n", i, i%900)
		}
		return "error:\n" + fill(n, frame) + "       \x1b[31;1merror:\x1b[0m undefined variable 'x'\n"
	},
	"internal-json": func(n int) string {
		return fill(n, func(i int) string {
			text, _ := json.Marshal(fmt.Sprintf("\x1b[31;1merror:\x1b[0m attribute 'x%d' missing\n       at /c.nix:%d:1:", i, i))
			return fmt.Sprintf("@nix {\"action\":\"result\",\"id\":%d,\"type\":101,\"fields\":[\"CC main%d.o\"]}\n@nix {\"action\":\"msg\",\"level\":0,\"msg\":%s}\n", i, i, text)
		})
	},
	"build log":       func(n int) string { return fill(n, numbered("building foo: a line of a log, %d, that says nothing\n")) },
	"log of programs": func(n int) string { return fill(n, numbered("> curl: (7) Failed to connect, %d\nfatal: early EOF\n")) },
	"many errors":     func(n int) string { return fill(n, numbered("error: no domain for host %d\n")) },
	"long message":    func(n int) string { return "error: Package ‘x’ in\n" + fill(n, numbered("       and %d\n")) },
	"long line":       func(n int) string { return "error: The option `" + fill(n, numbered("a%d.")) },
	"assertions": func(n int) string {
		return "error:\n       Failed assertions:\n" + fill(n, numbered("       - no %d\n"))
	},
	"errors of assertions": func(n int) string {
		return fill(n, func(i int) string {
			return fmt.Sprintf("error:\n       Failed assertions:\n%s", strings.Repeat(fmt.Sprintf("       - %d\n", i), 100))
		})
	},
	"one assertion": func(n int) string {
		return "error:\n       Failed assertions:\n       - no\n" + fill(n, numbered("         and %d\n"))
	},
	"definitions": func(n int) string {
		return "error: The option `a' does not exist. Definition values:\n" + fill(n, numbered("       - In `/x%d.nix': true\n"))
	},
	"one definition": func(n int) string {
		return "error: The option `a' does not exist. Definition values:\n       - In `/x.nix': ''\n" + fill(n, numbered("           text %d\n"))
	},
	"control strings": func(n int) string { return fill(n, numbered("\u009d%d\x1b]")) },
}

func numbered(format string) func(int) string {
	return func(i int) string { return fmt.Sprintf(format, i) }
}

func fill(n int, piece func(int) string) string {
	var b strings.Builder
	for i := 0; b.Len() < n; i++ {
		b.WriteString(piece(i))
	}
	return b.String()
}

// cost is the processor time that reading takes when it is least disturbed, of some readings.
func cost(t *testing.T, text string, readings int) time.Duration {
	used := func() time.Duration {
		var r syscall.Rusage
		if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
			t.Fatal(err)
		}
		return time.Duration(r.Utime.Nano() + r.Stime.Nano())
	}
	best := time.Hour
	for range readings {
		begin := used()
		Read(text)
		best = min(best, used()-begin)
	}
	return best
}

// Sixteen times the text takes about sixteen times as long: what is quadratic would take 256 times. A
// reading is easily disturbed, so it is repeated.
func TestReadIsLinear(t *testing.T) {
	for name, text := range big {
		small, large := cost(t, text(64<<10), 3), cost(t, text(1<<20), 3)
		t.Logf("%-16s 64 KiB %8s  1 MiB %8s", name, small.Round(time.Microsecond), large.Round(time.Microsecond))
		if ratio := float64(large) / float64(max(small, time.Millisecond)); ratio > 4*16 {
			t.Errorf("%s: 1 MiB takes %.0f times as long as 64 KiB", name, ratio)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	for name, text := range big {
		b.Run(strings.ReplaceAll(name, " ", "-"), func(b *testing.B) {
			s := text(1 << 20)
			b.SetBytes(int64(len(s)))
			for b.Loop() {
				Read(s)
			}
		})
	}
}
