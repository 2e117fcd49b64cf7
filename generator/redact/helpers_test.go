package redact

import (
	"testing"

	"rehearse/scenario"
)

// parse reads a scenario from text.
func parse(t testing.TB, text string) *scenario.Scenario {
	t.Helper()
	s, err := scenario.Parse("test.yaml", []byte(text), scenario.Options{Dir: "../../scenarios"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
