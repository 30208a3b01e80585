// Package cleartext finds secrets that stand in a profile in clear text: by the
// name that a value goes under, and by the shape that it has. It errs on the
// side of finding: what is none is marked beside the value, with a reason.
//
// The shapes are those of gitleaks (gitleaks.txt, MIT, see LICENSE.gitleaks) and
// a few of our own. Its thresholds of entropy are left out: they pass what a
// person types. TestGitleaks makes that file of another version's rules.
package cleartext
