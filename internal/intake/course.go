package intake

import (
	"math"
	"strconv"
	"strings"
	"time"

	"rehearse/internal/units"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// course is the load that the answers describe: a ramp to the peak, the peak,
// and, where that would be more events than were announced, a lower rate for the
// rest.
type course struct {
	peak             float64
	ramp, hold, rest time.Duration
	base             float64 // the rate of the rest
}

// What is assumed while there is no answer.
const (
	assumedPeak     = 500.0 // events per second
	assumedDuration = 10 * time.Minute
	assumedRamp     = 10 * time.Minute
)

// full is how many events a ramp to the peak and the peak are, in all.
func full(peak float64, ramp, duration time.Duration) float64 {
	return peak * (duration.Seconds() - ramp.Seconds()/2)
}

// course fills in what was not answered. It is sound if contradictions found
// nothing.
func (a *Answers) course() course {
	peak, duration := a.Peak, a.Duration
	if peak == 0 {
		peak = a.demanded()
	}
	switch {
	case duration > 0:
	case a.Total > 0:
		return a.untilSent(peak)
	default:
		duration = assumedDuration + a.Ramp
	}
	ramp := a.rampOf(duration)
	if atPeak := float64(a.Total) / peak; !a.Ramps && a.Total > 0 {
		// What is assumed must leave room for the events, and leave some for the peak.
		most := min(2*(duration.Seconds()-atPeak), atPeak)
		ramp = min(ramp, time.Duration(1e9*max(most, 0)))
	}
	c := course{peak: peak, ramp: ramp, hold: duration - ramp}
	if events := float64(a.Total); events > 0 && events < full(peak, ramp, duration)-0.5 {
		c.thin(events, duration)
	}
	return c
}

// demanded is the peak where none was answered: what the events and the duration
// demand, or what is assumed, as far as a ramp has room for it.
func (a *Answers) demanded() float64 {
	events := float64(a.Total)
	switch {
	case a.Total > 0 && a.Duration > 0:
		return events / (a.Duration.Seconds() - a.rampOf(a.Duration).Seconds()/2)
	case a.Total > 0 && a.Ramp > 0:
		return min(a.assumedPeak(), events/a.Ramp.Seconds())
	}
	return a.assumedPeak()
}

// assumedPeak is the peak while nothing that was answered says more: an import comes at
// the pace of the service's own importer.
func (a *Answers) assumedPeak() float64 {
	if a.Historical == scenario.Yes {
		return importRate
	}
	return assumedPeak
}

// untilSent is the course that lasts until all events are sent. Those that do
// not fill a second at the peak come in one more.
func (a *Answers) untilSent(peak float64) course {
	atPeak := time.Duration(math.Min(1e9*float64(a.Total)/peak, float64(math.MaxInt64/2)))
	c := course{peak: peak, ramp: a.rampOf(atPeak)}
	left := float64(a.Total) - peak*c.ramp.Seconds()/2
	whole := math.Floor(left / peak)
	if whole == 0 && c.ramp == 0 {
		c.hold = time.Duration(math.Ceil(1e9 * left / peak))
		return c
	}
	c.hold = time.Duration(math.Min(whole*1e9, float64(math.MaxInt64/2)))
	if c.base = left - peak*c.hold.Seconds(); c.base > 1e-6 {
		c.rest = time.Second
	}
	return c
}

// thin spreads what the peak leaves over the rest of the duration. The peak gets
// a tenth of the duration, and half of the events at most.
func (c *course) thin(events float64, duration time.Duration) {
	left := events - c.peak*c.ramp.Seconds()/2
	c.hold = min(duration/10, duration-c.ramp, time.Duration(1e9*left/c.peak/2))
	c.rest = duration - c.ramp - c.hold
	c.base = (left - c.peak*c.hold.Seconds()) / c.rest.Seconds()
}

// rampOf is the ramp of a load of some duration.
func (a *Answers) rampOf(duration time.Duration) time.Duration {
	if a.Ramps {
		return a.Ramp
	}
	ramp := min(assumedRamp, duration/5)
	if ramp > 10*time.Second {
		ramp = ramp.Truncate(time.Second)
	}
	return ramp
}

// stages are the course as a profile has it.
func (c course) stages() []schedule.Stage {
	var stages []schedule.Stage
	for _, s := range [...]schedule.Stage{{From: 0, To: c.peak, Over: c.ramp}, {From: c.peak, To: c.peak, Over: c.hold},
		{From: c.base, To: c.base, Over: c.rest}} {
		if s.Over > 0 {
			stages = append(stages, s)
		}
	}
	return stages
}

// total is how many events the course has.
func (c course) total() float64 {
	return full(c.peak, c.ramp, c.ramp+c.hold) + c.base*c.rest.Seconds()
}

// text is the course in the language of load.profile.
func (c course) text() string {
	var shapes []string
	for _, s := range c.stages() {
		over, to := units.FormatDuration(s.Over)+")", rateText(s.To, s.Over)
		if s.From == s.To {
			shapes = append(shapes, "const("+to+", "+over)
		} else {
			shapes = append(shapes, "line("+rateText(s.From, s.Over)+", "+to+", "+over)
		}
	}
	return strings.Join(shapes, " ")
}

// rateText is a rate in events per second that holds for so long. One that people wrote
// is written as they did; one that was worked out has the fewest digits behind the point
// that make no event more or less of it.
func rateText(rate float64, over time.Duration) string {
	whole := strconv.FormatFloat(rate, 'f', -1, 64)
	_, behind, _ := strings.Cut(whole, ".")
	for digits := range max(len(behind)-mostWritten, 0) {
		text := strconv.FormatFloat(rate, 'f', digits, 64)
		if near, err := strconv.ParseFloat(text, 64); err == nil && near > 0 &&
			math.Abs(near-rate)*over.Seconds() < mostOff {
			return text
		}
	}
	return whole
}

// mostWritten is how many digits behind the point people write at most.
const mostWritten = 6

// mostOff is how many events a rate may be off over all of its stage.
const mostOff = 0.1

// events is how many events there are in all, as far as the answers tell; 0 if
// they do not.
func (a *Answers) events() int64 {
	switch {
	case a.Total > 0:
		return a.Total
	case a.Peak > 0 && a.Duration > 0:
		return int64(a.course().total())
	}
	return 0
}
