package scenario

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"rehearse/internal/units"
)

// MaxEvents is the most events that a profile may offer: up to here every event
// index is exact as a float64.
const MaxEvents = 1 << 53

// Stage is a stretch of the profile: linear from one rate to another, in events
// per second.
type Stage struct {
	From, To float64
	Over     time.Duration
}

// Profile is the offered load over time: a curve, its integral, and the inverse
// of the integral.
//
//	events/s                       Rate(t)   the curve
//	  ^      ______________        Count(t)  the area under it up to t
//	  |     /              \       When(c)   the t at which the area passes c
//	  |    /                \
//	  |___/                  \___
//	  +--------------------------> t
//
// Within a stage of first rate b and slope a the area after x seconds is
// bx + ax²/2, and its inverse is x = 2c/(b + √(b² + 2ac)), the root that does not
// cancel for small a. A stage that falls is read backwards from its end, where
// the same holds. Fractions of an event carry over from stage to stage. A
// Profile does not change and is safe for concurrent use.
type Profile struct {
	stages []Stage
	starts []time.Duration // starts[k] is when stage k starts; the last entry is the span
	counts []float64       // counts[k] + tails[k] is the area before stage k; the last entry is the whole
	tails  []float64       // what a float64 cannot hold of it
}

// NewProfile checks the stages and sums them up. Rates must be finite and not
// negative, durations not negative. A stage of no length is a jump and leaves no
// trace; neighbours of one constant rate become one stage. The whole may not
// exceed MaxEvents.
func NewProfile(stages []Stage) (*Profile, error) {
	p := &Profile{starts: []time.Duration{0}, counts: []float64{0}, tails: []float64{0}}
	var area pair
	for i, s := range stages {
		if err := s.check(); err != nil {
			return nil, fmt.Errorf("cannot use stage %d: %w", i, err)
		}
		if s.Over == 0 {
			continue
		}
		if s.Over > math.MaxInt64-p.Span() {
			return nil, errors.New("cannot use the profile: it lasts longer than 292 years")
		}
		area = area.plus(s.area())
		p.add(s, area)
	}
	if area.high > MaxEvents {
		return nil, fmt.Errorf("cannot use the profile: %.3g events are more than 2^53", area.high)
	}
	return p, nil
}

func (s Stage) check() error {
	for _, r := range [...]float64{s.From, s.To} {
		if math.IsNaN(r) || math.IsInf(r, 0) || r < 0 {
			return fmt.Errorf("a rate of %v events/s", r)
		}
	}
	if s.Over < 0 {
		return fmt.Errorf("a duration of %v", s.Over)
	}
	return nil
}

// add appends a stage of some length, after which the area is as given.
func (p *Profile) add(s Stage, area pair) {
	end := p.Span() + s.Over
	area = area.snapped()
	if last := len(p.stages) - 1; last >= 0 && p.stages[last].continues(s) {
		p.stages[last].Over += s.Over
		p.starts[last+1], p.counts[last+1], p.tails[last+1] = end, area.high, area.low
		return
	}
	p.stages = append(p.stages, s)
	p.starts = append(p.starts, end)
	p.counts = append(p.counts, area.high)
	p.tails = append(p.tails, area.low)
}

func (s Stage) continues(next Stage) bool {
	return s.From == s.To && next.From == s.To && next.To == s.To
}

// Stages returns a copy of the stages, jumps left out and equal neighbours joined.
func (p *Profile) Stages() []Stage { return slices.Clone(p.stages) }

// Span returns how long the profile lasts.
func (p *Profile) Span() time.Duration { return p.starts[len(p.starts)-1] }

// Total returns how many whole events the profile offers: events 0 to Total-1.
func (p *Profile) Total() int64 {
	last := len(p.counts) - 1
	whole := math.Floor(p.counts[last])
	if whole == p.counts[last] && p.tails[last] < 0 {
		whole--
	}
	return int64(whole)
}

// Peak returns the highest rate, in events per second.
func (p *Profile) Peak() float64 {
	var peak float64
	for _, s := range p.stages {
		peak = max(peak, s.From, s.To)
	}
	return peak
}

// Rate returns the rate at t, in events per second. Where one stage ends and the
// next starts it is that of the next; outside the profile it is 0.
func (p *Profile) Rate(t time.Duration) float64 {
	if t < 0 || t >= p.Span() {
		return 0
	}
	k := firstAbove(p.starts[1:], t)
	s := p.stages[k]
	return s.From + (s.To-s.From)*(float64(t-p.starts[k])/float64(s.Over))
}

// Count returns how many events are due before t: the integral of the rate.
func (p *Profile) Count(t time.Duration) float64 {
	last := len(p.stages)
	switch {
	case t <= 0:
		return 0
	case t >= p.Span():
		return p.counts[last] + p.tails[last]
	}
	k := firstAbove(p.starts[1:], t)
	s, x := p.stages[k], (t - p.starts[k]).Seconds()
	return p.counts[k] + (p.tails[k] + x*(s.From+s.slope()*x/2))
}

// When returns the time at which the integral passes count, to the nanosecond:
// the inverse of Count. Where the rate is zero for a while, the time is the end
// of that while, when the rate is positive again. From the whole integral on it
// is the span.
func (p *Profile) When(count float64) time.Duration {
	k := firstAbove(p.counts[1:], count)
	if k == len(p.stages) {
		return p.Span()
	}
	done := (count - p.counts[k]) - p.tails[k]
	left := (p.counts[k+1] - count) + p.tails[k+1]
	return p.starts[k] + p.stages[k].when(done, left)
}

// when returns how far into the stage the area reaches done, with left to come.
func (s *Stage) when(done, left float64) time.Duration {
	var x float64
	switch {
	case s.From == s.To:
		x = reach(done, s.From, 0)
	case s.From > s.To:
		x = s.Over.Seconds() - reach(left, s.To, -s.slope())
	default:
		x = reach(done, s.From, s.slope())
	}
	return min(max(time.Duration(math.Round(x*1e9)), 0), s.Over)
}

// slope returns how fast the rate changes, in events per second squared.
func (s *Stage) slope() float64 { return (s.To - s.From) / s.Over.Seconds() }

// reach returns how many seconds it takes to gather an area, from a rate that
// rises with slope.
func reach(area, rate, slope float64) float64 {
	if area <= 0 {
		return 0
	}
	if slope == 0 {
		return area / rate // to the last bit what follows comes to
	}
	return 2 * area / (rate + math.Sqrt(rate*rate+2*slope*area))
}

// String returns the profile as a scenario file spells it, in line and const.
func (p *Profile) String() string {
	shapes := make([]string, 0, len(p.stages))
	for _, s := range p.stages {
		from, to, over := units.FormatRate(s.From), units.FormatRate(s.To), units.FormatDuration(s.Over)
		if s.From == s.To {
			shapes = append(shapes, fmt.Sprintf("const(%s, %s)", from, over))
		} else {
			shapes = append(shapes, fmt.Sprintf("line(%s, %s, %s)", from, to, over))
		}
	}
	return strings.Join(shapes, " ")
}

// firstAbove returns the index of the first element greater than x, or the length.
func firstAbove[T cmp.Ordered](sorted []T, x T) int {
	low, high := 0, len(sorted)
	for low < high {
		middle := int(uint(low+high) >> 1)
		if sorted[middle] > x {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
}
