package scenario

import (
	"strings"
	"time"

	"rehearse/scenario/schedule"
	"rehearse/scenario/strict"
)

// Format is the shape of a recording.
type Format string

// The formats of recordings.
const (
	FormatAuto      Format = "auto"       // told from the first line
	FormatPostHog   Format = "posthog"    // batch export, or records of the events API
	FormatMixpanel  Format = "mixpanel"   // raw export
	FormatAmplitude Format = "amplitude"  // export
	FormatSegment   Format = "segment"    // messages of Segment or RudderStack
	FormatSnowplow  Format = "snowplow"   // enriched events, tab-separated
	FormatAccessLog Format = "access-log" // Common Log Format, combined or not, or W3C extended
	FormatCSV       Format = "csv"        // a table with a header, through Replay.Fields
	FormatJSONL     Format = "jsonl"      // one event a line, through Replay.Fields
	FormatParquet   Format = "parquet"    // rows of a Parquet file, told from its columns
	FormatCapture   Format = "capture"    // recorded requests, sent byte for byte
)

// formats are all of them.
var formats = [...]Format{
	FormatAuto, FormatPostHog, FormatMixpanel, FormatAmplitude, FormatSegment,
	FormatSnowplow, FormatAccessLog, FormatCSV, FormatJSONL, FormatParquet, FormatCapture,
}

// Stamps is what time replayed events have.
type Stamps string

// The time stamps of a replay.
const (
	StampsKept Stamps = "kept" // that of the recording: a historical import
	StampsNow  Stamps = "now"  // when they are due: as if it happened again
)

// Kept is what a run keeps of recorded lines that it cannot send.
type Kept string

// What is kept.
const (
	KeptLines  Kept = "lines"  // the lines as they were recorded, personal data included
	KeptPlaces Kept = "places" // where they stand, and why they are left out
)

// Clock is what sets the due times of a replay.
type Clock string

// The clocks of a replay.
const (
	ClockRecorded Clock = "recorded" // the recording's own rhythm, times Speed
	ClockProfile  Clock = "profile"  // load.profile
)

// Order is what a replay keeps in sequence.
type Order string

// The orders of a replay.
const (
	OrderPerID Order = "per-id" // events of one distinct_id never overtake each other
	OrderFile  Order = "file"   // one request in flight
	OrderNone  Order = "none"
)

// Replay describes recorded events or requests.
type Replay struct {
	Recordings
	Pacing
	Order      Order
	From, To   time.Time     // only what was recorded from the one up to the other; zero: unbounded
	Reorder    time.Duration // disorder up to this is put right; 0: events go in the order of their files
	Timestamps Stamps
	MaxBad     Limit
	Sample     Sample
	Privacy
}

// Recordings are the files of a replay and what they hold.
type Recordings struct {
	Files []string // as written, relative to the scenario file; globs and directories allowed
	// Paths are the files resolved against the scenario file's directory, unfolded,
	// sorted within an entry; - is standard input.
	Paths  []string
	Beside []string // files that the entries stand for and that hold no data, by their names
	Format Format
	Fields Fields
}

// Pacing says when recorded events are due.
type Pacing struct {
	Clock  Clock
	Speed  float64       // how many times faster than recorded
	MaxGap time.Duration // longer pauses of the recording are cut to it; 0: none are
	Loop   int64         // how many times the recording is sent, one after the other
	Pass   int64         // number of the first of these times; from 1 on, events get new uuids
}

// Privacy says what of recorded data leaves the machine, and what is kept of it.
type Privacy struct {
	Pseudonymize bool
	Key          strict.Secret // of the pseudonyms; empty: a new one each run
	Keep         []string      // properties whose values are sent as they are
	Quarantine   Kept          // left out: the lines, or only their places where data is pseudonymized
}

// Limit is how much may go wrong: a share of all, or a count. Neither is set:
// anything may.
type Limit struct {
	Share float64 // as a fraction of 1
	Count int64
	Set   bool
}

// Sample is the part of a recording that is replayed. Zero fields leave nothing out.
type Sample struct {
	Persons float64  // the share of distinct_ids, each with all its events
	Share   float64  // the share of events
	Events  []string // the names of the events
}

