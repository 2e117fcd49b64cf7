package compare

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"

	"rehearse/results"
	"rehearse/results/rundir"
)

// format is the layout of what WriteJSON writes.
const format = "rehearse/compare/v1"

//go:embed compare.schema.json
var schema []byte

// Schema returns the JSON Schema (draft 2020-12) of what WriteJSON writes.
func Schema() []byte { return slices.Clone(schema) }

// document is a comparison as JSON.
type document struct {
	Format    string        `json:"format"`
	A         documentRun   `json:"a"`
	B         documentRun   `json:"b"`
	Tolerance float64       `json:"tolerance"`
	Verdict   string        `json:"verdict"` // not worse, worse or doubtful
	Because   string        `json:"because"`
	Rows      []documentRow `json:"rows"`
	Warnings  []string      `json:"warnings"`
}

// documentRun names a run.
type documentRun struct {
	ID       string          `json:"id"`
	Scenario string          `json:"scenario"`
	Verdict  results.Verdict `json:"verdict"`
}

// documentRow is a row. What is infinite is null: JSON has no word for it.
type documentRow struct {
	Name   string       `json:"name"`
	Unit   Unit         `json:"unit"`
	A      documentSide `json:"a"`
	B      documentSide `json:"b"`
	Change *float64     `json:"change"`
	P      float64      `json:"p"`
	Sees   *float64     `json:"sees"`
	Found  Finding      `json:"found"`
}

// documentSide is a median and its bounds.
type documentSide struct {
	Median  float64 `json:"median"`
	Low     float64 `json:"low"`
	High    float64 `json:"high"`
	Samples int     `json:"samples"`
}

// WriteJSON writes the comparison as JSON.
func WriteJSON(w io.Writer, c *Comparison) error {
	d := document{
		Format: format, A: named(c.A), B: named(c.B), Tolerance: c.Tolerance,
		Verdict: c.Verdict(), Because: c.Because(), Rows: []documentRow{}, Warnings: append([]string{}, c.Warnings...),
	}
	for i := range c.Rows {
		r := &c.Rows[i]
		d.Rows = append(d.Rows,
			documentRow{r.Name, r.Unit, counted(r.A), counted(r.B), finite(r.Change), r.P, finite(r.Sees), r.Found})
	}
	text, err := json.MarshalIndent(d, "", "  ")
	if err == nil {
		_, err = w.Write(append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("cannot write comparison: %w", err)
	}
	return nil
}

// named is what tells a run.
func named(r *rundir.Run) documentRun {
	return documentRun{r.Result.Run.ID, r.Result.Run.Scenario, r.Result.Verdict}
}

// counted is a side without its samples.
func counted(s Side) documentSide {
	return documentSide{s.Median, bounded(s.Low, s.Median), bounded(s.High, s.Median), len(s.Samples)}
}

// bounded is a bound, or the median itself where so few samples have none.
func bounded(bound, median float64) float64 {
	if math.IsInf(bound, 0) {
		return median
	}
	return bound
}

// finite is nil for what is not.
func finite(v float64) *float64 {
	if math.IsInf(v, 0) || math.IsNaN(v) {
		return nil
	}
	return &v
}
