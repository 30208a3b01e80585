package diagnose_test

import (
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/diagnose"
	"github.com/quick-deploy/quick-deploy/cmd/quick-deploy/internal/nixlog"
)

const builderFailed = "error: builder for '/nix/store/7krkaq482m4jy74x2cq2pndswn3iv3qq-hello-2.12.drv' failed with exit code 2;\n" +
	"       last 2 log lines:\n       > src/main.c:12:3: error: no member\n       > make: *** [Makefile:12: all] Error 1\n"

// failed are outputs of failed builds, made of a beginning, lines again and again with a number for each #, and an end.
var failed = map[string][3]string{
	"log":           {"", "hello> gcc -c src/unit#.c -o build/unit#.o -Iinclude -DVERSION=2.12.#\n", builderFailed},
	"log-in-error":  {"error: builder for '/nix/store/aaa-hello.drv' failed with exit code 2;\n       last 25 log lines:\n", "       > gcc -c src/unit#.c -o build/unit#.o -DVERSION=2.12.#\n", ""},
	"log-of-npm":    {"", "web> npm warn network http fetch GET 200 https://registry.example.org/pkg#\n", builderFailed},
	"errors":        {"", "src/a#.c: unused\nerror: a#.c:12: no member named b#.c in x.y#\n", builderFailed},
	"builders":      {"", strings.Replace(builderFailed, "hello", "hello#", 1), ""},
	"throw":         {"error: cannot build this:\n", "       gcc -c unit#.c -o unit#.o -DVERSION=2.12.#\n", ""},
	"throw-options": {"error: cannot build this:\n", "       services.nginx.virtualHosts.site#.root is not networking.hostName#\n", ""},
	"throw-quotes":  {"error: cannot build this:\n", "       the option 'a#' and `b#' of ‘c#.d’\n", ""},
	"one-line":      {"error: ", "unit#.c of unit#.o; ", "\n"},
}

// long is the output of a failed build, of n bytes at least.
func long(kind string, n int) string {
	text := failed[kind]
	var s strings.Builder
	s.WriteString(text[0])
	for i := 0; s.Len() < n; i++ {
		s.WriteString(strings.ReplaceAll(text[1], "#", strconv.Itoa(i)))
	}
	s.WriteString(text[2])
	return s.String()
}

// classify reads what Nix wrote and finds what of the profile it goes back to.
func classify(text string, source diagnose.Source) { diagnose.Locate(nixlog.Read(text).Errors, source) }

// Sixteen times the text takes about sixteen times as long: what is quadratic would take 256 times.
func TestClassifyIsLinear(t *testing.T) {
	source := samples(t)[0].source
	for kind := range failed {
		cost := func(n int) time.Duration {
			text, best := long(kind, n), time.Hour
			for range 3 {
				begin := used(t)
				classify(text, source)
				best = min(best, used(t)-begin)
			}
			return best
		}
		small, large := cost(64<<10), cost(1<<20)
		t.Logf("%-13s 64 KiB %8s  1 MiB %8s", kind, small.Round(time.Microsecond), large.Round(time.Microsecond))
		if ratio := float64(large) / float64(max(small, time.Millisecond)); ratio > 4*16 {
			t.Errorf("%s: 1 MiB takes %.0f times as long as 64 KiB", kind, ratio)
		}
	}
}

// used is the processor time that this process has taken.
func used(t *testing.T) time.Duration {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		t.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkClassify classifies 1 MiB of the output of failed builds.
func BenchmarkClassify(b *testing.B) {
	source := samples(b)[0].source
	for kind := range failed {
		text := long(kind, 1<<20)
		b.Run(kind, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				classify(text, source)
			}
		})
	}
}
