package staging

import (
	"fmt"
	"strings"
)

// metrics returns the counts in the text format of Prometheus. Those that the
// capture service has go by its names (hog-rs prometheus.rs, sinks/kafka.rs), so
// that its dashboards show them.
func (s *Stats) metrics() string {
	var b strings.Builder
	e, p := &s.Events, &s.Pipeline
	received := e.Accepted + e.Refused + e.Filtered + e.Dropped + e.Returned + e.Lost
	family(&b, "capture_events_received_total", "events in requests", sample{"", received})
	family(&b, "capture_events_ingested_total", "events that reached a lane", sample{"", e.Accepted - p.OverQuota})
	family(&b, "capture_events_dropped_total", "events that did not, by cause",
		sample{`{cause="over_quota"}`, p.OverQuota}, sample{`{cause="refused"}`, e.Refused}, sample{`{cause="filtered"}`, e.Filtered},
		sample{`{cause="dropped"}`, e.Dropped}, sample{`{cause="not_persisted"}`, e.Returned}, sample{`{cause="lost"}`, e.Lost})
	family(&b, "capture_events_rerouted_overflow", "events of the main lane that were rerouted, by reason",
		sample{`{reason="rate_limited"}`, p.Overflow.Bucket}, sample{`{reason="force_limited"}`, p.Overflow.Forced}, sample{`{reason="global_rate_limit"}`, p.Overflow.Global})
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
		sample{`{kind="backwards"}`, p.Order.Backwards}, sample{`{kind="unkeyed"}`, p.Order.Unkeyed}, sample{`{kind="rerouted"}`, p.Order.Rerouted},
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
