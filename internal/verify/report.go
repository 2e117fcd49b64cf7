package verify

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
)

// Format names the layout of verify.json. A reader refuses any other.
const Format = "rehearse/verify/v1"

// The files that verify leaves in a run directory.
const (
	File       = "verify.json"
	EventsFile = "verify-events.jsonl" // events that are not as they should be, up to MostNamed of a kind
)

// Report is verify.json: what a source holds of a run.
type Report struct {
	Format  string    `json:"format"`
	Run     RunRow    `json:"run"`
	Source  SourceRow `json:"source"`
	Rows    Rows      `json:"rows"`
	Events  Events    `json:"events"`
	Content Content   `json:"content"`
	Order   Order     `json:"order"`
	Persons *Persons  `json:"persons,omitempty"` // nil: not asked for
	Visible *Visible  `json:"visible,omitempty"` // nil: the source does not say when events came, or nothing was due
	Drain   *Drain    `json:"drain,omitempty"`   // nil: it was not watched
	Judgement
	Notes []Note `json:"notes"`
}

// Judgement is what the thresholds come to.
type Judgement struct {
	Thresholds []ThresholdRow `json:"thresholds"`
	Verdict    Verdict        `json:"verdict"`
	Because    Because        `json:"because,omitempty"` // why the verdict is invalid
}

// RunRow says which run was looked for.
type RunRow struct {
	ID        string `json:"id"`
	Scenario  string `json:"scenario"`
	Seed      uint64 `json:"seed"`
	StartedAt string `json:"started_at"` // of the first attempt; RFC 3339
	Attempts  int    `json:"attempts"`   // the run, and those that it resumed

	ClosedLoop bool `json:"closed_loop,omitempty"` // no event had a due time
}

// SourceRow says what was read, and how far.
type SourceRow struct {
	Kind     string   `json:"kind"`
	Name     string   `json:"name"`
	Complete bool     `json:"complete"` // it was read to its end
	Why      string   `json:"why"`      // why it was not
	Read     int64    `json:"read"`     // bytes, or messages, up to where reading ended
	All      int64    `json:"all"`      // of all; 0: not known
	Seconds  float64  `json:"seconds"`
	Missing  []string `json:"missing"` // columns that no row had, so that what they hold is not known
}

// Rows are those of the source. All is the sum of the others.
type Rows struct {
	All        int64              `json:"all"`
	First      int64              `json:"first"`       // the first sighting of an event
	Planned    int64              `json:"planned"`     // a further one of an event that was sent as often
	Duplicated int64              `json:"duplicated"`  // a further one that was not planned
	OtherRun   int64              `json:"another_run"` // of events of this run, from before or after it
	Foreign    int64              `json:"foreign"`     // of other events
	Unusable   map[Unusable]int64 `json:"unusable"`    // rows that tell of no event, by why
}

// Events are those of the run that were sent under a uuid of their own. Each is in
// one of the rows below; where the source was not read to its end, or holds nothing
// of the run, those that were sent and not seen are Unread.
type Events struct {
	Planned  int64    `json:"planned"`  // of the whole run
	Repeated int64    `json:"repeated"` // of these, sent under the uuid of another on purpose
	Unmarked int64    `json:"unmarked"` // sent without a uuid, so that they cannot be found
	Accepted Accepted `json:"accepted"`
	Unsure   Unsure   `json:"unsure"`
	Rejected Refusals `json:"rejected"`
	Unsent   Unsent   `json:"unsent"`
	Unread   int64    `json:"unread"`

	Duplicated int64 `json:"duplicated"` // of those that are there: more often than they were sent
	Merged     int64 `json:"merged"`     // sent several times, and there fewer times: a pipeline keeps one of a uuid
}

// Accepted are events that were answered with yes.
type Accepted struct {
	Present int64 `json:"present"`
	Lost    int64 `json:"lost"`    // not there
	Dropped int64 `json:"dropped"` // not there, as was predicted
}

// Unsure are events of which the run does not know whether they are stored: they were
// ambiguous, or refused with words that leave it open.
type Unsure struct {
	Arrived    int64 `json:"arrived"`
	NotArrived int64 `json:"not_arrived"`
}

// Refusals are events that were answered with no.
type Refusals struct {
	Absent int64 `json:"absent"`
	Taken  int64 `json:"taken"` // there all the same
}