// DefaultReplay is what a replay is where the scenario says nothing.
func DefaultReplay() *Replay {
	return &Replay{
		Recordings: Recordings{Format: FormatAuto, Fields: DefaultFields()},
		Pacing:     Pacing{Clock: ClockRecorded, Speed: 1, Loop: 1},
		Order:      OrderPerID,
		Timestamps: StampsKept,
	}
}

func readReplay(v strict.Value) *Replay {
	r := DefaultReplay()
	sound := v.Object(strict.Fields{
		"files":        func(v strict.Value) { r.Files, r.Paths, r.Beside = readFiles(v) },
		"format":       func(v strict.Value) { r.Format = strict.OneOf(v, formats[:]) },
		"clock":        func(v strict.Value) { r.Clock = strict.OneOf(v, []Clock{ClockRecorded, ClockProfile}) },
		"speed":        func(v strict.Value) { r.Speed = v.Number(1e-3, 1e6) },
		"order":        func(v strict.Value) { r.Order = strict.OneOf(v, []Order{OrderPerID, OrderFile, OrderNone}) },
		"fields":       func(v strict.Value) { readMapping(v, &r.Fields) },
		"max_gap":      func(v strict.Value) { r.MaxGap = v.Duration(time.Millisecond, maxGap) },
		"from":         func(v strict.Value) { r.From = v.Time() },
		"to":           func(v strict.Value) { r.To = v.Time() },
		"loop":         func(v strict.Value) { r.Loop = v.Count(1, MaxLoop) },
		"pass":         func(v strict.Value) { r.Pass = v.Count(0, maxPass) },
		"reorder":      func(v strict.Value) { r.Reorder = v.Duration(0, maxReorder) },
		"timestamps":   func(v strict.Value) { r.Timestamps = strict.OneOf(v, []Stamps{StampsKept, StampsNow}) },
		"max_bad":      func(v strict.Value) { r.MaxBad = readLimit(v) },
		"sample":       func(v strict.Value) { r.Sample = readSample(v) },
		"pseudonymize": func(v strict.Value) { r.Pseudonymize = v.Flag() },
		"key":          func(v strict.Value) { r.Key = readKey(v) },
		"keep":         func(v strict.Value) { r.Keep = v.Lines(strict.MaxLine) },
		"quarantine":   func(v strict.Value) { r.Quarantine = strict.OneOf(v, []Kept{KeptLines, KeptPlaces}) },
	})
	v.Require("files")
	if sound && !r.From.IsZero() && !r.To.IsZero() && !r.From.Before(r.To) {
		v.FailGiven("from", "is not before replay.to", "")
	}
	return r
}

// MaxReorder is the most disorder that replay.reorder puts right.
const MaxReorder = maxGap

// MaxLoop is how many times a recording is sent at most: on the clock of a profile, as often as
// there is time for.
const MaxLoop = 1_000_000

// The bounds of a replay.
const (
	maxGap     = 365 * 24 * time.Hour
	maxPass    = 1_000_000_000_000
	maxReorder = MaxReorder
)

// MostLeftOut is which share of the lines may be left out for what they are before a
// run is not what was asked for; 0 if max_bad bounds it, and ends the reading.
func (r *Replay) MostLeftOut() float64 {
	if r.MaxBad.Set {
		return 0
	}
	return 0.01
}

// readLimit reads a share or a count.
func readLimit(v strict.Value) Limit {
	if strings.HasSuffix(strings.TrimSpace(v.Raw()), "%") {
		share := v.Share()
		return Limit{Share: share, Set: true}
	}
	return Limit{Count: v.Count(0, schedule.MaxEvents), Set: true}
}

func readSample(v strict.Value) Sample {
	var s Sample
	v.Object(strict.Fields{
		"persons": func(v strict.Value) { s.Persons = v.Share() },
		"share":   func(v strict.Value) { s.Share = v.Share() },
		"events":  func(v strict.Value) { s.Events = v.Lines(strict.MaxLine) },
	})
	return s
}

// readKey reads a key, which must come from the environment: in the file it
// would travel with every copy of it.
func readKey(v strict.Value) strict.Secret {
	if !v.IsResolved() && (!v.Refers() || strings.Contains(v.Raw(), ":-")) {
		v.Fail("must be taken from the environment", "as in ${REHEARSE_KEY}")
		return strict.Secret{}
	}
	text, _ := v.Scalar("text", strict.Text)
	return v.Secret(text)
}
