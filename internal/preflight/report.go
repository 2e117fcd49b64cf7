package preflight

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"rehearse/internal/preflight/backlog"
	"rehearse/internal/preflight/cure"
	"rehearse/internal/preflight/storage"
	"rehearse/internal/text"
	"rehearse/internal/units"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// Format is the version of a report as JSON.
const Format = "rehearse/check/v1"

// Verdict is what comes of a check.
type Verdict string

// The verdicts.
const (
	Go Verdict = "go"
	// it can run when the pipeline's team has seen to what was found
	Accommodate Verdict = "accommodate"
	Refuse      Verdict = "refuse" // it has the shape of a denial of service
)

// String returns what is printed: check.json keeps the values above.
func (v Verdict) String() string {
	if v == Accommodate {
		return "ok with conditions"
	}
	return string(v)
}

// Severity is how much a finding weighs.
type Severity string

// The severities, the heaviest first.
const (
	SeverityRefuse      Severity = "refuse"
	SeverityAccommodate Severity = "accommodate"
	SeverityNote        Severity = "note"
)

// String returns what is printed: check.json keeps the values above.
func (s Severity) String() string {
	if s == SeverityAccommodate {
		return "condition"
	}
	return string(s)
}

// Finding is one thing to be said about a scenario.
type Finding struct {
	ID       string   `json:"id"`
	Severity Severity `json:"severity"`
	Message  string   `json:"message"`
	Where    string   `json:"where"` // file:line:col, or --set
	Hint     string   `json:"hint"`  // the smallest change that removes it

	Tell  string      `json:"tell,omitempty"`  // the customer, in words that can be mailed
	Cures []cure.Cure `json:"cures,omitempty"` // what of the scenario to change; each alone may do
}

// Report is what a check found out.
type Report struct {
	Format   string  `json:"format"`
	Scenario string  `json:"scenario"`
	SHA256   string  `json:"scenario_sha256"`
	Verdict  Verdict `json:"verdict"`
	Plan     Plan    `json:"plan"`
	// nil: there is no file of the pipeline, and no capacity is known
	Headroom   *Headroom  `json:"headroom,omitempty"`
	Findings   []Finding  `json:"findings"` // the heaviest first
	HotIDs     []HotID    `json:"hot_ids"`  // the most frequent first
	Partitions Partitions `json:"partitions"`
	Merges     Merges     `json:"merges"`
	Timing
	HeldTo []Assumption `json:"held_to"`
	// how the plan compares with the recording that it was learned from
	Learned []Fit `json:"learned,omitempty"`
	// what is sent beside; nil: nothing
	Background *Beside `json:"background,omitempty"`

	basis
}

// Timing is what comes too early or too late, and what it leaves behind.
type Timing struct {
	Order Order            `json:"order"`
	Lag   backlog.Forecast `json:"lag"`

	Storage storage.Storage `json:"storage"`
}

// Beside is what a scenario sends beside its own stream.
type Beside struct {
	Scenario string  `json:"scenario"`
	Plan     Plan    `json:"plan"`
	Peak     float64 `json:"peak_of_both_events_per_s"` // what the capacity is held against
}

// basis is what a report was made of, for its texts and pictures.
type basis struct {
	curve []schedule.Stage
	start time.Time // of the run; zero: not stated
	facts *Facts
	limit float64 // events a second that one id may keep up; 0: any
	hot   []HotID // all that overflow, the first to do so first
}

