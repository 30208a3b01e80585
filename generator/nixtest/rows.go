package nixtest

import "os"

// Step is how far apart the cases are that a test takes out of a long row of like ones: n, or 1, which is
// all of them, where QUICK_DEPLOY_TEST_ALL is set.
func Step(n int) int {
	if os.Getenv("QUICK_DEPLOY_TEST_ALL") != "" {
		return 1
	}
	return n
}
