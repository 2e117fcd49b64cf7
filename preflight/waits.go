package preflight

import (
	"math"
	"time"
)

// waits counts how long ids were anonymous before they were merged, by size, in
// steps of two per cent from a millisecond on.
type waits struct {
	counts [waitSteps]int64
	all    int64
}

const (
	waitStep  = 1.02
	waitSteps = 1500 // more than a century
)

// add counts one.
func (w *waits) add(d time.Duration) {
	step := int(math.Log(max(float64(d)/float64(time.Millisecond), 1)) / math.Log(waitStep))
	w.counts[min(step, waitSteps-1)]++
	w.all++
}

// seconds is what a share of them stay below; 0 of nothing.
func (w *waits) seconds(share float64) float64 {
	rank := int64(math.Ceil(share * float64(w.all)))
	for step, n := range w.counts {
		if rank -= n; rank <= 0 && w.all > 0 {
			return math.Pow(waitStep, float64(step)+0.5) / 1000
		}
	}
	return 0
}
