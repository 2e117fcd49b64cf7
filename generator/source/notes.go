package source

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"rehearse/internal/recording"
	"rehearse/internal/recording/event"
	"rehearse/internal/text"
	"rehearse/internal/units"
)

// Notes says what is to be known before the run: the warnings, and a long pause.
func (p *Plan) Notes() []string {
	pause := &p.Recorded.Pause
	if !pause.IsLong() {
		return p.Warnings
	}
	return append(slices.Clone(p.Warnings), pause.String()+"; "+pause.Hint())
}

// IsLong reports whether the pause is worth a word: an hour, in which whoever runs the
// replay may think that it hangs.
func (p ReplayPause) IsLong() bool { return p.Length >= time.Hour }

// String says how long nothing is sent, and where in the recording that is.
func (p ReplayPause) String() string {
	return fmt.Sprintf("nothing is sent for %s: between what was recorded at %s and at %s (%s)",
		units.FormatSpan(p.Length), stamp(p.After), stamp(p.Until), p.Place)
}

// Hint says how to get rid of it. If a clock was wrong, it was so for the fewer of the
// events.
func (p ReplayPause) Hint() string {
	field, few := "from", p.Before
	if p.Rest < p.Before {
		field, few = "to", p.Rest
	}
	return fmt.Sprintf("replay.max_gap cuts all pauses; if clocks were wrong, replay.%s: %s leaves that side of it "+
		"out (events: %s)",
		field, stamp(p.Until), text.Count(few))
}

// stamp writes a recorded time as a scenario has it.
func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// warnings says what was left out and where it began, and what was put right. What an endless
// loop has no time for is nothing that was left out.
func warnings(c *recording.Counts, endless bool) []string {
	var texts []string
	for i := range c.Left {
		if endless && c.Left[i].Reason == event.NoRoom {
			continue
		}
		texts = append(texts, fmt.Sprintf("%d recorded lines left out: %s", c.Left[i].Lines, c.Left[i].Why()))
	}
	return append(texts, c.Notes()...)
}

// warnings says what order per id costs: the lane with the most to do sets the pace,
// while without order all connections share the work evenly. What costs less than a
// twentieth is not worth a word.
func (l laneLoad) warnings(lanes int) []string {
	var all, most int64
	for _, n := range l {
		all += n
		most = max(most, n)
	}
	cost := float64(most) * float64(lanes) / float64(max(all, 1))
	if lanes < 2 || all < tellingEvents || cost < 1.05 {
		return nil
	}
	return []string{fmt.Sprintf("order per-id: one of %d connections carries %.1f %% of the events, so the replay "+
		"can go %.1f times as fast as one connection; without order, %d times, which is %.1f times the rate",
		lanes, 100*float64(most)/float64(all), float64(all)/float64(most), lanes, cost)}
}

// tellingEvents is how many events it takes before their spread over lanes means
// anything.
const tellingEvents = 1000

// asErrors turns texts into errors.
func asErrors(texts []string) []error {
	var errs []error
	for _, t := range texts {
		errs = append(errs, errors.New(t))
	}
	return errs
}
