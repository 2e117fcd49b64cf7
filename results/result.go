package results

import (
	_ "embed"
	"fmt"
	"time"
)

// Format names the layout of result.json. A reader refuses any other.
const Format = "rehearse/result/v1"

// Result is result.json: what a run was, what came of it, and what that means.
// Fields stand in the order of the file. Run, Planned and Generator are plain
// facts; the numbers between them balance, see Balance.
type Result struct {
	Format     string           `json:"format"`
	Run        RunInfo          `json:"run"`
	Planned    Planned          `json:"planned"`
	Stages     []StageRow       `json:"stages"`
	Requests   RequestTotals    `json:"requests"`
	Events     Totals           `json:"events"`
	Bytes      Bytes            `json:"bytes"`
	Rejections []RejectionRow   `json:"rejections"`
	Latency    Summary          `json:"latency_ms"`
	Service    Summary          `json:"service_ms"` // of all that was sent, as are latency_ms and lag_ms
	Lag        Summary          `json:"lag_ms"`
	Generator  Generator        `json:"generator"`
	Thresholds []ThresholdRow   `json:"thresholds"`
	Verdict    Verdict          `json:"verdict"`
	Failures   []string         `json:"failures,omitempty"` // what makes a run a fail whatever its thresholds are
	Warnings   []string         `json:"warnings"`
	Said       []EventAnswerRow `json:"said,omitempty"`    // by endpoints that answer event by event
	Retries    *Retries         `json:"retries,omitempty"` // if anything was sent again

	Connections     *Connections `json:"connections,omitempty"`         // if any was to be opened
	AcceptedLatency *Summary     `json:"accepted_latency_ms,omitempty"` // where something was accepted; nil: not known

	Connect *Summary `json:"connect_ms,omitempty"` // if any was
	TLS     *Summary `json:"tls_ms,omitempty"`     // if any was encrypted

	Attached
}

// Attached is what a result says of what lies beside its numbers.
type Attached struct {
	EndpointSum *EndpointSum `json:"endpoint_checksum,omitempty"` // of the embedded endpoint; nil: it was another
	Ledger      *LedgerSize  `json:"ledger,omitempty"`            // nil: of a version that did not count it
	Background  *Background  `json:"background,omitempty"`        // nil: nothing was sent beside, or it is not over
	Breakdown   *Breakdown   `json:"breakdown,omitempty"`         // nil: not counted

	Metrics []TargetMetric `json:"target_metrics,omitempty"` // that the scenario asks for
	Backlog *Backlog       `json:"backlog,omitempty"`        // nil: the run is not over, or did not come to its end

	// by how many seconds at least the endpoint's clock is ahead of the machine's, by the Date of
	// an answer; negative: behind; 0: it may be right, or says nothing
	ClockAhead float64 `json:"target_clock_ahead_s,omitempty"`
}

// Background is what came of the stream that a run sent beside its own. All that is known
// of it stands in a run directory of its own, within that of the run.
type Background struct {
	Scenario   string         `json:"scenario"`
	Verdict    Verdict        `json:"verdict"` // its own; that of the run counts both
	Because    string         `json:"because"`
	Planned    Planned        `json:"planned"`
	Requests   RequestTotals  `json:"requests"`
	Events     Totals         `json:"events"`
	Latency    Summary        `json:"latency_ms"`
	Thresholds []ThresholdRow `json:"thresholds"`
}

// MergeInfo is what a run is made of whose shards were joined.
type MergeInfo struct {
	Merged int         `json:"merged,omitempty"`            // how many shards there were, lost ones included
	Starts []string    `json:"shards_started_at,omitempty"` // of the shards, by index
	Lost   []LostShard `json:"lost_shards,omitempty"`       // those that did not send their part once, and to the end
}

// Basis is what a run rests on beside its traffic.
type Basis struct {
	Version    string   `json:"rehearse_version,omitempty"` // of the program; empty: of one that did not say
	AbortRules []string `json:"abort_rules,omitempty"`      // of the scenario, as written
	ClosedLoop bool     `json:"closed_loop,omitempty"`      // there was no schedule: no due times, no target
}

// LostShard is a shard that did not send its part of the load once and to the end.
type LostShard struct {
	Index   int      `json:"shard"`
	How     LossKind `json:"how"`
	Because string   `json:"because,omitempty"` // as the shard said it, or whoever looked for it
	At      *float64 `json:"at_s,omitempty"`    // how far into the run, in seconds; nil: nobody knows
	Share   float64  `json:"share"`             // of the events of the whole
}

// LossKind says how a shard was lost.
type LossKind string

