package verify

import (
	"math"
	"math/bits"
	"time"
)

// spread is a histogram of durations in milliseconds, exact below 64 ms and to a
// 32nd above.
type spread struct {
	counts [32 * 42]int64
	events int64
	most   time.Duration
}

// stepsAnOctave is into how many steps a doubling is divided.
const stepsAnOctave = 32

// add counts a duration. One below zero, by clocks that differ, counts as none.
func (s *spread) add(d time.Duration) {
	d = max(d, 0)
	s.counts[min(stepOf(uint64(d/time.Millisecond)), len(s.counts)-1)]++
	s.events++
	s.most = max(s.most, d)
}

// stepOf is the step in which a number of milliseconds lies.
func stepOf(ms uint64) int {
	if ms < 2*stepsAnOctave {
		return int(ms)
	}
	octave := bits.Len64(ms) - 6
	return octave*stepsAnOctave + int(ms>>octave)
}

// endOf is the first number of milliseconds behind a step.
func endOf(step int) float64 {
	if step < 2*stepsAnOctave {
		return float64(step + 1)
	}
	octave := step/stepsAnOctave - 1
	return math.Ldexp(float64(step-octave*stepsAnOctave+1), octave)
}

// quantile is what a share q of the durations did not exceed, in milliseconds,
// rounded up to the end of its step.
func (s *spread) quantile(q float64) float64 {
	rank, seen := int64(math.Ceil(q*float64(s.events))), int64(0)
	for step, n := range s.counts {
		seen += n
		if seen >= rank && n > 0 {
			return min(endOf(step), milliseconds(s.most))
		}
	}
	return milliseconds(s.most)
}

func milliseconds(d time.Duration) float64 { return float64(d.Round(time.Microsecond)) / 1e6 }

// rows are the counts by doublings.
func (s *spread) rows() (rows []VisibleRow) {
	for step, n := range s.counts {
		if n == 0 {
			continue
		}
		upTo := math.Exp2(math.Ceil(math.Log2(endOf(step))))
		if k := len(rows); k > 0 && rows[k-1].UpTo == upTo {
			rows[k-1].Events += n
			continue
		}
		rows = append(rows, VisibleRow{upTo, n})
	}
	return rows
}

// report is the histogram in numbers; nil: nothing was timed. The load ended at a
// time, and the last event was there at another.
func (s *spread) report(ended, last time.Time) *Visible {
	if s.events == 0 {
		return nil
	}
	return &Visible{
		Events: s.events, P50: s.quantile(0.5), P95: s.quantile(0.95), P99: s.quantile(0.99), Max: milliseconds(s.most),
		Drain: milliseconds(max(last.Sub(ended), 0)), Last: last.UTC().Format(time.RFC3339Nano), Buckets: s.rows(),
	}
}
