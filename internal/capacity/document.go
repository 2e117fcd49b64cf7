package capacity

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"time"
)

// Format names the layout of capacity.json. A reader refuses any other.
const Format = "rehearse/capacity/v1"

//go:embed capacity.schema.json
var schema []byte

// Schema returns the JSON Schema (draft 2020-12) of capacity.json.
func Schema() []byte { return slices.Clone(schema) }

// Document is capacity.json: what was searched, and what came of it.
type Document struct {
	Format     string     `json:"format"`
	Conditions Conditions `json:"conditions"`
	Asked      Asked      `json:"asked"`
	Seconds    float64    `json:"seconds"` // that the trials took, and the pauses between them
	Answer     Answer     `json:"answer"`
	Trials     []Row      `json:"trials"`
	Recovered  []Drained  `json:"recovered"` // how long the endpoint took to recover from each trial that broke
	Curve      Curve      `json:"curve"`
}

// Conditions are what the capacity was measured of, and with.
type Conditions struct {
	Scenario    string   `json:"scenario"` // its name
	SHA256      string   `json:"scenario_sha256"`
	StartedAt   string   `json:"started_at"` // RFC 3339, UTC
	Target      string   `json:"target"`     // URL without secrets; empty: the embedded endpoint
	Build       string   `json:"build"`      // of the endpoint, as the command line says
	Thresholds  []string `json:"thresholds"`
	LeftOut     []string `json:"thresholds_left_out,omitempty"` // those that have no meaning in a trial
	Batch       string   `json:"batch"`                         // events of a request
	Connections int      `json:"connections"`
	Permit      string   `json:"permit,omitempty"`
	Recording   string   `json:"recording,omitempty"` // how it was replayed; empty: traffic was synthesized

	Beside float64 `json:"background_events_per_s,omitempty"` // sent beside in each trial; 0: nothing
}

// Asked is what the search was asked for.
type Asked struct {
	From       float64 `json:"from_events_per_s"`
	To         float64 `json:"to_events_per_s"`
	Precision  float64 `json:"precision"`
	Confidence float64 `json:"confidence"`
	Budget     float64 `json:"budget_s"`
	Trial      float64 `json:"trial_s"`
}

// Row is a trial with what came of it.
type Row struct {
	Trial
	Observation
	Seconds float64 `json:"seconds"` // all of it
}

// Document returns what is known so far as capacity.json has it.
func (s *Search) Document(c Conditions) *Document {
	d := &Document{
		Format: Format, Conditions: c, Seconds: s.elapsed.Seconds(), Answer: s.Answer(),
		Asked: Asked{
			s.config.From, s.config.To, s.config.Precision, s.config.Confidence,
			s.config.Budget.Seconds(), s.config.Length.Seconds(),
		},
		Trials: []Row{}, Recovered: append([]Drained{}, s.rest.drains...),
	}
	for i := range s.tried {
		t := &s.tried[i]
		d.Trials = append(d.Trials, Row{t.Trial, t.Observation, t.Took.Seconds()})
	}
	d.Curve = curveOf(d.Trials)
	return d
}

// WriteJSON writes the document as capacity.json.
func (d *Document) WriteJSON(w io.Writer) error {
	text, err := json.MarshalIndent(d, "", "  ")
	if err == nil {
		_, err = w.Write(append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("cannot write the capacity: %w", err)
	}
	return nil
}

// budget is what was asked for as a duration.
func (a *Asked) budget() time.Duration { return time.Duration(a.Budget * float64(time.Second)) }
