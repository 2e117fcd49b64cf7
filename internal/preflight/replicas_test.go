package preflight_test

import (
	"strings"
	"testing"
)

// TestReplicas: a bucket of 100/s on each replica that has a connection. Of 1,000/s
// an id with half has 500/s, which is 400/s over one bucket and 100/s over four; it
// has 7,500 events in 15 s.
func TestReplicas(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	const four = "limits: {replicas: 4, overflow: {rate: 100/s, burst: 1}, per_minute: off}"
	for _, row := range []struct {
		name     string
		set      []string
		overflow float64
		range_   string // what the note says; empty: there is none
	}{
		{"spread over all", nil, 1500, "for 4 replicas"},                              // 15 s · (500 − 400)
		{"two connections", []string{"target.connections=2"}, 4500, "for 2 replicas"}, // 15 s · (500 − 200)
		{"one connection", []string{"target.connections=1"}, 6000, ""},                // 15 s · (500 − 100)
		{"a connection each", []string{"target.connections=1", "target.keep_alive=false"}, 1500, "for 4 replicas"},
		{"the historical lane", []string{"target.historical_migration=true"}, 0, ""},
	} {
		set := append([]string{"load.profile=const(1000, 15s)", "traffic.tokens=[{token: phc_replicas, weight: 1}]",
			"traffic.distinct_ids={count: 10k, skew: 0, hot: [{id: bot, share: 50%}]}", "batching.events=1", "target.compression=none"}, row.set...)
		s := parse(t, told, set...)
		said := foretell(t, s, facts(t, four))
		near(t, row.name+": said", float64(said.Plan.Overflow), row.overflow, 0.01)
		if row.set != nil && row.overflow > 1500 { // of less, the share that chance has makes more
			seen := count(t, s, facts(t, four))
			near(t, row.name+": counted", float64(seen.Plan.Overflow), row.overflow, 0.05)
			if f := find(seen, "replicas"); (f == nil) != (row.range_ == "") {
				t.Errorf("%s: counted: %+v", row.name, f)
			}
		}
		f := find(said, "replicas")
		if (f == nil) != (row.range_ == "") || f != nil && (!strings.Contains(f.Message, row.range_) || !strings.Contains(f.Message, "all connections, 5,99") && !strings.Contains(f.Message, "all connections, 6,00")) {
			t.Errorf("%s: %+v", row.name, f)
		}
	}
}
