package traffic

import (
	"math"

	"rehearse/internal/rng"
	"rehearse/scenario"
)

// sizes draws how large an event should be, log-normal through two stated
// percentiles: a table of its quantiles makes a draw one look-up.
type sizes struct{ quantiles []int32 }

// newSizes prepares the draws; without percentiles every size is 0, which lets
// events be as large as they come.
func newSizes(s scenario.Sizes) sizes {
	if s.P50 == 0 {
		return sizes{}
	}
	const n = 1 << 12
	const z99 = 2.3263478740408408 // the standard normal's 99th percentile
	sigma := math.Log(float64(s.P99)/float64(s.P50)) / z99
	q := make([]int32, n)
	for i := range q {
		p := (float64(i) + 0.5) / n
		z := math.Sqrt2 * math.Erfinv(2*p-1)
		q[i] = int32(min(float64(s.P50)*math.Exp(sigma*z), maxSize))
	}
	return sizes{q}
}

// maxSize keeps an event that is bent upwards below what one Kafka message holds.
const maxSize = 900_000

// draw takes one size from s.
func (z *sizes) draw(s *rng.Stream) int {
	if z.quantiles == nil {
		return 0
	}
	return int(z.quantiles[s.Below(uint64(len(z.quantiles)))])
}

// median is the size that half of the draws stay below.
func (z *sizes) median() int {
	if z.quantiles == nil {
		return 0
	}
	return int(z.quantiles[len(z.quantiles)/2])
}

// prose is text to fill events up with. It compresses about as well as recorded
// properties do, which repeated letters would not.
type prose []byte

// newProse writes n bytes of words.
func newProse(n int) prose {
	s := rng.NewStream(0, 0)
	text := make(prose, 0, n+16)
	for len(text) < n {
		for range 1 + s.Below(3) {
			text = append(text, syllables[s.Below(uint64(len(syllables)))]...)
		}
		text = append(text, ' ')
	}
	return text[:n]
}

// append appends n bytes from a drawn place.
func (p prose) append(dst []byte, n int, s *rng.Stream) []byte {
	from := int(s.Below(uint64(len(p))))
	for n > 0 {
		m := min(n, len(p)-from)
		dst = append(dst, p[from:from+m]...)
		n, from = n-m, 0
	}
	return dst
}
