package scenario

import (
	"net"
	"net/url"
	"slices"
	"strings"
	"time"

	"rehearse/scenario/schedule"
	"rehearse/scenario/strict"
)

// Replay describes recorded events or requests.
type Replay struct {
	Files  []string // as written, relative to the scenario file; globs and directories allowed
	Paths  []string // resolved against the scenario file's directory, unfolded, sorted within an entry; - is standard input
	Beside []string // files that the entries stand for and that hold no data, by their names
	Format Format
	Clock  Clock
	Speed  float64 // how many times faster than recorded
	Order  Order
	Fields Fields

	MaxGap     time.Duration // longer pauses of the recording are cut to it; 0: none are
	From, To   time.Time     // only what was recorded from the one up to the other; zero: unbounded
	Loop       int64         // how many times the recording is sent, one after the other
	Reorder    time.Duration // disorder up to this is put right; 0: events go in the order of their files
	Timestamps Stamps
	MaxBad     Limit
	Sample     Sample

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
		Format:     FormatAuto,
		Clock:      ClockRecorded,
		Speed:      1,
		Order:      OrderPerID,
		Fields:     DefaultFields(),
		Loop:       1,
		Timestamps: StampsKept,
	}
}

func readReplay(v strict.Value) *Replay {
	r := DefaultReplay()
	sound := v.Object(strict.Fields{
		"files":        func(v strict.Value) { readFiles(v, r) },
		"format":       func(v strict.Value) { r.Format = strict.OneOf(v, formats[:]) },
		"clock":        func(v strict.Value) { r.Clock = strict.OneOf(v, []Clock{ClockRecorded, ClockProfile}) },
		"speed":        func(v strict.Value) { r.Speed = v.Number(1e-3, 1e6) },
		"order":        func(v strict.Value) { r.Order = strict.OneOf(v, []Order{OrderPerID, OrderFile, OrderNone}) },
		"fields":       func(v strict.Value) { readMapping(v, &r.Fields) },
		"max_gap":      func(v strict.Value) { r.MaxGap = v.Duration(time.Millisecond, maxGap) },
		"from":         func(v strict.Value) { r.From = v.Time() },
		"to":           func(v strict.Value) { r.To = v.Time() },
		"loop":         func(v strict.Value) { r.Loop = v.Count(1, maxLoop) },
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

// The bounds of a replay.
const (
	maxGap     = 365 * 24 * time.Hour
	maxLoop    = 1_000_000
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

// isLoopback reports whether a URL names this machine, without asking anybody.
func isLoopback(target string) bool {
	if target == "" {
		return true
	}
	u, err := url.Parse(target)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// checkReplay refuses what a replay would silently ignore, and settles what
// depends on the target.
func checkReplay(d *strict.Document, s *Scenario) {
	r := s.Replay
	if !d.Has("replay.pseudonymize") {
		r.Pseudonymize = !isLoopback(s.Target.URL) // Recorded data does not leave by mistake.
	}
	if !d.Has("replay.quarantine") {
		r.Quarantine = KeptLines
		if r.Pseudonymize {
			r.Quarantine = KeptPlaces
		}
	}
	switch r.Clock {
	case ClockRecorded:
		const what, hint = "has no meaning on the recorded clock", "set replay.clock to profile, or leave this out"
		d.Refuse(what, hint, slices.Concat(curves[:], []string{"load.arrivals"})...)
	case ClockProfile:
		d.Refuse("has no meaning on the clock of the profile", "set replay.clock to recorded, or leave this out", "replay.speed", "replay.max_gap")
	}
	if r.Format == FormatCapture {
		const what, hint = "has no meaning for recorded requests", "they are sent byte for byte"
		d.Refuse(what, hint, "replay.fields", "batching", "replay.sample", "replay.reorder", "replay.timestamps", "replay.keep", "replay.loop")
		if r.Pseudonymize {
			d.Fail("replay.pseudonymize", "recorded requests cannot be pseudonymized", "they are sent byte for byte; to a target that is not this machine only with pseudonymize: false")
		}
	}
	if !r.Pseudonymize {
		d.Refuse("has no meaning unless replay.pseudonymize is true", "", "replay.key", "replay.keep")
	}
}
