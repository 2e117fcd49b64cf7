package results

import (
	"errors"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The resolution of every histogram: whole microseconds, three significant
// digits, so that a reported quantile is at most 0.1 % off. Longest is the
// longest time that fits; digits and unit are written into latency.hlog.
const (
	Longest = time.Hour

	unit   = time.Microsecond
	digits = 3
)

// Histogram counts durations. Durations under a microsecond count as 0, and so
// do negative ones: a request that left a hair before it was due has no lag.
// Durations over Longest are counted by Overflow and are in no other number.
// It takes 188 KB whatever it holds. It is not safe for concurrent use.
type Histogram struct {
	counts   *hdrhistogram.Histogram
	overflow int64
}

// NewHistogram returns an empty Histogram.
func NewHistogram() *Histogram {
	return &Histogram{counts: hdrhistogram.New(1, int64(Longest/unit), digits)}
}

// Record counts d. It does not allocate.
func (h *Histogram) Record(d time.Duration) {
	if d > Longest {
		h.overflow++
		return
	}
	if h.counts.RecordValue(int64(max(d, 0)/unit)) != nil {
		h.overflow++ // 2⁶³ durations: not in this life, but not silently either
	}
}

// Quantile is the duration that a share q of all durations did not exceed, for
// q from 0 to 1; 1 is Max. It is the duration at the nearest rank, rounded up to
// the end of its bucket, never one in between two. Of an empty histogram it is 0.
func (h *Histogram) Quantile(q float64) time.Duration {
	return time.Duration(h.counts.ValueAtQuantile(q*100)) * unit
}

// QuantileOf is the quantile of n of the durations, which are not known one by one:
// what at most as many of all exceed as it leaves of the n, by the nearest rank. If
// the others are short it is that of the n, and it is that of all if there are no
// others. Of none it is 0.
func (h *Histogram) QuantileOf(n int64, q float64) time.Duration {
	all := h.Count()
	if n = min(n, all); n <= 0 {
		return 0
	}
	longer := n - int64(q*float64(n)+0.5)
	return h.Quantile(float64(all-longer) / float64(all))
}

// Mean is the average, 0 of an empty histogram.
func (h *Histogram) Mean() time.Duration {
	return time.Duration(h.counts.Mean() * float64(unit))
}

// Max is the longest duration, 0 of an empty histogram.
func (h *Histogram) Max() time.Duration { return time.Duration(h.counts.Max()) * unit }

// Count is how many durations were recorded, those of Overflow left out.
func (h *Histogram) Count() int64 { return h.counts.TotalCount() }

// Overflow is how many durations did not fit.
func (h *Histogram) Overflow() int64 { return h.overflow }

// Bucket is a stretch of durations that a Histogram does not tell apart, and
// how many it holds.
type Bucket struct {
	Below time.Duration // its end
	Count int64
}

// Buckets are those that hold something, shortest first.
func (h *Histogram) Buckets() []Bucket {
	var buckets []Bucket
	for _, bar := range h.counts.Distribution() {
		if bar.Count > 0 {
			buckets = append(buckets, Bucket{time.Duration(bar.To) * unit, bar.Count})
		}
	}
	return buckets
}

// Over counts the durations that are longer than d, by whole buckets, those of
// Overflow included.
func (h *Histogram) Over(d time.Duration) int64 {
	over := h.overflow
	for _, b := range h.Buckets() {
		if b.Below > d {
			over += b.Count
		}
	}
	return over
}

// AddOverflow counts n more durations that did not fit.
func (h *Histogram) AddOverflow(n int64) { h.overflow += n }

// Export is the histogram as the library has it, in microseconds.
func (h *Histogram) Export() *hdrhistogram.Snapshot { return h.counts.Export() }

// Import is the Histogram of counts in microseconds, which it keeps. Those of another
// resolution are an error.
func Import(counts *hdrhistogram.Histogram) (*Histogram, error) {
	if counts.SignificantFigures() != digits || counts.LowestTrackableValue() != 1 ||
		counts.HighestTrackableValue() != int64(Longest/unit) {
		return nil, errors.New("a histogram of another resolution")
	}
	return &Histogram{counts: counts}, nil
}

// Add counts everything that other holds. What does not fit counts as overflow.
func (h *Histogram) Add(other *Histogram) {
	h.overflow += other.overflow + h.counts.Merge(other.counts)
}

// Bar is a bucket of a Histogram as it is written down: its shortest duration, and how
// many it holds.
type Bar struct {
	From  time.Duration
	Count int64
}

// BarAt is the bucket with a number, counted from that of 0. It is beyond any Histogram
// if it begins after Longest.
func BarAt(index int, count int64) Bar {
	const half = 1024 // buckets in which durations double, which three digits ask for
	doubled := max(index/half-1, 0)
	return Bar{time.Duration(index-doubled*half) << doubled * unit, count}
}

// AddBars counts what bars hold. What does not fit counts as overflow.
func (h *Histogram) AddBars(bars []Bar) {
	for _, b := range bars {
		if h.counts.RecordValues(int64(b.From/unit), b.Count) != nil {
			h.overflow += b.Count
		}
	}
}

// Reset empties the histogram and keeps its memory.
func (h *Histogram) Reset() {
	h.counts.Reset()
	h.overflow = 0
}
