package results

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"rehearse/internal/text"
)

// Format names the layout of result.json. A reader refuses any other.
const Format = "rehearse/result/v1"

// ErrFormat says that a file was written by another version of this program.
var ErrFormat = errors.New("a format that this version does not know; use the version that wrote it, or a newer one")

// Result is result.json: what a run was, what came of it, and what that means.
// Fields stand in the order of the file. Run, Planned and Generator are plain
// facts; the numbers between them balance, see Balance.
type Result struct {
	Format     string         `json:"format"`
	Run        RunFacts       `json:"run"`
	Planned    Planned        `json:"planned"`
	Stages     []StageRow     `json:"stages"`
	Requests   RequestBooks   `json:"requests"`
	Events     Books          `json:"events"`
	Bytes      Bytes          `json:"bytes"`
	Rejections []RejectionRow `json:"rejections"`
	Latency    Summary        `json:"latency_ms"`
	Service    Summary        `json:"service_ms"` // of all that was sent, as are latency_ms and lag_ms
	Lag        Summary        `json:"lag_ms"`
	Generator  Generator      `json:"generator"`
	Thresholds []ThresholdRow `json:"thresholds"`
	Verdict    Verdict        `json:"verdict"`
	Failures   []string       `json:"failures,omitempty"` // what makes a run a fail whatever its thresholds are
	Warnings   []string       `json:"warnings"`
	Said       []SaidRow      `json:"said,omitempty"`    // by endpoints that answer event by event
	Retries    *RetryFacts    `json:"retries,omitempty"` // if anything was sent again

	Connections     *Connections `json:"connections,omitempty"`         // if any was to be opened
	AcceptedLatency *Summary     `json:"accepted_latency_ms,omitempty"` // where something was accepted; nil: not known

	Connect *Summary `json:"connect_ms,omitempty"` // if any was
	TLS     *Summary `json:"tls_ms,omitempty"`     // if any was encrypted

	EndpointSum *EndpointSum `json:"endpoint_checksum,omitempty"` // of the embedded endpoint; nil: it was another

	Ledger *LedgerFacts `json:"ledger,omitempty"` // nil: of a version that did not count it
}

// LedgerFacts is how much of the ledger was written when the result was: what is
// there must be as much.
type LedgerFacts struct {
	Segments int64 `json:"segments"`
	Bytes    int64 `json:"bytes"`
}

// RunFacts identify a run and say how it ended.
type RunFacts struct {
	ID        string  `json:"id"`
	Scenario  string  `json:"scenario"`
	SHA256    string  `json:"scenario_sha256"`
	Seed      uint64  `json:"seed"`
	StartedAt string  `json:"started_at"` // RFC 3339, UTC, to the nanosecond: the times of events count from it
	Seconds   float64 `json:"seconds"`    // up to the last tick
	Target    string  `json:"target"`
	Ended     Ended   `json:"ended"`
	Why       string  `json:"why"`  // what aborted or interrupted it
	Rule      string  `json:"rule"` // the abort rule that ended it, as written; empty: none
	Shard     Shards  `json:"shard"`
	Permit    string  `json:"permit,omitempty"` // the id of the permit that it ran under
	Merged    int     `json:"merged,omitempty"` // how many shards were joined to this run

	Starts   []string `json:"shards_started_at,omitempty"` // of the shards that were joined, in their order
	Resolved string   `json:"resolved_sha256,omitempty"`   // of resolved.yaml; empty: there is none
}

// Start is the instant that all offsets of the run count from.
func (r *RunFacts) Start() (time.Time, error) {
	start, err := time.Parse(time.RFC3339, r.StartedAt)
	if err != nil {
		return time.Time{}, fmt.Errorf("cannot tell when the run began: %w", err)
	}
	return start, nil
}

// Started is when the run began as reports show it, to the millisecond.
func (r *RunFacts) Started() string {
	start, err := r.Start()
	if err != nil {
		return text.Printable(r.StartedAt, 40)
	}
	return start.Format("2006-01-02T15:04:05.000Z07:00")
}

