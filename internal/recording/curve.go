package recording

import "time"

// Curve counts events by time in buckets of one width, from 0 on. When it has
// grown to many buckets it folds them in pairs, so that its memory is bounded
// however long a recording is.
type Curve struct {
	width  time.Duration
	counts []int64
	peak   float64 // events per second in the fullest bucket before the last folding

	first  time.Duration // the width that the buckets began with
	latest int64         // number of the bucket of that width that the last event fell into
	events int64         // of it
	fine   float64       // events per second in the fullest of them
}

// maxBuckets is how many buckets a curve has at most: twelve days of seconds.
const maxBuckets = 1 << 20

// NewCurve returns an empty curve whose buckets begin with this width.
func NewCurve(width time.Duration) *Curve {
	return &Curve{width: width, first: width, latest: -1}
}

// Add counts n events at a time; one before 0 falls into the first bucket.
func (c *Curve) Add(at time.Duration, n int64) {
	if i := int64(max(at, 0) / c.first); i != c.latest {
		c.latest, c.events = i, 0
	}
	c.events += n
	c.fine = max(c.fine, float64(c.events)/c.first.Seconds())
	for at/c.width >= maxBuckets {
		c.fold()
	}
	i := int(max(at, 0) / c.width)
	for len(c.counts) <= i {
		c.counts = append(c.counts, 0)
	}
	c.counts[i] += n
}

// fold joins neighbours.
func (c *Curve) fold() {
	c.peak = c.Peak()
	half := (len(c.counts) + 1) / 2
	for i := range half {
		sum := c.counts[2*i]
		if 2*i+1 < len(c.counts) {
			sum += c.counts[2*i+1]
		}
		c.counts[i] = sum
	}
	c.counts, c.width = c.counts[:half], 2*c.width
}

// Width is how long a bucket is.
func (c *Curve) Width() time.Duration { return c.width }

// Counts are the events of the buckets; the caller must not change them.
func (c *Curve) Counts() []int64 { return c.counts }

// Peak is the rate in the fullest bucket, in events per second. Where events are added
// in order of their times it is exact for buckets of the first width; else buckets that
// were folded since count with the width that they had.
func (c *Curve) Peak() float64 {
	peak := max(c.peak, c.fine)
	for _, n := range c.counts {
		peak = max(peak, float64(n)/c.width.Seconds())
	}
	return peak
}

// Rate is the rate at a time, in events per second.
func (c *Curve) Rate(t time.Duration) float64 {
	if i := int(t / c.width); t >= 0 && i < len(c.counts) {
		return float64(c.counts[i]) / c.width.Seconds()
	}
	return 0
}
