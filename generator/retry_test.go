package generator

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/scenario"
	"rehearse/staging"
)

// loadV1 is six seconds of 1,000 events a second to v1, ten a request.
func loadV1(t *testing.T, compression, retry string) *scenario.Scenario {
	t.Helper()
	return parse(t, fmt.Sprintf(`name: test
load: {profile: "const(1000, 6s)"}
target: {endpoint: v1, compression: %s, connections: 16}
batching: {events: 10}
traffic: {seed: 3, properties: {bytes: {p50: 1, p99: 1}}}
retry: %s
`, compression, retry))
}

// TestV1Codings: whatever the coding, v1 takes every event, and the same ones.
func TestV1Codings(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("the codings differ in the compressor alone; other tests of v1 are raced")
	}
	sums := map[string]int{}
	for _, coding := range []string{"none", "gzip", "deflate", "br", "zstd"} {
		synctest.Test(t, func(t *testing.T) {
			r := stageRun{scenario: loadV1(t, coding, "none")}
			r.run(t)
			if got := r.balance(t)[capture.FateAccepted]; got != (results.Count{Requests: 600, Events: 6000}) || r.stats.Events.Accepted != 6000 {
				t.Errorf("%s: accepted %+v, the endpoint %+v", coding, got, r.stats.Events)
			}
			sums[r.stats.Checksum]++
		})
	}
	if len(sums) != 1 {
		t.Errorf("the checksums differ: %v", sums)
	}
}

// TestV1Verdicts: what v1 returns is rejected event by event, and not its batch.
func TestV1Verdicts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := stageRun{scenario: loadV1(t, "none", "none"), endpoint: staging.Config{NotPersisted: 0.02}}
		r.run(t)
		fates := r.balance(t)
		if fates[capture.FateRejected].Events != 120 || fates[capture.FateAccepted].Events != 5880 || r.stats.Events.Returned != 120 {
			t.Errorf("%+v, the endpoint %+v, want 2%% of 6,000 events rejected", fates, r.stats.Events)
		}
		// A lost event is one of ten of its batch, and they come evenly.
		if got := fates[capture.FateRejected].Requests; got != 120 {
			t.Errorf("%d requests rejected, want those with a lost event", got)
		}
		said := results.EventAnswer{Verdict: capture.VerdictRetry, Detail: capture.DetailNotPersisted}
		if r.total.Said[said] != 120 || r.total.Retries != 0 {
			t.Errorf("said %v, %d retries", r.total.Said, r.total.Retries)
		}
	})
}

// TestV1Retries: only the events that were returned are sent again, under their
// uuids, until they are in; the plan does not grow.
func TestV1Retries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		whole := stageRun{scenario: loadV1(t, "none", "none")}
		whole.run(t)
		r := stageRun{scenario: loadV1(t, "none", "sdk"), endpoint: staging.Config{NotPersisted: 0.1}}
		r.run(t)
		fates := r.balance(t)
		lost := fates[capture.FateRejected].Events
		if fates[capture.FateAccepted].Events != 6000-lost || r.stats.Events.Accepted != 6000-lost || lost > 20 {
			t.Errorf("%+v, the endpoint %+v; 4 attempts lose one in 10,000", fates, r.stats.Events)
		}
		if lost == 0 && r.stats.Checksum != whole.stats.Checksum {
			t.Error("other events than without a loss")
		}
		// What the endpoint returned was sent again, or given up.
		resent := r.total.Attempts[results.Refusal{Reason: capture.NotPersisted, Status: 200}]
		if resent.Events+lost != r.stats.Events.Returned || resent.Requests != r.total.Retries {
			t.Errorf("%+v sent again and %d lost, the endpoint returned %d", resent, lost, r.stats.Events.Returned)
		}
		if late := r.total.AllLate(); late.Requests != 0 {
			t.Errorf("%d requests of the plan were late", late.Requests)
		}
	})
}

