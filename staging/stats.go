package staging

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"rehearse/internal/capture"
	"rehearse/staging/stats"
)

// What the endpoint has counted since it was made, and its parts, by the names that
// they have here: package stats is the file of it, which others read.
type (
	Stats        = stats.Endpoint
	RequestCount = stats.RequestCount
	RefusalCount = stats.RefusalCount
	EventCounts  = stats.EventCounts
	ByteCounts   = stats.ByteCounts
	NameCount    = stats.NameCount
	VerdictCount = stats.VerdictCount
)

// Schema returns the JSON Schema (draft 2020-12) of Stats.
func Schema() []byte { return stats.Schema() }

// sums gathers the shards while Stats is made.
type sums struct {
	answers  map[answer]int64
	verdicts map[verdict]int64
	byName   [maxNames + 1]int64
	checksum uint64
}

// Stats returns what has been counted so far. Requests that are being counted
// meanwhile may be in it or not, and may be in one number and not yet in
// another.
func (s *Server) Stats() Stats {
	stats := Stats{Format: stats.Format}
	total := sums{answers: make(map[answer]int64), verdicts: make(map[verdict]int64)}
	for i := range s.shards {
		s.shards[i].addTo(&total, &stats)
	}
	stats.Requests = requestCounts(total.answers)
	stats.Refusals = refusalCounts(s.refusals.all())
	for _, r := range stats.Refusals {
		stats.Events.Refused += r.Events
	}
	stats.Names = nameCounts(s.names.all(), &total.byName)
	addVerdicts(&stats, total.verdicts)
	stats.Pipeline = s.pipeline.Stats()
	stats.OtherNames = total.byName[0]
	stats.Checksum = fmt.Sprintf("%016x", total.checksum)
	return stats
}

func (c *counts) addTo(total *sums, stats *Stats) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for a, n := range c.answers {
		total.answers[a] += n
	}
	for v, n := range c.verdicts {
		total.verdicts[v] += n
	}
	for number, n := range c.byName {
		total.byName[number] += n
	}
	stats.Events.Accepted += c.accepted
	stats.Events.Filtered += c.filtered
	stats.Events.Lost += c.lost
	stats.Events.Stored += c.stored
	total.byName[0] += c.unnamed
	stats.Bytes.Wire += c.wire
	stats.Bytes.Plain += c.plain
	total.checksum += c.checksum
}

// addVerdicts lists what v1 said, and counts what it did not take.
func addVerdicts(s *Stats, verdicts map[verdict]int64) {
	s.Verdicts = make([]VerdictCount, 0, len(verdicts))
	for v, n := range verdicts {
		s.Verdicts = append(s.Verdicts, VerdictCount{Result: v.verdict.String(), Detail: v.detail.String(), Events: n})
		switch v.verdict {
		case capture.VerdictDrop:
			s.Events.Dropped += n
		case capture.VerdictRetry:
			s.Events.Returned += n
		}
	}
	slices.SortFunc(s.Verdicts, func(a, b VerdictCount) int {
		return cmp.Or(strings.Compare(a.Result, b.Result), strings.Compare(a.Detail, b.Detail))
	})
}

func requestCounts(answers map[answer]int64) []RequestCount {
	list := make([]RequestCount, 0, len(answers))
	for a, n := range answers {
		list = append(list, RequestCount{Route: a.route.String(), Status: a.status, Requests: n})
	}
	slices.SortFunc(list, func(a, b RequestCount) int {
		return cmp.Or(strings.Compare(a.Route, b.Route), cmp.Compare(a.Status, b.Status))
	})
	return list
}

func refusalCounts(refusals map[refusal]tally) []RefusalCount {
	list := make([]RefusalCount, 0, len(refusals))
	for r, t := range refusals {
		list = append(list, RefusalCount{Status: r.status, Text: r.text, Requests: t.requests, Events: t.events})
	}
	slices.SortFunc(list, func(a, b RefusalCount) int {
		return cmp.Or(cmp.Compare(a.Status, b.Status), strings.Compare(a.Text, b.Text))
	})
	return list
}

func nameCounts(numbers map[string]int, byName *[maxNames + 1]int64) []NameCount {
	list := make([]NameCount, 0, len(numbers))
	for _, name := range slices.Sorted(maps.Keys(numbers)) {
		if n := byName[numbers[name]]; n > 0 {
			list = append(list, NameCount{Name: name, Events: n})
		}
	}
	return list
}

// metricsText returns the counts in the text format of Prometheus. Those that the
// capture service has go by its names (hog-rs prometheus.rs, sinks/kafka.rs), so
// that its dashboards show them.
func metricsText(s *Stats) string {
	var b strings.Builder
	e, p := &s.Events, &s.Pipeline
	received := e.Accepted + e.Refused + e.Filtered + e.Dropped + e.Returned + e.Lost
	family(&b, "capture_events_received_total", "events in requests", sample{"", received})
	family(&b, "capture_events_ingested_total", "events that reached a lane", sample{"", e.Accepted - p.OverQuota})
	family(&b, "capture_events_dropped_total", "events that did not, by cause",
		sample{`{cause="over_quota"}`, p.OverQuota}, sample{`{cause="refused"}`, e.Refused},
		sample{`{cause="filtered"}`, e.Filtered},
		sample{`{cause="dropped"}`, e.Dropped}, sample{`{cause="not_persisted"}`, e.Returned},
		sample{`{cause="lost"}`, e.Lost})
	family(&b, "capture_events_rerouted_overflow", "events of the main lane that were rerouted, by reason",
		sample{`{reason="rate_limited"}`, p.Overflow.Bucket}, sample{`{reason="force_limited"}`, p.Overflow.Forced},
		sample{`{reason="global_rate_limit"}`, p.Overflow.Global})
	var requests, lanes []sample
	for _, r := range s.Requests {
		requests = append(requests, sample{fmt.Sprintf(`{route=%q,status="%d"}`, r.Route, r.Status), r.Requests})
	}
	family(&b, "rehearse_requests_total", "requests by route and status, 0 for a reset", requests...)
	for _, lane := range p.Lanes {
		for i, n := range lane.Partitions {
			lanes = append(lanes, sample{fmt.Sprintf(`{lane=%q,partition="%d"}`, lane.Lane, i), n})
		}
	}
	family(&b, "rehearse_partition_events_total", "events by lane and partition", lanes...)
	family(&b, "rehearse_order_violations_total", "events whose order is lost, by kind",
		sample{`{kind="backwards"}`, p.Order.Backwards}, sample{`{kind="unkeyed"}`, p.Order.Unkeyed},
		sample{`{kind="rerouted"}`, p.Order.Rerouted},
		sample{`{kind="after_merge"}`, p.Order.AfterMerge}, sample{`{kind="merge_overtook"}`, p.Merges.Overtook})
	family(&b, "rehearse_merges_refused_total", "merges that a real pipeline refuses, by reason",
		sample{`{reason="illegal"}`, p.Merges.Illegal}, sample{`{reason="identified"}`, p.Merges.Identified})
	return b.String()
}

// sample is one series of a family: its labels and its value.
type sample struct {
	labels string
	value  int64
}

// family writes a counter with all its series.
func family(b *strings.Builder, name, help string, samples ...sample) {
	fmt.Fprintf(b, "# HELP %s %s\n# TYPE %[1]s counter\n", name, help)
	for _, s := range samples {
		fmt.Fprintf(b, "%s%s %d\n", name, s.labels, s.value)
	}
}
