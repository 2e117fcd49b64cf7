package generator

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestEarlyMergesAreSeen: the pipeline behind the endpoint finds as many events
// that came after the merge of their id as the scenario sent merges too early,
// and none where it sent none. Visits of one event make it one event a merge.
func TestEarlyMergesAreSeen(t *testing.T) {
	t.Parallel()
	for _, faults := range []string{"", "\n  faults: {merges_out_of_order: 5%}"} {
		synctest.Test(t, func(t *testing.T) {
			s := parse(t, `
name: early
load: {profile: "const(1000, 5s)"}
target: {connections: 1, compression: none}
traffic:
  seed: 5
  properties: {bytes: {p50: 1, p99: 1}}
  events: {tick: 80, $identify: 18, $create_alias: 2}`+faults)
			shape, err := Measure(s, time.Unix(0, 0), 0, 5000)
			if err != nil {
				t.Fatal(err)
			}
			want := int64(0)
			for _, f := range shape.Faults {
				want += int64(f.Measured)
			}
			if (faults != "") != (want > 0) {
				t.Fatalf("%d merges are early, with faults %q", want, faults)
			}
			r := stageRun{scenario: s}
			r.run(t)
			got := r.stats.Pipeline
			if got.Order.AfterMerge != want || got.Merges.Illegal+got.Merges.Identified > 0 {
				t.Errorf("%d events came after the merge of their id, want %d; %+v", got.Order.AfterMerge, want, got.Merges)
			}
		})
	}
}
