package starter

import (
	"fmt"

	"github.com/goccy/go-yaml"
)

// Fill sets the answers that the answers file in data gives; those that it
// does not name stay as they are. The error says line and column.
func Fill(a *Answers, data []byte) error {
	if err := yaml.UnmarshalWithOptions(data, a, yaml.Strict(), yaml.DisallowUnknownField()); err != nil {
		return fmt.Errorf("read the answers: %s", yaml.FormatError(err, false, false))
	}
	return nil
}

// File is an answers file that holds every answer, so that the machine it is
// read on does not matter.
func File(a Answers) ([]byte, error) {
	data, err := yaml.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("write the answers: %w", err)
	}
	return append([]byte("# quick-deploy init --answers FILE gives these answers again.\n"), data...), nil
}
