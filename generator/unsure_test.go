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

// TestRefusedAfterUnsure: a request whose connection broke after it was read may
// have arrived, whatever is said of it when it is sent again. The refusals of the
// endpoint are in the books all the same.
func TestRefusedAfterUnsure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := load(t, "const(500, 1s)", "")
		s.Retry = scenario.RetrySDK
		r := stageRun{scenario: s, endpoint: staging.Config{Script: []staging.Phase{
			{To: time.Second, Reset: 1},
			{From: time.Second, To: time.Hour, Reject: []staging.Rejection{{Status: 400, Share: 1}}},
		}}}
		r.run(t)
		fates := r.balance(t)
		if fates[capture.FateAmbiguous] != (results.Count{Requests: r.plan.Requests, Events: r.plan.Events}) {
			t.Errorf("%+v: %+v, want all of them ambiguous", fates, r.total.Refusals)
		}
		var refused int64
		for _, row := range r.stats.Refusals {
			if row.Status == 400 {
				refused += row.Requests
			}
		}
		met := r.total.Attempts[results.Refusal{Reason: capture.BadRequest, Status: 400, MayBeStored: true}].Requests
		if met != refused || met == 0 || r.total.Retries+r.plan.Requests != attempts(&r.stats) {
			t.Errorf("%d times 400 met, the endpoint said it %d times; %d retries of %d requests, it saw %d",
				met, refused, r.total.Retries, r.plan.Requests, attempts(&r.stats))
		}
	})
}

// TestNotPersistedAfterUnsure: nor is an event certain not to have arrived of which
// v1 says so when it comes for the second time. The endpoint's word is kept.
func TestNotPersistedAfterUnsure(t *testing.T) {
	t.Parallel()
	for name, last := range map[string]staging.Phase{
		"to the end":     {From: time.Second, To: time.Hour, NotPersisted: 1},
		"for some":       {From: time.Second, To: time.Hour, NotPersisted: 0.5},
		"then a refusal": {From: time.Second, To: 3 * time.Second, NotPersisted: 0.5},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := stageRun{scenario: loadV1(t, "none", "sdk"), endpoint: staging.Config{Script: []staging.Phase{
				{To: time.Second, Reset: 1}, last,
				{From: 3 * time.Second, To: time.Hour, Reject: []staging.Rejection{{Status: 400, Share: 1}}},
			}}}
			r.scenario.Load = load(t, "const(500, 1s)", "").Load
			r.run(t)
			fates := r.balance(t)
			if fates[capture.FateRejected] != (results.Count{}) || fates[capture.FateAmbiguous].Events != r.plan.Events-r.stats.Events.Accepted {
				t.Errorf("%s: %+v (%v), the endpoint took %d: all others may have arrived", name, fates, r.total.Refusals, r.stats.Events.Accepted)
			}
			if r.total.Attempts[results.Refusal{Reason: capture.NotPersisted, Status: 200}].Events == 0 {
				t.Errorf("%s: %v do not tell what was met on the way", name, r.total.Attempts)
			}
		})
	}
}

// attempts counts what came to the endpoint.
func attempts(s *staging.Stats) (n int64) {
	for _, row := range s.Requests {
		n += row.Requests
	}
	return n
}

// TestBusySenderIsNoFault: what leaves late because its sender was busy with the
// first part of a batch, or with what was sent again, waited for the endpoint and
// not for the generator.
func TestBusySenderIsNoFault(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name, more string
		endpoint   staging.Config
		busy       int64 // 0: some
	}{
		// Ten events of 200 bytes are two requests: twenty batches, of which the second part waits 200 ms.
		{"parts", "batching: {events: 10, bytes: 1500}\n", staging.Config{Delay: 200 * time.Millisecond}, 20},
		{"repeats", "batching: {events: 10}\nretry: sdk\n", staging.Config{
			Delay: 300 * time.Millisecond, Reject: []staging.Rejection{{Status: 503, Share: 0.3}}}, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := parse(t, "name: test\nload: {profile: 'const(20, 10s)'}\ntarget: {connections: 1, compression: none}\n"+
				row.more+"traffic: {properties: {bytes: {p50: 1, p99: 1}}}\n")
			r := stageRun{scenario: s, endpoint: row.endpoint}
			r.run(t)
			r.balance(t)
			busy, own := r.total.Late[results.NoConnection].Requests, r.total.Late[results.LatePace].Requests
			if own != 0 || busy == 0 || row.busy > 0 && busy != row.busy {
				t.Errorf("%s: %d late by our own fault and %d for want of a connection, want 0 and %d", row.name, own, busy, row.busy)
			}
		})
	}
}
