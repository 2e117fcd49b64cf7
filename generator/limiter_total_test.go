package generator

import (
	"testing"
	"testing/synctest"

	"rehearse/internal/capture"
	"rehearse/staging"
)

// TestTotal: what is sent again counts for the bound of a run, and never at the cost
// of what is planned.
func TestTotal(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		total, sent, withheld int64
	}{
		{200, 200, 20}, // the plan alone: each request once
		{230, 230, 20}, // three requests of ten may be sent again
		{800, 800, 0},  // all of them three times
	} {
		synctest.Test(t, func(t *testing.T) {
			s := parse(t, "name: a\nload: {profile: 'const(100, 2s)'}\ntarget: {connections: 1, compression: none}\nbatching: {events: 10}\nretry: sdk\ntraffic: {}\n")
			arrived := int64(0) // over one connection: it needs no lock
			r := stageRun{scenario: s, limit: Limit{Events: 1000, Total: c.total}, endpoint: staging.Config{
				Reject:  []staging.Rejection{{Status: 503, Share: 1}},
				Observe: func(*capture.Request, int) { arrived += 10 },
			}}
			r.run(t)
			if fates := r.balance(t); fates[capture.FateRejected].Events != 200 {
				t.Errorf("%+v", fates)
			}
			if arrived != c.sent || r.summary.Withheld != c.withheld {
				t.Errorf("at most %d: %d events were sent, and %d requests withheld, want %d and %d", c.total, arrived, r.summary.Withheld, c.sent, c.withheld)
			}
		})
	}
}