// The ways to lose a shard.
const (
	LossMissing LossKind = "missing" // nothing, or nothing that can be trusted, is left of it
	LossKilled  LossKind = "killed"  // its directory ends without a word
	LossStopped LossKind = "stopped" // while others went on
	LossLate    LossKind = "late"    // it was not ready at the start, and sent nothing
	LossTwice   LossKind = "twice"   // two processes sent its part
	LossResumed LossKind = "resumed" // it sent the rest of its part later
)

// LedgerSize is how much of the ledger was written when the result was: what is
// there must be as much.
type LedgerSize struct {
	Segments int64 `json:"segments"`
	Bytes    int64 `json:"bytes"`
}

// RunInfo identify a run and say how it ended.
type RunInfo struct {
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
	Shard     Shard   `json:"shard"`
	Permit    string  `json:"permit,omitempty"`          // the id of the permit that it ran under
	Resolved  string  `json:"resolved_sha256,omitempty"` // of resolved.yaml; empty: there is none

	MergeInfo
	Basis
}

// Start is the instant that all offsets of the run count from.
func (r *RunInfo) Start() (time.Time, error) {
	start, err := time.Parse(time.RFC3339, r.StartedAt)
	if err != nil {
		return time.Time{}, fmt.Errorf("cannot tell when the run began: %w", err)
	}
	return start, nil
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
	Late        Ended = "late"       // a shard that was not ready at the start: it sent nothing
	Incomplete  Ended = "incomplete" // of a merge: shards were lost
)

// StageRow is a stage of the load: when, and how many events a second it asks
// for at its beginning and at its end. Between, the rate moves evenly.
type StageRow struct {
	Name  string  `json:"name"`
	From  float64 `json:"from_s"`
	To    float64 `json:"to_s"`
	Start float64 `json:"from_events_per_s"`
	End   float64 `json:"to_events_per_s"`

	Stats *StageStats `json:"came,omitempty"` // nil: nothing was answered while it lasted, or the run is a shard
}

// ThresholdRow is one threshold and how it came out.
type ThresholdRow struct {
	Text  string `json:"text"`
	Value string `json:"value"`
	OK    bool   `json:"ok"`
	Doubt string `json:"doubt,omitempty"` // why that says nothing of the endpoint; then OK is false

	Implied bool `json:"implied,omitempty"` // the scenario says nothing of acceptance
}

// EndpointSum holds what the embedded endpoint kept against what was sent: the sum
// over hashes of the events that it counted as accepted, and the same of the events
// that the ledger calls accepted, built again from the scenario after the run.
type EndpointSum struct {
	Verdict string  `json:"verdict"` // one of those below
	Because string  `json:"because"` // why it was not compared; empty: it was
	Events  int64   `json:"events"`  // that the sum is over
	Kept    string  `json:"kept"`    // of the endpoint, 16 hexadecimal digits
	Sent    string  `json:"sent"`    // of what was built again; empty: nothing was
	Seconds float64 `json:"seconds"` // that building again took
}

// The verdicts of an EndpointSum.
const (
	SumMatches     = "matches"
	SumDiffers     = "differs"
	SumNotCompared = "not compared"
)

// EndpointCounts is what the embedded endpoint had counted when the run was over, as far
// as the books can be held against it. A yes is not an acceptance: Lost and
// OverQuota are events that the run counts as accepted.
type EndpointCounts struct {
	Kept      int64 // events that reached a lane of the pipeline
	Lost      int64 // answered yes and dropped: a script asked for it
	OverQuota int64 // answered yes and dropped, as the real one does it over quota
	Dropped   int64 // the same, by a rule, or because only imports are taken
	Filtered  int64 // the same of $performance_event, which nobody expects to be kept
	Refused   int64 // kept, though their request was refused
}

// StageStats say what came of a stage of the load, from the requests that were
// answered while it lasted: what an endpoint that fell behind still owes from the
// stage before is among them. What is answered after the load has ended belongs to
// the last stage, though not to the rate at which it was answered.
type StageStats struct {
	Requests int64    `json:"requests"`              // sent, and come to their end
	Answered *float64 `json:"answered_events_per_s"` // on average, while it lasted; nil: it was cut too short to tell
	Rejected float64  `json:"rejected"`              // share of the requests, ambiguous ones included
	Late     float64  `json:"late"`                  // share of those that were due
	Latency  Summary  `json:"latency_ms"`
	// thresholds that the stage did not meet, and to what they came; or how little was answered
	Broken []string `json:"broke"`
	Doubt  string   `json:"doubt,omitempty"` // why it may not have been the endpoint that broke them
}

// Verdict is what a run is worth.
type Verdict string

// The verdicts. An Invalid run says nothing about the endpoint.
const (
	Pass    Verdict = "pass"
	Fail    Verdict = "fail"
	Invalid Verdict = "invalid"
)
