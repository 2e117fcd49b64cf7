package intake

import (
	"math"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A rate is written with as many digits as it takes to send the same number of events,
// and no more.
func TestRatesAreWrittenForPeople(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rate float64
		over time.Duration
		want string
	}{
		{4257.128045619492, 30 * time.Minute, "4257.128"}, {4257.128045619492, time.Second, "4257.1"},
		{400, time.Hour, "400"}, {1e-6, time.Hour, "0.000001"}, {2.25, time.Second, "2.25"}, {0, time.Minute, "0"},
	} {
		if got := rateText(c.rate, c.over); got != c.want {
			t.Errorf("%v over %v is %s, want %s", c.rate, c.over, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.Float64Range(0, 1e7).Draw(t, "rate")
		over := time.Duration(rapid.Int64Range(1, 1e6).Draw(t, "seconds")) * time.Second
		near, err := strconv.ParseFloat(rateText(rate, over), 64)
		if err != nil || math.Abs(near-rate)*over.Seconds() > mostOff {
			t.Fatalf("%v became %v: %v", rate, near, err)
		}
	})
}
