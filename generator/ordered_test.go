package generator

import (
	"bytes"
	"context"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"rehearse/generator/source"
	"rehearse/generator/transport"
	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/scenario"
	"rehearse/staging"
)

// written notes which batch each request carries, by the first uuid in it.
type written struct {
	mu    sync.Mutex
	first []string
}

// over looks at what passes over the connections of a dial.
func (w *written) over(dial transport.DialFunc) transport.DialFunc {
	return func(ctx context.Context, addr string) (net.Conn, error) {
		c, err := dial(ctx, addr)
		return &watched{c, w}, err
	}
}

// watched is a connection that is looked at.
type watched struct {
	net.Conn
	all *written
}

// Write notes the first uuid.
func (c *watched) Write(p []byte) (int, error) {
	if _, after, found := bytes.Cut(p, []byte(`"uuid":"`)); found {
		c.all.mu.Lock()
		c.all.first = append(c.all.first, string(after[:36]))
		c.all.mu.Unlock()
	}
	return c.Conn.Write(p)
}

// orderedRun is a run that lets no request overtake another, to an endpoint that is
// down for half a second.
func orderedRun(t *testing.T, soft context.Context) (r *stageRun, seen *written) {
	t.Helper()
	s := load(t, "const(100, 5s)", "") // 50 requests, 100 ms apart
	s.Retry = scenario.RetrySDK
	seen = &written{}
	r = &stageRun{scenario: s, soft: soft, over: seen.over, endpoint: staging.Config{Script: []staging.Phase{
		{From: time.Second, To: 1500 * ms, Reject: []staging.Rejection{{Status: 503, Share: 1}}},
	}}}
	var err error
	if r.source, r.plan, err = opened(s, source.Part{}); err != nil {
		t.Fatal(err)
	}
	r.plan.Ordered = true
	return r, seen
}

// TestOrderedRetry: where nothing may overtake, a request that is refused for now is sent
// again until it is taken, and no other in between.
func TestOrderedRetry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, seen := orderedRun(t, nil)
		r.run(t)
		if got := r.balance(t)[capture.FateAccepted].Requests; got != 50 {
			t.Errorf("%d of 50 requests were accepted", got)
		}
		known, again := map[string]bool{}, 0
		for i, first := range seen.first {
			switch {
			case i > 0 && first == seen.first[i-1]:
				again++
			case known[first]:
				t.Fatalf("request %d was sent again after others: %q", i, first)
			}
			known[first] = true
		}
		if len(known) != 50 || again == 0 || int64(again) != r.total.Retries {
			t.Errorf("%d requests, %d sent again, %d in the books", len(known), again, r.total.Retries)
		}
		// What waited behind it waited for the endpoint.
		if own := r.total.Late[results.LatePace].Requests + r.total.Late[results.LateBuild].Requests; own > 0 || r.total.Late[results.NoConnection].Requests == 0 {
			t.Errorf("late %v", r.total.Late)
		}
	})
}

// TestOrderedRetryEnds: the end of a run does not wait until the request that waits to
// be sent again has done so: it stays refused, and what stood behind it never leaves.
func TestOrderedRetryEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		soft, end := context.WithTimeout(t.Context(), 1200*ms) // it was refused at 1 s and would be sent again seconds later
		defer end()
		r, seen := orderedRun(t, soft)
		r.run(t)
		fates := r.balance(t)
		last := r.total.Refusals[results.Refusal{Reason: capture.Unavailable, Status: 503, MayBeStored: true}].Requests
		if last != 1 || fates[capture.FateRejected].Requests != 1 || fates[capture.FateUnsent].Requests != 50-fates[capture.FateAccepted].Requests-1 || !r.summary.Interrupted {
			t.Errorf("%+v, %v", fates, r.total.Refusals)
		}
		if n := len(seen.first); int64(n) != fates[capture.FateAccepted].Requests+1+r.total.Retries {
			t.Errorf("%d requests on the wire, %+v", n, fates)
		}
	})
}
