package learn

import (
	"math"
	"testing"
)

// TestFitOthersIsNoBusierThanTheHot: the counts are the busiest ids of so many
// events; what is left falls on ids none of which is expected to have more than
// the last of them.
func TestFitOthersIsNoBusierThanTheHot(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		counts []int64
		others int64
		skewed bool // the law is as uneven as it is allowed to be, or more than 1/rank
	}{
		{[]int64{250_000, 41_200, 12_077}, 34_000_000, true},
		{[]int64{1_000_000, 500_000, 333_333, 250_000, 200_000, 166_667}, 10_000_000, true},
		{[]int64{10, 10, 10}, 400_000_000, false}, // 40 M ids at least
		{[]int64{5}, 3, true},
		{[]int64{9_000_000_000_000}, 5_000_000_000_000_000, true},
	} {
		ids, skew := FitOthers(c.counts, len(c.counts), c.others)
		least := float64(c.counts[len(c.counts)-1])
		if busiest := float64(c.others) / (crowd{ids, skew}).weight(); busiest > least*1.0001 {
			t.Errorf("%v: %d ids of skew %v have %v at most, and the last of the table %v", c.counts,
				ids, skew, busiest, least)
		}
		if ids < 1_000_000 || skew < 0 || skew > 10 || (skew > 0.3) != c.skewed {
			t.Errorf("%v: %d ids of skew %v", c.counts, ids, skew)
		}
	}
}

// TestFitOthersOfAWholeTable: a table that lists everybody is fitted. Counts are
// those of 1/rank over 1,000 ids, 1,000,000 events.
func TestFitOthersOfAWholeTable(t *testing.T) {
	t.Parallel()
	var counts []int64
	var sum, hot int64
	for r := range 1000 {
		n := int64(math.Round(1e6 / 7.485 / float64(r+1))) // H(1000) = 7.485
		counts = append(counts, n)
		sum += n
		if r < 20 {
			hot += n
		}
	}
	ids, skew := FitOthers(counts, 20, sum-hot)
	if ids < 900 || ids > 1100 || skew < 0.2 || skew > 1 {
		t.Errorf("%d ids of skew %v", ids, skew)
	}
}

func TestFitOthersOfNothing(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		counts []int64
		hot    int
		others int64
	}{{nil, 0, 5}, {[]int64{5}, 1, 0}, {[]int64{5}, 0, 5}} {
		if ids, skew := FitOthers(c.counts, c.hot, c.others); ids != 1 || skew != 1 {
			t.Errorf("%v: %d, %v", c, ids, skew)
		}
	}
}