// Unsent are events that never left.
type Unsent struct {
	Absent int64 `json:"absent"`
	Seen   int64 `json:"seen"` // there: another run has sent them
}

// Content says whether events are as they were sent.
type Content struct {
	Compared []string `json:"compared"` // columns
	Events   int64    `json:"events"`   // that were compared, row by row
	Summed   int64    `json:"summed"`   // of which name and distinct_id, and no properties, were compared in sums
	Bytes    bool     `json:"bytes"`    // properties byte for byte; else each that was sent, however it is written
	Altered  int64    `json:"altered"`  // events that are not as they were sent; at least so many if AtLeast
	AtLeast  bool     `json:"at_least"`
	Blocks   int64    `json:"blocks"` // of 16,384 events that hold altered ones

	ByColumn map[string]int64 `json:"by_column"` // altered events by what is altered
}

// Order says whether events of one distinct_id are in the order in which they were due.
type Order struct {
	Judged     bool  `json:"judged"` // false: rows of the source are in no order
	Events     int64 `json:"events"` // that were looked at
	Misordered int64 `json:"misordered"`
}

// Persons says whether the ids that merges join are one person's at the other end. The
// merges that are there are followed by the pipeline's rules, in the order of their
// events.
type Persons struct {
	Source      string `json:"source"`
	Complete    bool   `json:"complete"`     // it was read to its end
	Why         string `json:"why"`          // why it was not
	Merges      int64  `json:"merges"`       // that were followed
	NotFollowed int64  `json:"not_followed"` // for want of room; ids of their persons are not judged
	IDs         int64  `json:"ids"`          // that merges name
	Judged      int64  `json:"judged"`       // of these: have a person
	Split       int64  `json:"split"`        // persons that are several at the other end
	Joined      int64  `json:"joined"`       // persons of the other end that should be several
	Missing     int64  `json:"missing"`      // ids without a person
}

// Visible is how long after it was due an event was there.
type Visible struct {
	Events  int64        `json:"events"` // that were timed
	P50     float64      `json:"p50_ms"`
	P95     float64      `json:"p95_ms"`
	P99     float64      `json:"p99_ms"`
	Max     float64      `json:"max_ms"`
	Drain   float64      `json:"drain_ms"` // from the end of the load to the last event; 0: it was there before
	Last    string       `json:"last_at"`  // when that was; RFC 3339
	Buckets []VisibleRow `json:"buckets"`
}

// VisibleRow counts the events that were there after more than the row before and up
// to so long.
type VisibleRow struct {
	UpTo   float64 `json:"up_to_ms"`
	Events int64   `json:"events"`
}

// Verdict is what the thresholds come to.
type Verdict string

// The verdicts.
const (
	Pass    Verdict = "pass"
	Fail    Verdict = "fail"
	Invalid Verdict = "invalid" // the source does not say enough
)

// Because says why a verdict is invalid.
type Because string

// Why a verdict is invalid.
const (
	Incomplete   Because = "source_incomplete" // it was not read to its end
	Interrupted  Because = "interrupted"
	NothingThere Because = "nothing_of_this_run" // it holds no event of the run
	NoRows       Because = "no_rows"
	Untrusted    Because = "run_directory_damaged"
	NotKnown     Because = "not_known" // a threshold asks for what the source does not say
)

// ThresholdRow is one threshold and how it came out.
type ThresholdRow struct {
	Text  string `json:"text"`
	Value string `json:"value"`
	OK    bool   `json:"ok"`
	Known bool   `json:"known"` // false: the source does not say
}

//go:embed verify.schema.json
var schema []byte

// Schema returns the JSON Schema of verify.json, draft 2020-12.
func Schema() []byte { return slices.Clone(schema) }

// Encode is the text of verify.json.
func (r *Report) Encode() ([]byte, error) {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("cannot encode the report: %w", err)
	}
	return append(text, '\n'), nil
}

// Parse reads the text of a verify.json.
func Parse(text []byte) (*Report, error) {
	var r Report
	if err := json.Unmarshal(text, &r); err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", File, err)
	}
	if r.Format != Format {
		return nil, fmt.Errorf("cannot read %s: its format %.40q is not known to this version", File, r.Format)
	}
	return &r, nil
}
