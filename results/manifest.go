package results

import (
	_ "embed"
	"time"

	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// Manifest is what is known of a run before it starts.
type Manifest struct {
	RunID        string
	Scenario     string // its name
	SHA256       string // of the scenario file as it was read, in hexadecimal; empty: of ScenarioYAML
	Seed         uint64
	StartedAt    time.Time // the instant that all offsets count from
	Target       string    // URL without secrets
	Permit       string    // the id of the permit that it ran under; empty: none
	Planned      Planned
	Shard        Shard  // zero: the whole run
	Connections  int    // how many it may use at once; 0: not known
	ScenarioYAML []byte // the scenario file, its secrets redacted
	Resolved     []byte // the scenario as it was used; nil: not known
	Thresholds   []scenario.Threshold
	Stages       []schedule.StageSpan // of the load, in order; more than MaxStages are left out of the result
	Joined
	Basis
	// doubts that were there before the run, such as lines of a recording that cannot be sent
	Warnings []string
}

// Joined is what a Manifest says of a merge.
type Joined struct {
	Generator *Generator  // how the generators fared; nil: the generator is this process
	Starts    []time.Time // of all shards, by index; nil: it is no merge
}

// MaxStages is how many stages a result lists.
const MaxStages = 100

// Final is what is known of a run when it is over.
type Final struct {
	Ended   Ended   // Completed, Aborted or Interrupted
	Why     string  // what aborted or interrupted it
	Planned Planned // zero: as in the Manifest
	Rule    string  // the abort rule that ended it, as written
	Note    string  // what a reader should know that was found on the way; empty: nothing

	EndpointSum *EndpointSum // nil: the endpoint is not ours to ask
	Breakdown   *Breakdown   // nil: not counted
	Background  *Background  // nil: nothing was sent beside

	TargetState

	Lost     []LostShard // of a merge
	Doubts   []string    // why nothing that was measured can be trusted
	Failures []string    // what makes a fail of the run whatever its thresholds are
}

// TargetState is what was found out about the target, beside its answers.
type TargetState struct {
	Metrics []TargetMetric // nil: nobody asked for any
	Queue   *Queue         // behind the endpoint; nil: none is known

	ClockAhead time.Duration // by how much at least its clock is ahead of ours; negative: behind; 0: it may be right
}

// Shard says which part of a run this is: Index from 0, Of in all.
type Shard struct {
	Index int `json:"index"`
	Of    int `json:"of"`
}

// Planned is what the scenario asked for.
type Planned struct {
	Events     int64   `json:"events"`
	Requests   int64   `json:"requests"`
	PeakEvents float64 `json:"peak_events_per_s"`
	// events of all inputs, and of the runs before it that this one resumes
	Whole int64 `json:"whole_events,omitempty"`
	// the same in requests; 0: of a version that did not say
	WholeRequests int64 `json:"whole_requests,omitempty"`
	// of a run that resumes others: events of its part that those had accepted; nil: it does not
	AcceptedBefore *int64 `json:"accepted_before,omitempty"`
	// of a replay: a checksum of the events in their order, by which a changed file is told
	Recording string `json:"recording,omitempty"`

	Lines   int64 `json:"recorded_lines,omitempty"` // of a replay: without blank ones and comments
	LeftOut int64 `json:"left_out_lines,omitempty"` // of these, those that cannot be sent for what they are
	// which share of them may be; 0: replay.max_bad has bounded it
	MostLeftOut float64 `json:"most_left_out,omitempty"`
}

// StageRows are the stages as the result lists them: none if there are too many
// to tell anybody anything.
func StageRows(stages []schedule.StageSpan) []StageRow {
	rows := []StageRow{}
	if len(stages) > MaxStages {
		return rows
	}
	for _, s := range stages {
		rows = append(rows, StageRow{
			Name:  s.Name,
			From:  s.From.Seconds(),
			To:    s.To.Seconds(),
			Start: s.Start,
			End:   s.End,
		})
	}
	return rows
}

// Reach is how far a run may have got: no event from number Below on has left,
// and no more than so many events and requests in all. It is written down before
// they leave, so that it holds of a run that was killed at any moment.
type Reach struct {
	Below    int64 `json:"below"`
	Events   int64 `json:"events"`
	Requests int64 `json:"requests"`
}
