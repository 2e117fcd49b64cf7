package results

import (
	"iter"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// The resolution of every histogram: whole microseconds, three significant
// digits, so that a reported quantile is at most 0.1 % off. Longest is the
// longest time that fits. latency.hlog has digits and unit in each of its lines.
const (
	Longest = time.Hour

	unit   = time.Microsecond
	digits = 3
	half   = 1024 // buckets in which durations double, which three digits ask for
)

// Histogram counts durations. Durations under a microsecond count as 0, and so do
// negative ones: a request that left a hair before it was due has no lag. Durations over
// Longest are counted by Overflow and are in no other number. It takes 8 KB for each
// doubling of time from 1 ms to its longest duration: 40 KB up to 16 ms, 184 KB up to an
// hour. A run has twenty to forty, most of which hold short ones. The zero value is
// empty. It is not safe for concurrent use.
type Histogram struct {
	counts   *hdrhistogram.Histogram // nil: nothing was counted yet
	reaches  int64                   // the longest duration that counts has room for, in units
	overflow int64
}

// shortest is what the counts of a Histogram reach at first, in units: 16 ms.
const shortest = 16*half - 1

// NewHistogram returns an empty Histogram.
func NewHistogram() *Histogram { return &Histogram{} }

// Record counts d. It allocates only where d lies in a doubling of time that no
// duration before has reached.
func (h *Histogram) Record(d time.Duration) {
	if d > Longest {
		h.overflow++
		return
	}
	h.add(int64(max(d, 0)/unit), 1)
}

// add counts n durations of so many units, Longest at most.
func (h *Histogram) add(units, n int64) {
	h.makeRoom(units)
	if h.counts.RecordValues(units, n) != nil {
		h.overflow += n
	}
}

// makeRoom sees to it that durations of so many units can be counted.
func (h *Histogram) makeRoom(units int64) {
	if units <= h.reaches && h.counts != nil {
		return
	}
	reaches := int64(shortest)
	for reaches < units {
		reaches = 2*reaches + 1
	}
	grown := hdrhistogram.New(1, reaches, digits)
	if h.counts != nil {
		h.overflow += grown.Merge(h.counts) // there is room for all
	}
	h.counts, h.reaches = grown, reaches
}

// Counts are the buckets that hold something, by their numbers (see BarAt), and what
// they hold, shortest first.
func (h *Histogram) Counts() iter.Seq2[int, int64] {
	return func(yield func(int, int64) bool) {
		if h.counts == nil {
			return
		}
		for bucket, n := range h.counts.Export().Counts {
			if n > 0 && !yield(bucket, n) {
				return
			}
		}
	}
}

// edges are the shortest duration of a bucket and the longest, in units.
func edges(bucket int) (from, to int64) {
	doubled := max(bucket/half-1, 0)
	from = int64(bucket-doubled*half) << doubled
	return from, from + 1<<doubled - 1
}

// Quantile is the duration that a share q of all durations did not exceed, for
// q from 0 to 1; 1 is Max. It is the duration at the nearest rank, rounded up to
// the end of its bucket, never one in between two. Of an empty histogram it is 0.
func (h *Histogram) Quantile(q float64) time.Duration {
	if h.counts == nil {
		return 0
	}
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

// Mean is the average of the middles of the buckets, 0 of an empty histogram.
func (h *Histogram) Mean() time.Duration {
	if h.counts == nil {
		return 0
	}
	return time.Duration(h.counts.Mean() * float64(unit))
}

// Max is the longest duration, rounded up to the end of its bucket; 0 of an empty
// histogram.
func (h *Histogram) Max() time.Duration {
	if h.counts == nil {
		return 0
	}
	return time.Duration(h.counts.Max()) * unit
}

// Count is how many durations were recorded, those of Overflow left out.
func (h *Histogram) Count() int64 {
	if h.counts == nil {
		return 0
	}
	return h.counts.TotalCount()
}

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
	for bucket, n := range h.Counts() {
		_, to := edges(bucket)
		buckets = append(buckets, Bucket{time.Duration(to) * unit, n})
	}
	return buckets
}

// Over counts the durations that are longer than d, by whole buckets, those of
// Overflow included.
func (h *Histogram) Over(d time.Duration) int64 {
	over := h.overflow
	for bucket, n := range h.Counts() {
		if _, to := edges(bucket); time.Duration(to)*unit > d {
			over += n
		}
	}
	return over
}

// AddOverflow counts n more durations that did not fit.
func (h *Histogram) AddOverflow(n int64) { h.overflow += n }

// Add counts everything that other holds.
func (h *Histogram) Add(other *Histogram) {
	h.overflow += other.overflow
	if other.Count() > 0 {
		h.makeRoom(min(other.counts.Max(), other.reaches))
		h.overflow += h.counts.Merge(other.counts)
	}
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
	from, _ := edges(index)
	return Bar{time.Duration(from) * unit, count}
}

// AddBars counts what bars hold. What does not fit counts as overflow.
func (h *Histogram) AddBars(bars []Bar) {
	for _, b := range bars {
		if b.From < 0 || b.From > Longest {
			h.overflow += b.Count
			continue
		}
		h.add(int64(b.From/unit), b.Count)
	}
}

// Reset empties the histogram and keeps its memory.
func (h *Histogram) Reset() {
	if h.counts != nil {
		h.counts.Reset()
	}
	h.overflow = 0
}
