package generator

import (
	"testing"
	"testing/synctest"
	"time"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/scenario"
	"rehearse/staging"
)

// TestScriptedPhases: the rejections in the books are those that the script
// sent, amplified or not; and what was answered 200 and dropped is the
// difference between the books of the two sides.
func TestScriptedPhases(t *testing.T) {
	t.Parallel()
	for _, retry := range []scenario.Retry{scenario.RetryNone, scenario.RetrySDK} {
		synctest.Test(t, func(t *testing.T) {
			s := load(t, "const(200, 10s)", "") // 1,000 requests
			s.Batching.MinEvents, s.Batching.MaxEvents = 2, 2
			s.Retry = retry
			r := stageRun{scenario: s, endpoint: staging.Config{Script: []staging.Phase{
				{From: 2 * time.Second, To: 4 * time.Second, Reject: []staging.Rejection{{Status: 503, Share: 0.3}, {Status: 429, Share: 0.1}}, RetryAfter: time.Second},
				{From: 6 * time.Second, To: 7 * time.Second, Drop: 0.2},
				{From: 8 * time.Second, To: 9 * time.Second, Truncate: 0.1},
			}}}
			r.run(t)
			fates := r.balance(t)
			for _, status := range []int{429, 503} {
				kind := results.Refusal{Reason: capture.OfStatus(status), Status: status, MayBeStored: status == 503}
				booked, sent := r.total.Refusals[kind].Requests+r.total.Attempts[kind].Requests, int64(0)
				for _, row := range r.stats.Refusals {
					if row.Status == status {
						sent += row.Requests
					}
				}
				if booked != sent || sent == 0 {
					t.Errorf("retry %s: %d times %d in the books, the endpoint sent %d", retry, booked, status, sent)
				}
			}
			lost := r.stats.Events.Lost
			broken := fates[capture.FateAmbiguous].Events
			if retry == scenario.RetryNone && (lost == 0 || broken == 0 || fates[capture.FateAccepted].Events+broken != r.stats.Events.Accepted+lost) {
				t.Errorf("accepted %d, unknown %d; the endpoint took %d and lost %d", fates[capture.FateAccepted].Events, broken, r.stats.Events.Accepted, lost)
			}
			if retry == scenario.RetrySDK && (r.total.Retries == 0 || fates[capture.FateAccepted].Events < 1998) {
				t.Errorf("%d retries, accepted %d: %+v", r.total.Retries, fates[capture.FateAccepted].Events, r.total.Refusals)
			}
		})
	}
}