// Shards says which part of a run this is: Index from 0, Of in all.
type Shards struct {
	Index int `json:"index"`
	Of    int `json:"of"`
}

// Ended says how a run came to its end.
type Ended string

// The ends of a run. Running stands in the file until the run is closed; a
// reader cannot know whether it still runs, and Open calls it Killed.
const (
	Completed   Ended = "completed"
	Aborted     Ended = "aborted"     // by a rule of the scenario
	Interrupted Ended = "interrupted" // by whoever started it
	Running     Ended = "running"
	Killed      Ended = "killed"
)

// Planned is what the scenario asked for.
type Planned struct {
	Events     int64   `json:"events"`
	Requests   int64   `json:"requests"`
	PeakEvents float64 `json:"peak_events_per_s"`
	Whole      int64   `json:"whole_events,omitempty"` // events of all shards, and of the runs before it that this one resumes
	Recording  string  `json:"recording,omitempty"`    // of a replay: a checksum of the events in their order, by which a changed file is told

	Lines       int64   `json:"recorded_lines,omitempty"` // of a replay: without blank ones and comments
	LeftOut     int64   `json:"left_out_lines,omitempty"` // of these, those that cannot be sent for what they are
	MostLeftOut float64 `json:"most_left_out,omitempty"`  // which share of them may be; 0: replay.max_bad has bounded it
}

// StageRow is a stage of the load: when, and how many events a second it asks
// for at its beginning and at its end. Between, the rate moves evenly.
type StageRow struct {
	Name  string  `json:"name"`
	From  float64 `json:"from_s"`
	To    float64 `json:"to_s"`
	Start float64 `json:"from_events_per_s"`
	End   float64 `json:"to_events_per_s"`

	Came *StageBooks `json:"came,omitempty"` // nil: nothing was answered while it lasted, or the run is a shard
}

// RequestBooks say what became of the requests.
type RequestBooks struct {
	Books
	Retried int64 `json:"retried"` // how often one was sent again
}

// Books say what became of the requests or events. Sent is what left: accepted,
// rejected and ambiguous together. MayBeStored is those of the rejected whose refusal
// is not a no to each event of its request.
type Books struct {
	Sent        int64 `json:"sent"`
	Accepted    int64 `json:"accepted"`
	Rejected    int64 `json:"rejected"`
	MayBeStored int64 `json:"may_be_stored"`
	Ambiguous   int64 `json:"ambiguous"`
	Unsent      int64 `json:"unsent"`

	// ExpectedRefused is how many events were not accepted as was expected of them:
	// they were wrong on purpose, or recorded and known to be refused.
	ExpectedRefused int64 `json:"expected_refused,omitempty"`
}

// Bytes are those of all sent requests.
type Bytes struct {
	Body int64 `json:"body"` // before compression
	Wire int64 `json:"wire"` // heads and compressed bodies
}

// RejectionRow counts the requests that one reason kept from being accepted.
type RejectionRow struct {
	Reason   string `json:"reason"`
	Side     string `json:"side"`
	Status   int    `json:"status"`
	Requests int64  `json:"requests"`
	Events   int64  `json:"events"`

	MayBeStored bool `json:"may_be_stored,omitempty"` // rejected, though some of the events may be stored
}

// Summary is a histogram in a few numbers, in milliseconds.
type Summary struct {
	Count int64   `json:"count"`
	Mean  float64 `json:"mean"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p99.9"`
	Max   float64 `json:"max"`
}

// Generator says how the load generator itself fared.
type Generator struct {
	CPUSeconds   float64    `json:"cpu_seconds"` // of the whole process, since the run directory was made
	RSSBytes     int64      `json:"rss_bytes"`   // the most that the process had resident
	Bottleneck   Bottleneck `json:"bottleneck"`
	ScheduleKept float64    `json:"schedule_kept"` // share of the due requests that left in time
	Connections  int64      `json:"connections"`   // how many it might use at once; 0: not known
	Health
}

