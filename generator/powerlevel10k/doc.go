// Package powerlevel10k writes the configuration of the powerlevel10k prompt
// from the few answers that its wizard asks for. Every answer has an effect in
// every style. The variables are those of powerlevel10k's README and of the
// configurations that it ships.
package powerlevel10k
