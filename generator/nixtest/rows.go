package nixtest

import (
	"flag"
	"os"
	"strings"
)

// Step is how far apart the cases are that a test takes out of a long row of like ones: n; 1, which is all of
// them, where QUICK_DEPLOY_TEST_ALL is set, or where -run asks for cases by name, as in TestScenarios/power-cut.
func Step(n int) int {
	if os.Getenv("QUICK_DEPLOY_TEST_ALL") != "" {
		return 1
	}
	if run := flag.Lookup("test.run"); run != nil && strings.Contains(run.Value.String(), "/") {
		return 1
	}
	return n
}
