package generator

import (
	"math"

	"rehearse/internal/rng"
)

// bodySizes tells how large bodies become that are made of events of some sizes.
type bodySizes struct {
	events          []float64 // sizes of events, a comma included
	mean, deviation float64
	limit           float64 // bytes at which a batch is closed
}

func newBodySizes(events []float64, limit float64) *bodySizes {
	b := &bodySizes{events: events, limit: limit}
	squares := 0.0
	for _, size := range events {
		b.mean += size
		squares += size * size
	}
	n := float64(len(events))
	b.mean /= n
	b.deviation = math.Sqrt(max(squares/n-b.mean*b.mean, 0))
	return b
}

// over is how many of the bodies that n events become are larger than most, if sizes
// are larger than they were reckoned by a share, and how many events those hold. A
// batch that outgrows the byte limit is cut into bodies just below it.
func (b *bodySizes) over(n, most, off float64) (requests, events float64) {
	whole, less := n*b.mean, most/(1+off)
	switch {
	case n <= 1 || whole <= b.limit && most < b.limit:
		p := b.exceeds(n, less)
		return p, p * n
	case most >= b.limit:
		return 0, 0
	}
	full := math.Floor(whole / b.limit)
	each := (b.limit - b.mean/2) / b.mean // events in a body that is full
	p, rest := b.exceeds(each, less), max(n-full*each, 0)
	last := b.exceeds(rest, less)
	return full*p + last, min(full*p*each+last*rest, n)
}

// manySums is how many sums of few sizes are drawn; of more than fewSummed sizes the
// sum is normal.
const (
	manySums  = 200
	fewSummed = 32
)

// exceeds is the probability that n events are larger than most.
func (b *bodySizes) exceeds(n, most float64) float64 {
	middle, spread := n*b.mean, b.deviation*math.Sqrt(n)
	switch {
	case n < 1:
		return 0
	case n <= fewSummed && middle+30*spread > most:
		return b.sums(int(n), most)
	case spread == 0 && middle > most:
		return 1
	case spread == 0:
		return 0
	}
	return math.Erfc((most-middle)/spread/math.Sqrt2) / 2
}

// sums is exceeds for few events, whose sizes are drawn.
func (b *bodySizes) sums(n int, most float64) float64 {
	s, over := rng.NewStream(0, uint64(n)), 0
	for range manySums {
		sum := 0.0
		for range n {
			sum += b.events[s.Below(uint64(len(b.events)))]
		}
		if sum > most {
			over++
		}
	}
	return float64(over) / manySums
}
