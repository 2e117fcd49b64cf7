package otlp

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"

	"rehearse/results"
)

// bounds are the upper ends of the buckets, in seconds: those of the live page.
var bounds = [...]float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60}

// fates are the names of capture.Fate, in its order.
var fates = [...]string{"unsent", "accepted", "rejected", "ambiguous"}

// metricsOf are the metrics of a run up to the end of an interval.
func metricsOf(iv *results.Interval, start time.Time) []metric {
	t := iv.Total
	at := span{nanoseconds(start), nanoseconds(start.Add(iv.To))}
	count := func(n int64, attributes ...attribute) point { return point{at, attributes, &n, nil} }
	level := func(x float64) *gauge { return &gauge{[]point{{at, nil, nil, &x}}} }
	total := func(points []point) *sum { return &sum{points, cumulative, true} }
	var requests, events []point
	for fate, name := range fates {
		is := attribute{"fate", textValue{name}}
		requests = append(requests, count(t.Fates[fate].Requests, is))
		events = append(events, count(t.Fates[fate].Events, is))
	}
	all := []metric{
		{Name: "rehearse.requests", Description: "Requests that came to their end, by what became of them.", Sum: total(requests)},
		{Name: "rehearse.events", Description: "Events that came to their end, by what became of them.", Sum: total(events)},
		{Name: "rehearse.late", Description: "Requests that left late.", Sum: total([]point{count(t.AllLate().Requests)})},
		{Name: "rehearse.in_flight_requests", Description: "Requests sent and unanswered.", Gauge: level(float64(iv.InFlight.Requests))},
		{Name: "rehearse.target_events_per_second", Description: "Events a second that the scenario asks for.", Gauge: level(iv.Target)},
		{Name: "rehearse.latency", Unit: "s", Description: "From due to done: what a customer would have felt.", Histogram: distribution(t.Latency, at)},
		{Name: "rehearse.service", Unit: "s", Description: "From sent to done: what the endpoint took.", Histogram: distribution(t.Service, at)},
		{Name: "rehearse.lag", Unit: "s", Description: "From due to sent.", Histogram: distribution(t.Lag, at)},
	}
	if refused := refusals(t, count); len(refused) > 0 {
		all = append(all, metric{Name: "rehearse.not_accepted", Description: "Requests that were not accepted, by reason.", Sum: total(refused)})
	}
	return all
}

// refusals are the counts of what was not accepted, in the order of the reasons.
func refusals(t *results.Tally, count func(int64, ...attribute) point) []point {
	var points []point
	for _, kind := range slices.SortedFunc(maps.Keys(t.Refusals), func(a, b results.Refusal) int {
		return cmp.Or(cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Status, b.Status))
	}) {
		points = append(points, count(t.Refusals[kind].Requests,
			attribute{"reason", textValue{kind.Reason.String()}}, attribute{"side", textValue{kind.Reason.Side().String()}},
			attribute{"status", textValue{strconv.Itoa(kind.Status)}}))
	}
	return points
}

// distribution is a histogram with the buckets of bounds and one above them.
func distribution(h *results.Histogram, at span) *histogram {
	counts := make([]tally, len(bounds)+1)
	i := 0
	for _, b := range h.Buckets() {
		for i < len(bounds) && b.Below.Seconds() > bounds[i]*1.001 { // a bucket is a thousandth wide
			i++
		}
		counts[i] += tally(b.Count)
	}
	return &histogram{[]bars{{
		span: at, Count: uint64(h.Count()), Sum: h.Mean().Seconds() * float64(h.Count()),
		Counts: counts, Bounds: bounds[:], Max: h.Max().Seconds(),
	}}, cumulative}
}

func nanoseconds(t time.Time) uint64 { return uint64(max(t.UnixNano(), 0)) }
