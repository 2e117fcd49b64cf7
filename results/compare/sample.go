package compare

import (
	"fmt"

	"rehearse/results"
	"rehearse/results/rundir"
)

// measure is the samples of one measure.
type measure struct {
	name       string
	unit       Unit
	moreIsGood bool
	least      int  // requests that a window should have
	ofAccepted bool // it takes half as many accepted ones
	of         func(*rundir.Window) float64
	values     []float64
}

// How many requests a window should have, that its sample means something: a
// median some, the 99th percentile so many that one lies beyond it.
const (
	leastOfMedian = 20
	leastOfTail   = 100
)

// measures are those that are compared, without samples.
func measures() []measure {
	return []measure{
		latency("latency p50", 0.5, leastOfMedian), latency("latency p99", 0.99, leastOfTail),
		service("service p50", 0.5, leastOfMedian), service("service p99", 0.99, leastOfTail),
		{name: "accepted", unit: PerSecond, moreIsGood: true, least: leastOfMedian, of: acceptedRate},
		{name: "not accepted", unit: Share, least: leastOfMedian, of: refusedShare},
	}
}

// latency is a quantile of latency.
func latency(name string, q float64, least int) measure {
	return measure{name: name, unit: Milliseconds, least: least, ofAccepted: true, of: func(w *rundir.Window) float64 {
		return milliseconds(w, w.Latency, q)
	}}
}

// service is a quantile of service.
func service(name string, q float64, least int) measure {
	return measure{name: name, unit: Milliseconds, least: least, ofAccepted: true, of: func(w *rundir.Window) float64 {
		return milliseconds(w, w.Service, q)
	}}
}

// milliseconds is a quantile of accepted requests: refusing fast is no gain.
func milliseconds(w *rundir.Window, h *results.Histogram, q float64) float64 {
	return h.QuantileOf(w.Served, q).Seconds() * 1000
}

// acceptedRate is how many requests were accepted a second.
func acceptedRate(w *rundir.Window) float64 {
	return float64(w.Reasons["accepted"]) / (w.To - w.From)
}

// refusedShare is the share of the requests that were not accepted.
func refusedShare(w *rundir.Window) float64 {
	return 1 - float64(w.Reasons["accepted"])/float64(w.Latency.Count())
}

// sample cuts a run into windows and measures each. The windows of a quantile
// that takes more requests are longer, and fewer.
func sample(run *rundir.Run) ([]measure, error) {
	all := measures()
	for _, least := range []int{leastOfMedian, leastOfTail} {
		width := width(run.Result, least)
		err := run.EachWindow(width, func(w *rundir.Window) error {
			if w.Latency.Count() < int64(least)/2 || w.To-w.From < width/2 { // the rest at the end
				return nil
			}
			for i := range all {
				if m := &all[i]; m.least == least && (!m.ofAccepted || w.Served >= int64(least)/2) {
					m.values = append(m.values, m.of(w))
				}
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("cannot compare %q: %w", run.Path, err)
		}
	}
	return all, nil
}

// width is how long windows are that have so many requests at the mean rate, in
// seconds. No window is shorter than a line of the log, a second at least.
func width(r *results.Result, least int) float64 {
	sent := float64(max(r.Requests.Sent, 1))
	return max(r.Run.Seconds/windows, r.Run.Seconds*float64(least)/sent, 0.5)
}
