package recording

import (
	"math"
	"testing"
	"time"
)

// TestCurveOfCenturies: the longest time that there is ends in a bucket as well, and
// nothing is lost on the way.
func TestCurveOfCenturies(t *testing.T) {
	t.Parallel()
	for _, width := range []time.Duration{time.Second, time.Minute, 7 * time.Hour} {
		c := NewCurve(width)
		for _, at := range []time.Duration{-1, 0, time.Hour, 100 * 365 * 24 * time.Hour, math.MaxInt64} {
			c.Add(at, 2)
		}
		sum := int64(0)
		for _, n := range c.Counts() {
			sum += n
		}
		if len(c.Counts()) > maxBuckets || c.Width() <= 0 || sum != 10 {
			t.Errorf("%v: %d events in %d buckets of %v", width, sum, len(c.Counts()), c.Width())
		}
	}
}

// TestCurveKeepsItsPeak: a burst is told as it was, however late it comes and however
// much was folded before it.
func TestCurveKeepsItsPeak(t *testing.T) {
	t.Parallel()
	for _, days := range []int{1, 30, 800} {
		c := NewCurve(time.Second)
		for hour := range 24 * days {
			at := time.Duration(hour) * time.Hour
			c.Add(at, 1)
			if hour == 23*days {
				c.Add(at+10*time.Second, 1000)
				c.Add(at+10*time.Second+999*time.Millisecond, 2000)
				c.Add(at+11*time.Second, 5)
			}
		}
		if c.Peak() != 3000 {
			t.Errorf("in %d days the peak is %v, want 3000", days, c.Peak())
		}
	}
}
