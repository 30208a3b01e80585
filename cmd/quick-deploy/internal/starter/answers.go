package starter

import (
	"fmt"
	"reflect"

	"github.com/goccy/go-yaml"
)

// Fill sets the answers that the answers file in data gives; those that it
// does not name stay as they are. The error says line and column.
func Fill(a *Answers, data []byte) error {
	before := *a
	if err := yaml.UnmarshalWithOptions(data, a, yaml.Strict(), yaml.DisallowUnknownField()); err != nil {
		return fmt.Errorf("read the answers: %s", yaml.FormatError(err, false, false))
	}
	a.Settle(before)
	return nil
}

// Set sets the answer called name, as an answers file calls it. One that is a text takes the first value.
func (a *Answers) Set(name string, values ...string) {
	all := reflect.ValueOf(a).Elem()
	for i := range all.NumField() {
		switch field := all.Field(i); {
		case all.Type().Field(i).Tag.Get("yaml") != name:
		case field.Kind() == reflect.String:
			field.SetString(values[0])
		default:
			field.Set(reflect.ValueOf(values))
		}
	}
}

// Settle drops the variant of the layout that there was before, where another took its place.
func (a *Answers) Settle(before Answers) {
	if a.Layout != before.Layout && a.Variant == before.Variant {
		a.Variant = ""
	}
}

// File returns an answers file that holds every answer, so that the machine it is
// read on does not matter.
func File(a Answers) ([]byte, error) {
	text, err := yaml.MarshalWithOptions(a, yaml.IndentSequence(true),
		yaml.CustomMarshaler(func(s string) ([]byte, error) {
			quoted, err := scalar(s)
			return []byte(quoted), err
		}))
	if err != nil {
		return nil, fmt.Errorf("write the answers: %w", err)
	}
	return append([]byte("# quick-deploy init --answers FILE gives these answers again.\n"), text...), nil
}
