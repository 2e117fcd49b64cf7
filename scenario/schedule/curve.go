package schedule

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strings"
	"time"

	"rehearse/internal/units"
)

// MaxEvents is the most events that a load may offer: up to here every event
// index is exact as a float64.
const MaxEvents = 1 << 53

// Curve is the offered load over time: a curve, its integral, and the inverse
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
// Curve does not change and is safe for concurrent use.
type Curve struct {
	stages []Stage
	starts []time.Duration // starts[k] is when stage k starts; the last entry is the span
	counts []float64       // counts[k] + tails[k] is the area before stage k; the last entry is the whole
	tails  []float64       // what a float64 cannot hold of it
}

// NewCurve checks the stages and sums them up. Rates must be finite and not
// negative, durations not negative. A stage of no length is a jump and leaves no
// trace; neighbours of one constant rate become one stage. The whole may not
// exceed MaxEvents.
func NewCurve(stages []Stage) (*Curve, error) {
	c := &Curve{starts: []time.Duration{0}, counts: []float64{0}, tails: []float64{0}}
	area := new(big.Float).SetPrec(areaBits)
	for i, s := range stages {
		if err := s.check(); err != nil {
			return nil, fmt.Errorf("cannot use stage %d: %w", i, err)
		}
		if s.Over == 0 {
			continue
		}
		if s.Over > math.MaxInt64-c.Span() {
			return nil, errors.New("cannot use the profile: it lasts longer than 292 years")
		}
		c.add(s, area.Add(area, s.area()))
	}
	if all, _ := area.Float64(); all > MaxEvents {
		return nil, fmt.Errorf("cannot use the profile: %.3g events are more than 2^53", all)
	}
	return c, nil
}

// add appends a stage of some length, after which the area is as given.
func (c *Curve) add(s Stage, area *big.Float) {
	end := c.Span() + s.Over
	count, tail := split(area)
	if last := len(c.stages) - 1; last >= 0 && c.stages[last].continues(s) {
		c.stages[last].Over += s.Over
		c.starts[last+1], c.counts[last+1], c.tails[last+1] = end, count, tail
		return
	}
	c.stages = append(c.stages, s)
	c.starts = append(c.starts, end)
	c.counts = append(c.counts, count)
	c.tails = append(c.tails, tail)
}

// split returns an area as the sum of two numbers, the second of which holds what the
// first cannot. Where only the rounding of the rates, a few parts in 10^16, separates
// the area from a whole number, it is that number: a rate such as 0.1/s is not exact as
// a float64, and yet ten seconds of it must be one event, which must fall due after a
// pause that follows, not before it.
func split(area *big.Float) (count, tail float64) {
	count, _ = area.Float64()
	tail, _ = new(big.Float).Sub(area, new(big.Float).SetFloat64(count)).Float64()
	whole := math.Round(count)
	dust := min(1e-9+4e-16*count, 0.01)
	if math.Abs((count-whole)+tail) <= dust {
		return whole, 0
	}
	return count, tail
}

// Stages returns a copy of the stages, jumps left out and equal neighbours joined.
func (c *Curve) Stages() []Stage { return slices.Clone(c.stages) }

// Span returns how long the curve lasts.
func (c *Curve) Span() time.Duration { return c.starts[len(c.starts)-1] }

// Total returns how many whole events the curve offers: events 0 to Total-1.
func (c *Curve) Total() int64 {
	last := len(c.counts) - 1
	whole := math.Floor(c.counts[last])
	if whole == c.counts[last] && c.tails[last] < 0 {
		whole--
	}
	return int64(whole)
}

// Peak returns the highest rate, in events per second.
func (c *Curve) Peak() float64 {
	var peak float64
	for _, s := range c.stages {
		peak = max(peak, s.From, s.To)
	}
	return peak
}

// Rate returns the rate at t, in events per second. Where one stage ends and the
// next starts it is that of the next; outside the curve it is 0.
func (c *Curve) Rate(t time.Duration) float64 {
	if t < 0 || t >= c.Span() {
		return 0
	}
	k := firstAbove(c.starts[1:], t)
	s := c.stages[k]
	return s.From + (s.To-s.From)*(float64(t-c.starts[k])/float64(s.Over))
}

// Count returns how many events are due before t: the integral of the rate.
func (c *Curve) Count(t time.Duration) float64 {
	last := len(c.stages)
	switch {
	case t <= 0:
		return 0
	case t >= c.Span():
		return c.counts[last] + c.tails[last]
	}
	k := firstAbove(c.starts[1:], t)
	s, x := c.stages[k], (t - c.starts[k]).Seconds()
	return c.counts[k] + (c.tails[k] + x*(s.From+s.slope()*x/2))
}

// When returns the time at which the integral passes count, to the nanosecond:
// the inverse of Count. Where the rate is zero for a while, the time is the end
// of that while, when the rate is positive again. From the whole integral on it
// is the span.
func (c *Curve) When(count float64) time.Duration {
	k := firstAbove(c.counts[1:], count)
	if k == len(c.stages) {
		return c.Span()
	}
	done := (count - c.counts[k]) - c.tails[k]
	left := (c.counts[k+1] - count) + c.tails[k+1]
	return c.starts[k] + c.stages[k].when(done, left)
}

// String returns the curve as a scenario file spells it, in line and const.
func (c *Curve) String() string {
	shapes := make([]string, 0, len(c.stages))
	for _, s := range c.stages {
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
