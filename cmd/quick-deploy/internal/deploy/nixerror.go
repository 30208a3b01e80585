package deploy

// NixError is a command of Nix that failed, with everything it said: what of
// the profile it goes back to, the caller finds out.
type NixError struct {
	Err error
	// Said is its standard error as a person would have seen it, with the whole trace.
	Said string
}

func (e *NixError) Error() string { return e.Err.Error() }
func (e *NixError) Unwrap() error { return e.Err }
