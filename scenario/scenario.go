package scenario

import "time"

// Scenario is one rehearsal as written in its file. It is plain data: decoded
// strictly, checked once, never changed afterwards.
type Scenario struct {
	Name     string
	About    string
	Customer string
	Contact  string

	Intake     Intake
	Target     Target
	Load       Load
	Batching   Batching
	Traffic    *Traffic // exactly one of Traffic and Replay is set
	Replay     *Replay
	Retry      Retry
	Thresholds []Threshold
}

// Intake holds the customer's answers to what a pipeline team asks first. A run
// does not need them; reports show them.
type Intake struct {
	Committed bool
	Starts    time.Time
	Apps      bool
}

// Target says where the events go and how they travel.
type Target struct {
	URL                 string // empty: the embedded staging endpoint on loopback
	Endpoint            Endpoint
	Token               Secret
	Compression         Compression
	HistoricalMigration bool
	Connections         int
	Timeout             time.Duration
}

// Load is the offered load over time.
type Load struct {
	Profile  *Profile // nil only for a replay on its recorded clock
	Arrivals Arrivals
	Late     Late
}

// Batching closes a batch at the first of: enough events, enough bytes, old enough.
type Batching struct {
	MinEvents, MaxEvents int           // sizes are spread evenly between the two; equal: fixed
	Bytes                int64         // of the body before compression
	Age                  time.Duration // 0: no limit
}

// Traffic describes synthesized events.
type Traffic struct {
	Seed        uint64
	DistinctIDs Population
	Events      []EventShare // in file order; weights need not add up to anything
	Sizes       Sizes
	Timestamps  Timestamps
}

// Population is who sends the events: Count distinct_ids whose shares fall with
// their rank as rank^-Skew, and Hot ids on top of them.
type Population struct {
	Count int64
	Skew  float64
	Hot   []HotID
}

// HotID is a distinct_id with a stated share of all events.
type HotID struct {
	ID    string // empty: a generated one
	Share float64
}

// EventShare is one entry of the event mix.
type EventShare struct {
	Name   string
	Weight float64
}

// Sizes bends the encoded size of an event: log-normal through two percentiles.
// Zero: as the built-in shapes come.
type Sizes struct{ P50, P99 int }

// Timestamps says what time the events bear: that of sending, or a historical
// range walked in order.
type Timestamps struct {
	Now      bool
	From, To time.Time
}

// Replay describes recorded events or requests.
type Replay struct {
	Files  []string // as written, relative to the scenario file; globs allowed
	Paths  []string // resolved against the scenario file's directory, globs expanded, sorted within a glob
	Format Format
	Clock  Clock
	Speed  float64
	Order  Order
	Fields Fields
}

// Fields maps the members of a JSON line to an event's parts. A dotted path
// descends. What is not mapped becomes a property.
type Fields struct {
	Event, DistinctID, Timestamp, UUID, Properties string
}
