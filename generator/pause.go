package generator

import (
	"fmt"
	"time"

	"rehearse/internal/text"
	"rehearse/internal/units"
	"rehearse/recording"
)

// Pause is a time in which a replay sends nothing: a night, a hole in the export, or
// a clock that was wrong.
type Pause struct {
	Length       time.Duration   // of the run, after speed and max_gap
	Ends         time.Duration   // when in the run
	After, Until time.Time       // when the events on both sides of it were recorded
	Place        recording.Place // of the later of them
	Before, Rest int64           // events that were recorded before Until, and those that were not
}

// IsLong reports whether the pause is worth a word: an hour, in which whoever runs the
// replay may think that it hangs.
func (p Pause) IsLong() bool { return p.Length >= time.Hour }

// String says how long nothing is sent, and where in the recording that is.
func (p Pause) String() string {
	return fmt.Sprintf("nothing is sent for %s: between what was recorded at %s and at %s (%s)",
		units.FormatSpan(p.Length), stamp(p.After), stamp(p.Until), p.Place)
}

// Hint says how to get rid of it. If a clock was wrong, it was so for the fewer of the
// events.
func (p Pause) Hint() string {
	field, few := "from", p.Before
	if p.Rest < p.Before {
		field, few = "to", p.Rest
	}
	return fmt.Sprintf("replay.max_gap cuts all pauses; if clocks were wrong, replay.%s: %s leaves that side of it out (events: %s)",
		field, stamp(p.Until), text.Count(few))
}

// stamp writes a recorded time as a scenario has it.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// pauses finds the longest pause of a replay.
type pauses struct {
	longest Pause
	due     time.Duration // of the last event
	newest  time.Time
}

// note takes notice of n events that were recorded at t and are due at a time.
func (p *pauses) note(due time.Duration, t time.Time, at recording.Place, n int64) {
	if length := due - p.due; length > p.longest.Length {
		p.longest = Pause{Length: length, Ends: due, After: p.newest, Until: t, Place: at, Before: p.longest.Before + p.longest.Rest}
	}
	if p.due = due; t.After(p.newest) {
		p.newest = t
	}
	if t.Before(p.longest.Until) {
		p.longest.Before += n
	} else {
		p.longest.Rest += n
	}
}
