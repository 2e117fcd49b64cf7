package results

import (
	"iter"
	"math"
	"math/bits"
	"time"
)

// The resolution of every histogram: whole microseconds, three significant
// digits, so that a reported quantile is at most 0.1 % off. Longest is the
// longest time that fits. latency.hlog has digits and unit in each of its lines.
const (
	Longest = time.Hour

	unit = time.Microsecond
	half = 1024 // buckets in which durations double, which three digits ask for
)

// Histogram counts durations, in the buckets of an HdrHistogram of three digits.
// Durations under a microsecond count as 0, and so do negative ones: a request that
// left a hair before it was due has no lag. Durations over Longest are counted by
// Overflow and are in no other number. It takes 4 KB for each doubling of time from
// 1 ms to its longest duration: 20 KB up to 16 ms, 92 KB up to an hour. A run has
// twenty to forty, which by the library take 184 KB each, whatever they hold. The zero
// value is empty. It is not safe for concurrent use.
type Histogram struct {
	counts   []uint32      // by bucket; whole stretches of half, up to the last that was needed
	carried  map[int]int64 // by bucket, how often its count went beyond 32 bits
	total    int64
	overflow int64
}

// NewHistogram returns an empty Histogram.
func NewHistogram() *Histogram { return &Histogram{} }

// Record counts d. It allocates only where d lies in a doubling of time that no
// duration before has reached, which can happen 23 times.
func (h *Histogram) Record(d time.Duration) {
	if d > Longest {
		h.overflow++
		return
	}
	bucket := bucketOf(int64(max(d, 0) / unit))
	if bucket >= len(h.counts) || h.counts[bucket] == math.MaxUint32 || h.total == math.MaxInt64 {
		h.add(bucket, 1)
		return
	}
	h.counts[bucket]++
	h.total++
}

// add counts n durations of a bucket that ends not long after Longest.
func (h *Histogram) add(bucket int, n int64) {
	if n > math.MaxInt64-h.total { // not in this life, but not silently either
		h.overflow += n
		return
	}
	if bucket >= len(h.counts) {
		grown := make([]uint32, (bucket/half+1)*half)
		copy(grown, h.counts)
		h.counts = grown
	}
	h.total += n
	n += int64(h.counts[bucket])
	h.counts[bucket] = uint32(n)
	if n > math.MaxUint32 {
		h.carry(bucket, n>>32)
	}
}

// carry notes what a count has beyond 32 bits.
func (h *Histogram) carry(bucket int, n int64) {
	if h.carried == nil {
		h.carried = map[int]int64{}
	}
	h.carried[bucket] += n
}

// Counts are the buckets that hold something, by their numbers (see BarAt), and what
// they hold, shortest first.
func (h *Histogram) Counts() iter.Seq2[int, int64] {
	return func(yield func(int, int64) bool) {
		for bucket, low := range h.counts {
			n := int64(low)
			if len(h.carried) > 0 {
				n += h.carried[bucket] << 32
			}
			if n > 0 && !yield(bucket, n) {
				return
			}
		}
	}
}

// bucketOf is the number of the bucket of a duration in units: each of the first 2,048
// has its own, and from there on as many lie in each doubling as in the one before.
func bucketOf(units int64) int {
	shift := max(bits.Len64(uint64(units))-bits.Len64(half), 0)
	return shift*half + int(units>>shift)
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
	left := h.rank(q)
	for bucket, n := range h.Counts() {
		left -= n
		if left > 0 {
			continue
		}
		from, to := edges(bucket)
		if q <= 0 {
			to = from
		}
		return time.Duration(to) * unit
	}
	return 0
}

// rank is that of the duration nearest to a share q of all, from 1. Other readers of
// latency.hlog are asked for percentages: what they come to, to the last bit, is what
// is reported here.
func (h *Histogram) rank(q float64) int64 {
	rank := q*100/100*float64(h.total) + 0.5
	switch {
	case rank >= float64(h.total):
		return h.total
	case rank >= 1:
		return int64(rank)
	}
	return 1
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
	var mean float64
	for bucket, n := range h.Counts() {
		from, to := edges(bucket)
		mean += float64(n) * float64(from+(to-from+1)/2) / float64(h.total)
	}
	return time.Duration(mean * float64(unit))
}

// Max is the longest duration, rounded up to the end of its bucket; 0 of an empty
// histogram.
func (h *Histogram) Max() time.Duration {
	longest := int64(0)
	for bucket := range h.Counts() {
		_, longest = edges(bucket)
	}
	return time.Duration(longest) * unit
}

// Count is how many durations were recorded, those of Overflow left out.
func (h *Histogram) Count() int64 { return h.total }

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
	for bucket, n := range other.Counts() {
		h.add(bucket, n)
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
		h.add(bucketOf(int64(b.From/unit)), b.Count)
	}
}

// Reset empties the histogram and keeps its memory.
func (h *Histogram) Reset() {
	clear(h.counts)
	clear(h.carried)
	h.total, h.overflow = 0, 0
}