// ThresholdRow is one threshold and how it came out.
type ThresholdRow struct {
	Text  string `json:"text"`
	Value string `json:"value"`
	OK    bool   `json:"ok"`
	Doubt string `json:"doubt,omitempty"` // why that says nothing of the endpoint; then OK is false

	Implied bool `json:"implied,omitempty"` // the scenario says nothing of acceptance
}

// summary is the few numbers of h.
func summary(h *Histogram) Summary {
	return Summary{
		Count: h.Count(),
		Mean:  whole(h.Mean()),
		P50:   milliseconds(h.Quantile(0.50)),
		P90:   milliseconds(h.Quantile(0.90)),
		P95:   milliseconds(h.Quantile(0.95)),
		P99:   milliseconds(h.Quantile(0.99)),
		P999:  milliseconds(h.Quantile(0.999)),
		Max:   milliseconds(h.Max()),
	}
}

// Balance is an error unless the books balance, for requests and for events:
//
//	planned = sent + unsent
//	sent    = accepted + rejected + ambiguous
//
// and, once a run was closed, unless the rejections explain every request that
// was not accepted.
func (r *Result) Balance() error {
	err := errors.Join(
		r.Requests.balance("requests", r.Planned.Requests),
		r.Events.balance("events", r.Planned.Events))
	if err != nil || r.Run.Ended == Running || r.Run.Ended == Killed {
		return err
	}
	var explained Count
	for _, row := range r.Rejections {
		explained = explained.plus(Count{row.Requests, row.Events})
	}
	if open := (Count{r.Requests.refused(), r.Events.refused()}); open != explained {
		return fmt.Errorf("the books do not balance: %d requests (%d events) not accepted, rejections explain %d (%d)",
			open.Requests, open.Events, explained.Requests, explained.Events)
	}
	return nil
}

// balance checks one side of the books.
func (b *Books) balance(what string, planned int64) error {
	switch {
	case planned != b.Sent+b.Unsent:
		return fmt.Errorf("the books do not balance: %d %s planned, but %d sent + %d unsent",
			planned, what, b.Sent, b.Unsent)
	case b.Sent != b.Accepted+b.Rejected+b.Ambiguous:
		return fmt.Errorf("the books do not balance: %d %s sent, but %d accepted + %d rejected + %d ambiguous",
			b.Sent, what, b.Accepted, b.Rejected, b.Ambiguous)
	}
	return nil
}

// refused is everything that was not accepted.
func (b *Books) refused() int64 { return b.Rejected + b.Ambiguous + b.Unsent }

//go:embed result.schema.json
var schema []byte

// Schema returns the JSON Schema of result.json, draft 2020-12.
func Schema() []byte { return slices.Clone(schema) }

// encode is the text of result.json.
func (r *Result) encode() ([]byte, error) {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("cannot encode result: %w", err)
	}
	return append(text, '\n'), nil
}

// WriteJSON writes the result as result.json has it.
func WriteJSON(w io.Writer, r *Result) error {
	text, err := r.encode()
	if err != nil {
		return err
	}
	if _, err := w.Write(text); err != nil {
		return fmt.Errorf("cannot write the result: %w", err)
	}
	return nil
}

// ParseResult reads the text of a result.json. The error is ErrFormat if it is
// one of another version.
func ParseResult(data []byte) (*Result, error) {
	var r Result
	if err := json.Unmarshal(data, &r); err != nil {
		return nil, fmt.Errorf("cannot read result.json: %w", err)
	}
	if r.Format != Format {
		if r.Format == "" {
			return nil, fmt.Errorf("cannot read result.json: it names no format, so it is not of a run of this program, or is %w", ErrFormat)
		}
		return nil, fmt.Errorf("cannot read result.json: %q is %w", text.Printable(r.Format, 40), ErrFormat)
	}
	return &r, nil
}
