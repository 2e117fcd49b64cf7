package profile

import "math"

// tally counts values by size so that quantiles can be told: exactly below 65,536,
// to half a per cent above.
type tally struct {
	small []int64
	large map[int]int64 // by the power of 1.005
	count int64
	sum   float64
	max   float64
}

const (
	exactBelow = 1 << 16
	growth     = 1.005
)

// add counts one value.
func (t *tally) add(v float64) {
	t.count++
	t.sum += v
	t.max = max(t.max, v)
	if v < exactBelow {
		if t.small == nil {
			t.small = make([]int64, exactBelow)
		}
		t.small[int(max(v, 0))]++
		return
	}
	if t.large == nil {
		t.large = map[int]int64{}
	}
	t.large[int(math.Log(v)/math.Log(growth))]++
}

// quantile is the nearest-rank quantile; 0 of nothing.
func (t *tally) quantile(q float64) float64 {
	rank := int64(math.Ceil(q * float64(t.count)))
	for v, n := range t.small {
		if rank -= n; rank <= 0 {
			return float64(v)
		}
	}
	for power := int(math.Log(exactBelow) / math.Log(growth)); rank > 0 && power < 1<<13; power++ {
		if rank -= t.large[power]; rank <= 0 {
			return min(math.Pow(growth, float64(power)+0.5), t.max)
		}
	}
	return t.max
}

// mean is the mean; 0 of nothing.
func (t *tally) mean() float64 { return t.sum / math.Max(float64(t.count), 1) }