// TestRetriesHideNothing: every refusal of the endpoint is in the books, as what
// a request came to or as an attempt that was made again.
func TestRetriesHideNothing(t *testing.T) {
	t.Parallel()
	for _, connections := range []int{1, 16} {
		synctest.Test(t, func(t *testing.T) {
			s := load(t, "const(100, 20s)", "") // 1,000 requests
			s.Target.Connections, s.Retry = connections, scenario.RetrySDK
			s.Batching.MinEvents, s.Batching.MaxEvents = 2, 2
			r := stageRun{scenario: s, endpoint: staging.Config{Reject: []staging.Rejection{{Status: 503, Share: 0.3}, {Status: 400, Share: 0.01}}, RetryAfter: 2 * time.Second}}
			r.run(t)
			fates := r.balance(t)
			var refused int64
			for _, row := range r.stats.Refusals {
				refused += row.Requests
			}
			again := r.total.Attempts[results.Refusal{Reason: capture.Unavailable, Status: 503, MayBeStored: true}]
			if fates[capture.FateRejected].Requests+again.Requests != refused || again.Requests == 0 || r.total.Retries != again.Requests {
				t.Errorf("%d connections: %d rejected and %d sent again, the endpoint refused %d", connections, fates[capture.FateRejected].Requests, again.Requests, refused)
			}
			if n := r.total.Refusals[results.Refusal{Reason: capture.BadRequest, Status: 400, MayBeStored: true}].Requests; n < 9 || r.total.Attempts[results.Refusal{Reason: capture.BadRequest, Status: 400, MayBeStored: true}].Requests != 0 {
				t.Errorf("%d times 400, which nobody sends again", n)
			}
			// 0.3 to the fourth of 1,000 requests, and the run waits for the last.
			if n := r.total.Refusals[results.Refusal{Reason: capture.Unavailable, Status: 503, MayBeStored: true}].Requests; n > 25 {
				t.Errorf("%d requests given up, want about 8", n)
			}
			if late := r.total.AllLate(); late.Requests != 0 || r.total.Settled < 19*time.Second {
				t.Errorf("%d requests of the plan were late; settled at %v", late.Requests, r.total.Settled)
			}
		})
	}
}

// TestRetryAfterIsWaitedFor: a request that was refused once comes again after
// what the endpoint asked for, not after the client's own 100 ms.
func TestRetryAfterIsWaitedFor(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := load(t, "const(10, 20s)", "")
		s.Retry = scenario.RetrySDK
		r := stageRun{scenario: s, endpoint: staging.Config{Reject: []staging.Rejection{{Status: 429, Share: 0.1}}, RetryAfter: 5 * time.Second}}
		r.run(t)
		r.balance(t)
		if r.total.Retries == 0 || r.total.Latency.Max() < 5*time.Second || r.total.Service.Max() > time.Second {
			t.Errorf("%d retries, latency up to %v, service up to %v", r.total.Retries, r.total.Latency.Max(), r.total.Service.Max())
		}
	})
}

// TestRetriesEnd: an endpoint that refuses everything and asks for an hour does
// not keep a run, nor does one that is stopped.
func TestRetriesEnd(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{0, 5 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s := load(t, "const(100, 20s)", "")
			s.Retry = scenario.RetrySDK
			r := stageRun{scenario: s, endpoint: staging.Config{Reject: []staging.Rejection{{Status: 503, Share: 1}}, RetryAfter: 4 * time.Second}}
			begin := time.Now()
			if after > 0 {
				soft, stop := context.WithCancel(t.Context())
				time.AfterFunc(after, stop)
				r.soft = soft
			}
			r.run(t)
			fates := r.balance(t)
			if fates[capture.FateAccepted].Requests != 0 || fates[capture.FateRejected].Requests == 0 {
				t.Errorf("%+v", fates)
			}
			var refused int64
			for _, row := range r.stats.Refusals {
				refused += row.Requests
			}
			if fates[capture.FateRejected].Requests+r.total.Retries != refused {
				t.Errorf("%d rejected, %d retries, the endpoint refused %d", fates[capture.FateRejected].Requests, r.total.Retries, refused)
			}
			if took := time.Since(begin) - time.Minute; took > 20*time.Second+Grace+time.Second || after > 0 && took > after+time.Second {
				t.Errorf("the run took %v", took)
			}
		})
	}
}

// TestWorse: a refused event makes its request refused.
func TestWorse(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ a, b, want capture.Reason }{
		{capture.Accepted, capture.Accepted, capture.Accepted},
		{capture.Accepted, capture.UnknownAnswer, capture.UnknownAnswer},
		{capture.UnknownAnswer, capture.Dropped, capture.Dropped},
		{capture.Dropped, capture.UnknownAnswer, capture.Dropped},
		{capture.Dropped, capture.NotPersisted, capture.Dropped},
	} {
		if got := worse(row.a, row.b); got != row.want {
			t.Errorf("%v and %v: %v, want %v", row.a, row.b, got, row.want)
		}
	}
}

// TestImporterAsksWhen: the importer sends again after 429 only if the endpoint
// says when, and then neither sooner nor later (posthog-rs retry.rs).
func TestImporterAsksWhen(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{0, 3 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			s := clientScenario(t, "importer")
			s.Retry = scenario.RetrySDK
			r := stageRun{scenario: s, endpoint: staging.Config{Reject: []staging.Rejection{{Status: 429, Share: 0.2}}, RetryAfter: after}}
			r.run(t)
			r.balance(t)
			again := r.total.Attempts[results.Refusal{Reason: capture.RateLimited, Status: 429}].Requests
			if (again > 0) != (after > 0) || after > 0 && r.total.Latency.Max() < after {
				t.Errorf("Retry-After %v: %d sent again, latency up to %v", after, again, r.total.Latency.Max())
			}
		})
	}
}
