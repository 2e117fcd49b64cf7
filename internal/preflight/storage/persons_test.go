package storage

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSizesAreThoseOfADraw: percentiles of ids per person against merges that are dealt out
// one by one.
func TestSizesAreThoseOfADraw(t *testing.T) {
	t.Parallel()
	chance := rand.New(rand.NewPCG(1, 2))
	for _, skew := range []float64{0, 0.7, 1.2} {
		const persons, merges = 20_000, 60_000
		below := make([]float64, persons+1)
		for r := range persons {
			below[r+1] = below[r] + math.Pow(float64(r+1), -skew)
		}
		ids := make([]int64, persons)
		for range merges {
			r, _ := slices.BinarySearch(below, chance.Float64()*below[persons])
			ids[max(r-1, 0)]++
		}
		ids = slices.DeleteFunc(ids, func(n int64) bool { return n == 0 })
		slices.Sort(ids)
		c := Crowd{Persons: persons, Merges: merges, Share: func(rank int64) float64 {
			return math.Pow(float64(rank+1), -skew) / below[persons]
		}}
		got := c.Sizes()
		for what, pair := range map[string][2]int64{
			"p50": {got.P50, 1 + ids[len(ids)/2]}, "p99": {got.P99, 1 + ids[len(ids)*99/100]}, "max": {got.Max, 1 + ids[len(ids)-1]},
		} {
			if off := math.Abs(float64(pair[0] - pair[1])); off > max(1, 0.1*float64(pair[1])) {
				t.Errorf("skew %v, %s: worked out %d, dealt %d", skew, what, pair[0], pair[1])
			}
		}
	}
}
