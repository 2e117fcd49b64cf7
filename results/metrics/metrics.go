// Package metrics is a run so far as metrics for other systems: what they are
// called and what they count, in one place, and the two forms in which Prometheus
// reads them. Package otlp pushes the same.
package metrics

import (
	"cmp"
	"maps"
	"slices"
	"strconv"

	"rehearse/results"
)

// Kind is what a metric is.
type Kind uint8

// The kinds.
const (
	Counter   Kind = iota // counts from the start of the run
	Gauge                 // goes up and down
	Histogram             // of durations
)

// Family is all values of one metric.
type Family struct {
	Name   string // as Prometheus wants it: a counter ends in _total, a histogram in its unit
	Help   string
	Kind   Kind
	Points []Point
}

// Point is a value and what sets it apart from others of its family.
type Point struct {
	Labels []Label
	Value  float64            // of a counter or gauge
	Times  *results.Histogram // of a histogram; lent by the tally
}

// Label is a name and a value.
type Label struct{ Name, Value string }

// fates are the names of capture.Fate, in its order.
var fates = [...]string{"unsent", "accepted", "rejected", "ambiguous"}

// The values of the label that tells the streams of a run apart.
const (
	StreamLabel = "stream"
	RunStream   = "run"
	Background  = "background"
)

// Of returns the metrics of a stream: all that it did so far, and what its last
// interval says of the present. The histograms are those of the tally. Every series has
// the labels that are given.
func Of(total *results.Tally, last *results.Row, labels ...Label) []Family {
	all := families(total, last)
	for i := range all {
		f := &all[i]
		for k := range f.Points {
			f.Points[k].Labels = slices.Concat(f.Points[k].Labels, labels)
		}
	}
	return all
}

// Join returns the metrics of two streams as one list, in which each has its own labels.
func Join(all, others []Family) []Family {
	joined := slices.Clone(all)
	for i := range joined {
		joined[i].Points = slices.Concat(all[i].Points, others[i].Points)
	}
	return joined
}

// families are the metrics without the labels of the run.
func families(total *results.Tally, last *results.Row) []Family {
	var requests, events []Point
	for fate, name := range fates {
		labels := []Label{{"fate", name}}
		requests = append(requests, Point{Labels: labels, Value: float64(total.Fates[fate].Requests)})
		events = append(events, Point{Labels: labels, Value: float64(total.Fates[fate].Events)})
	}
	one := func(value float64) []Point { return []Point{{Value: value}} }
	times := func(h *results.Histogram) []Point { return []Point{{Times: h}} }
	return []Family{
		{Name: "rehearse_requests_total", Help: "Completed requests by outcome.",
			Points: requests},
		{Name: "rehearse_events_total", Help: "Events of completed requests by outcome.", Points: events},
		{Name: "rehearse_not_accepted_total", Help: "Requests that were not accepted, by reason.",
			Points: refusals(total)},
		{Name: "rehearse_may_be_stored_events_total", Help: "Rejected events that may be stored: the answer is no " +
			"certain no to each event of its request.", Points: one(float64(mayBeStored(total)))},
		{Name: "rehearse_may_be_stored_twice_events_total", Help: "Events that may be stored by more than one attempt.",
			Points: one(float64(total.Twice))},
		{Name: "rehearse_late_total", Help: "Requests that left late.", Points: one(float64(total.AllLate().Requests))},
		{Name: "rehearse_connections_total", Help: "Connections that were opened, or could not be.", Points: []Point{
			{Labels: []Label{{"opened", "yes"}}, Value: float64(total.Connections.Opened)},
			{Labels: []Label{{"opened", "no"}}, Value: float64(total.Connections.Failed)},
		}},
		{Name: "rehearse_in_flight_requests", Help: "Requests sent and unanswered.", Kind: Gauge,
			Points: one(float64(last.InFlight.Requests))},
		{Name: "rehearse_target_events_per_second", Help: "Events a second that the scenario asks for.", Kind: Gauge,
			Points: one(last.Target)},
		{Name: "rehearse_latency_seconds", Help: "From due to done: what a customer would have felt.", Kind: Histogram,
			Points: times(total.Latency)},
		{Name: "rehearse_service_seconds", Help: "From sent to done: what the endpoint took.", Kind: Histogram,
			Points: times(total.Service)},
		{Name: "rehearse_lag_seconds", Help: "From due to sent.", Kind: Histogram, Points: times(total.Lag)},
	}
}

// mayBeStored counts the rejected events that may be stored all the same.
func mayBeStored(t *results.Tally) (events int64) {
	for kind, count := range t.Refusals {
		if kind.MayBeStored {
			events += count.Events
		}
	}
	return events
}

// refusals are the counts of what was not accepted, in the order of the reasons.
func refusals(t *results.Tally) []Point {
	counts := map[results.Refusal]int64{}
	for kind, count := range t.Refusals {
		kind.MayBeStored = false // one series, whatever is known
		counts[kind] += count.Requests
	}
	var points []Point
	for _, kind := range slices.SortedFunc(maps.Keys(counts), func(a, b results.Refusal) int {
		return cmp.Or(cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Status, b.Status))
	}) {
		points = append(points, Point{
			Labels: []Label{
				{"reason", kind.Reason.String()},
				{"side", kind.Reason.Side().String()},
				{"status", strconv.Itoa(kind.Status)},
			},
			Value: float64(counts[kind]),
		})
	}
	return points
}

// bounds are the upper ends of the buckets of classic histograms, in seconds.
var bounds = [...]float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60}

// Bounds returns the upper ends of the buckets of classic histograms, in seconds.
func Bounds() []float64 { return slices.Clone(bounds[:]) }

// Buckets returns how many durations fall into each bucket of Bounds, and at the
// end how many are longer.
func Buckets(h *results.Histogram) []uint64 {
	counts := make([]uint64, len(bounds)+1)
	i := 0
	for _, b := range h.Buckets() {
		for i < len(bounds) && b.Below.Seconds() > bounds[i]*1.001 { // a bucket of h is a thousandth wide
			i++
		}
		counts[i] += uint64(b.Count)
	}
	return counts
}

// Sum returns the sum of all durations, in seconds.
func Sum(h *results.Histogram) float64 { return h.Mean().Seconds() * float64(h.Count()) }
