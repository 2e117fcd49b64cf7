package generator

import (
	"bytes"
	"io"
	"testing"
	"time"

	"rehearse/generator/body"
	"rehearse/generator/source"
	"rehearse/scenario"
)

// dealt opens s and builds every batch of it.
func dealt(t *testing.T, s *scenario.Scenario) (batches []body.Batch, plan source.Plan) {
	t.Helper()
	source, plan, err := opened(s, source.Part{})
	if err != nil {
		t.Fatal(err)
	}
	w := body.NewBuilder(s, time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	for {
		b := new(body.Batch)
		if err := source.Next(b); err == io.EOF {
			return batches, plan
		} else if err != nil {
			t.Fatal(err)
		}
		source.Build(b, w)
		b.Body = bytes.Clone(b.Body)
		batches = append(batches, *b)
	}
}