// Plan is what will be sent.
type Plan struct {
	Events       int64   `json:"events"`
	Requests     int64   `json:"requests"`
	BodyBytes    int64   `json:"body_bytes"` // before compression
	WireBytes    int64   `json:"wire_bytes"` // as they travel, heads included
	Seconds      float64 `json:"seconds"`
	PeakEvents   float64 `json:"peak_events_per_s"`
	PeakRequests float64 `json:"peak_requests_per_s"`
	MeanEvents   float64 `json:"mean_events_per_s"`
	MeanRequests float64 `json:"mean_requests_per_s"`

	Connections int     `json:"connections_needed"` // at the peak, by Little's law
	ServiceMS   float64 `json:"assumed_service_ms"`
	Merges      int64   `json:"merges"`
	Persons     int64   `json:"persons"` // different distinct_ids, anonymous ones included
	Cost        float64 `json:"cost"`    // of all events, in ordinary events

	Overflowing int   `json:"overflowing_ids"`
	Overflow    int64 `json:"overflow_events"`
	// the highest steady total rate at which no id overflows; null: any
	SafeRate *float64 `json:"safe_events_per_s"`

	Backlog int64   `json:"backlog_events"` // the most that wait where the peak is over capacity
	Drain   float64 `json:"drain_s"`        // how long after the end they are worked off

	// events that an id may have had beyond those told, because only the busiest were followed; 0:
	// all were
	Missed int64 `json:"missed_id_events"`

	Pause float64 `json:"longest_pause_s"` // between two requests; 0 unless counted
	// that come after a younger one of their id; 0 unless counted
	Disorder int64 `json:"disorder_events"`

	// by the endpoint; the reason that loses the most events first
	Refused []Refused `json:"refused"`

	Counted bool   `json:"counted"` // every request was built: nothing is an estimate
	Errors  Errors `json:"errors"`
}

// Refused is what an endpoint refuses for one reason.
type Refused struct {
	Status   int     `json:"status"` // 200: the request is taken, and events of it are dropped
	Reason   string  `json:"reason"`
	Requests int64   `json:"requests"`
	Events   int64   `json:"events"` // that are lost
	Error    float64 `json:"error"`  // half of a 95 % interval of both, as a share; 0: exact
}

// Errors are half the widths of 95 % intervals, as shares of what they belong to;
// 0: exact.
type Errors struct {
	Requests  float64 `json:"requests"`
	BodyBytes float64 `json:"body_bytes"`
	WireBytes float64 `json:"wire_bytes"`
	Merges    float64 `json:"merges"`
	Persons   float64 `json:"persons"`
	Overflow  float64 `json:"overflow_events"`
}

// IDErrors are halves of 95 % intervals: shares of the numbers, and seconds of the time; 0:
// exact.
type IDErrors struct {
	EventsError   float64 `json:"events_error"`
	OverflowError float64 `json:"overflow_error"`
	FirstError    float64 `json:"overflows_at_error_s"`
}

// HotID is an id with much of the traffic.
type HotID struct {
	DistinctID string `json:"distinct_id"`
	// number of the token in traffic.tokens, from 1; 0: there is one
	Project    int      `json:"project,omitempty"`
	Events     int64    `json:"events"`
	Share      float64  `json:"share"`
	PeakPerS   float64  `json:"peak_per_s"`
	OverflowsS *float64 `json:"overflows_at_s"` // null: never
	Overflow   int64    `json:"overflow_events"`
	Global     int64    `json:"global_events"` // of them, over the global limit: without persons
	Partition  int      `json:"partition"`

	IDErrors
	forced  bool // it overflows because the embedded endpoint has been told so
	unkeyed bool // its events have no key, so that nothing holds them in order
}

// Partitions is how events spread that do not travel on the overflow lane.
type Partitions struct {
	Count   int     `json:"count"`
	Mean    float64 `json:"mean_events"`
	Max     int64   `json:"max_events"`
	Hottest int     `json:"hottest"`

	MaxError float64 `json:"max_events_error"` // half of a 95 % interval, as a share; 0: exact
}

// Merges is what may become of the merges.
type Merges struct {
	Total int64 `json:"total"`
	// at most, by the lag below, an overflow or an order on purpose
	AtRisk  int64   `json:"at_risk"`
	Refused int64   `json:"refused"`  // an illegal id, or another person's already
	WindowS float64 `json:"hazard_s"` // how far one partition is taken to lag behind another

	Apart int64 `json:"other_partition"` // their ids lie on different partitions
	Early int64 `json:"early"`           // sent before any event of the id that they join
	// into an id that overflows, so that other lanes decide
	Overflow  int64       `json:"overflow"`
	ReadEarly []ReadEarly `json:"read_early"` // by how far partitions differ in lag

	// how long half of the ids were anonymous at most, until their merge; 0: not known
	P50 float64 `json:"anonymous_p50_s"`
	P90 float64 `json:"anonymous_p90_s"` // nine of ten
}

// Assumption is a fact about the pipeline that the scenario was held to.
type Assumption struct {
	Field  string `json:"field"` // as in the pipeline's file
	Value  string `json:"value"`
	Origin Origin `json:"origin"`
}

// Origin is where a fact comes from.
type Origin string

// The origins.
const (
	FromFile  Origin = "pipeline file"
	Published Origin = "published default"
	Assumed   Origin = "assumed"
	Embedded  Origin = "embedded endpoint" // of the scenario's staging section
)

// WriteJSON writes the report as JSON.
func (r *Report) WriteJSON(w io.Writer) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("cannot write the check: %w", err)
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// judge sets the verdict that the findings demand.
func (r *Report) judge() {
	r.Verdict = Go
	for _, f := range r.Findings {
		switch f.Severity {
		case SeverityRefuse:
			r.Verdict = Refuse
			return
		case SeverityAccommodate:
			r.Verdict = Accommodate
		}
	}
}

// draft is a finding in the making: what is said of which field, and what
// would help.
type draft struct{ id, path, message, hint string }

// find makes a finding.
func (l *checker) find(severity Severity, d draft) []Finding {
	return []Finding{{ID: d.id, Severity: severity, Message: d.message, Where: l.s.Where(d.path),
		Hint: d.hint}}
}

func (l *checker) refuse(d draft) []Finding      { return l.find(SeverityRefuse, d) }
func (l *checker) accommodate(d draft) []Finding { return l.find(SeverityAccommodate, d) }
func (l *checker) note(d draft) []Finding        { return l.find(SeverityNote, d) }

// curvePath is the field that gives the curve of the load.
func (l *checker) curvePath() string {
	for _, path := range []string{"load.profile", "load.stages", "load.follow", "replay.speed",
		"replay"} {
		if l.s.Gives(path) {
			return path
		}
	}
	return "load"
}

// asRecorded tells whether requests are sent byte for byte as they were recorded,
// so that no field of the scenario changes them.
func (l *checker) asRecorded() bool { return l.load.Recorded }

// replayEvents is what helps against requests that are as they were recorded.
const replayEvents = "replay an export of the events rather than the requests, or expect it"

// batchPath is the field that says how many events a request has.
func (l *checker) batchPath() string {
	switch {
	case l.s.Target.Endpoint == scenario.EndpointCapture:
		return "target.endpoint"
	case l.asRecorded():
		return "replay"
	}
	return "batching.events"
}

// seconds writes a time since the start of the run.
func seconds(s float64) string {
	if s >= units.LongestTold.Seconds() {
		return units.FormatSpan(units.LongestTold)
	}
	d := time.Duration(s * float64(time.Second))
	if d < time.Minute {
		return units.FormatDuration(d.Round(100 * time.Millisecond))
	}
	return units.FormatDuration(d.Round(time.Second))
}

// plain is text of others as it may be shown on a line, cut to so many columns:
// nothing in it commands a terminal.
func plain(others string, columns int) text.Cell {
	return text.Fit(strings.Map(text.Harmless, others), columns)
}

//go:embed check.schema.json
var schema []byte

// Schema returns the JSON Schema (draft 2020-12) of what WriteJSON writes.
func Schema() []byte { return slices.Clone(schema) }

//go:embed pipeline.schema.json
var factsSchema []byte

// FactsSchema returns the JSON Schema (draft 2020-12) of the files that LoadFacts
// reads. It accepts every file that LoadFacts accepts.
func FactsSchema() []byte { return slices.Clone(factsSchema) }
