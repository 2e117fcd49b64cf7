package generator

import (
	"bytes"
	"context"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"rehearse/capture"
	"rehearse/results"
	"rehearse/scenario"
	"rehearse/staging"
)

// uniform is ten seconds of 100 events a second that weigh about 200 bytes each,
// sent as a client does.
func uniform(t *testing.T, target string) *scenario.Scenario {
	t.Helper()
	s := parse(t, "name: test\nload: {profile: 'const(100, 10s)'}\ntarget: {compression: none, "+target+"}\ntraffic: {properties: {bytes: {p50: 1, p99: 1}}}\n")
	s.Retry = scenario.RetrySDK
	return s
}

// TestHalving: posthog-node sends what was too large again at once with half as
// many events, and goes on so: 20 are refused, then 10, then 5, and then come ten
// times 2, as the real one does it. What is in is in once, and in its order.
func TestHalving(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := uniform(t, "client: posthog-node, connections: 1")
		whole := stageRun{scenario: s}
		whole.run(t)
		var said []int
		r := stageRun{scenario: s, endpoint: staging.Config{
			MaxBody: 800, // two events fit, five do not
			Observe: func(_ *capture.Request, status int) { said = append(said, status) },
		}}
		r.run(t)
		fates := r.balance(t)
		// const(100, 10s) is 1,000 events, 50 batches of 20, each of which takes 3 attempts and 10 requests.
		if got := fates[capture.FateAccepted]; got != (results.Count{Requests: 500, Events: 1000}) {
			t.Errorf("accepted %+v: %+v", got, r.total.Refusals)
		}
		again := r.total.Attempts[results.Refusal{Reason: capture.PayloadTooLarge, Status: 413}]
		if again != (results.Count{Requests: 150, Events: 50 * (20 + 10 + 5)}) || r.total.Retries != 150 {
			t.Errorf("%+v sent again in %d", again, r.total.Retries)
		}
		if want := []int{413, 413, 413, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 413}; len(said) != 650 || !slices.Equal(said[:len(want)], want) {
			t.Errorf("%d requests: %v", len(said), said[:min(len(said), 14)])
		}
		if r.stats.Checksum != whole.stats.Checksum {
			t.Error("other events than those of a run without a limit")
		}
		if late := r.total.AllLate(); late.Requests != 0 {
			t.Errorf("%d requests late: parts leave when the whole did", late.Requests)
		}
	})
}

// TestHalvingEnds: an event that is too large by itself is refused, by itself; the
// parts are sent again after a 503 like any request; others do not halve.
func TestHalvingEnds(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		client            string
		endpoint          staging.Config
		accepted, refused results.Count
	}{
		{"posthog-node", staging.Config{MaxBody: 50}, results.Count{}, results.Count{Requests: 1000, Events: 1000}},
		{"posthog-node", staging.Config{MaxBody: 3000, Reject: []staging.Rejection{{Status: 503, Share: 0.1}}}, results.Count{Requests: 100, Events: 1000}, results.Count{}},
		{"posthog-go", staging.Config{MaxBody: 3000}, results.Count{}, results.Count{Requests: 10, Events: 1000}},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := uniform(t, "client: "+row.client+", connections: 4")
			r := stageRun{scenario: s, endpoint: row.endpoint}
			r.run(t)
			fates := r.balance(t)
			if fates[capture.FateAccepted] != row.accepted || fates[capture.FateRejected] != row.refused {
				t.Errorf("%s, %+v: %+v, %+v", row.client, row.endpoint, fates, r.total.Refusals)
			}
		})
	}
}

// counting is a connection that notes how many events each request holds.
type counting struct {
	net.Conn
	note func(events int64)
}

func (c counting) Write(p []byte) (int, error) {
	if bytes.HasPrefix(p, []byte("POST ")) {
		c.note(int64(bytes.Count(p, []byte(`"distinct_id"`))))
	}
	return c.Conn.Write(p)
}

// TestHalvingUnderACap: the parts of a batch that was too large, and the whole that
// was refused, keep to a permit's cap like any request.
func TestHalvingUnderACap(t *testing.T) {
	t.Parallel()
	for _, connections := range []string{"connections: 1", "connections: 6"} {
		synctest.Test(t, func(t *testing.T) {
			var mu sync.Mutex
			var left []departure
			begin := time.Now()
			r := stageRun{
				scenario: uniform(t, "client: posthog-node, "+connections), endpoint: staging.Config{MaxBody: 800}, limit: Limit{Events: 120},
				over: func(dial dialFunc) dialFunc {
					return func(ctx context.Context, addr string) (net.Conn, error) {
						c, err := dial(ctx, addr)
						return counting{c, func(events int64) {
							mu.Lock()
							defer mu.Unlock()
							left = append(left, departure{time.Since(begin), events})
						}}, err
					}
				},
			}
			r.run(t)
			r.balance(t)
			// A batch of 20 leaves as 20, 10, 5 and ten times 2, 55 events in all: 120 a second hold two of them.
			if e, _ := most(left); e > 120 || e < 100 {
				t.Errorf("%s: %d events in the fullest second, the cap is 120", connections, e)
			}
		})
	}
}

// TestHalvingBreaksOff: a batch of which a later part cannot be cut out is in the
// books all the same, as what it was: too large.
func TestHalvingBreaksOff(t *testing.T) {
	t.Parallel()
	z, coding := newCompressor(scenario.CompressionGzip)
	recorder := results.NewRecorder(1)
	r := &retries{ending: t.Context(), split: new(atomic.Int64), zip: z, coding: coding}
	s := &sender{retries: r, pacer: &Pacer{start: time.Now()}, shard: recorder.Shard(0), timer: stoppedTimer(), wire: newWire(t.Context(), &Destination{
		URL: parseURL(t, "http://endpoint"), UserAgent: "test", Timeout: time.Minute,
		Dial: func(context.Context, string) (net.Conn, error) {
			return &canned{answer: []byte("HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n" + capture.AnswerOk)}, nil
		},
	})}
	defer s.wire.close()
	b := newBatch()
	b.First, b.Events, b.Path = 7, 5, "/batch/"
	b.Body = compress(z, nil, []byte(`{"batch":[{},{},{},{},{}]}`))
	part := r.stretch(b, 0, 2)
	b.Body = b.Body[:8] // nothing more comes out of it
	s.out = results.Outcome{First: 7, Events: 5, Reason: capture.PayloadTooLarge, Status: 413}
	s.shrink(b, part)
	total := recorder.Tick(time.Second, results.Count{}).Total
	refused := total.Refusals[results.Refusal{Reason: capture.PayloadTooLarge, Status: 413}]
	if total.Fates[capture.FateAccepted] != (results.Count{Requests: 1, Events: 2}) || refused != (results.Count{Requests: 1, Events: 3}) || r.split.Load() != 1 {
		t.Errorf("%+v, %+v, %d requests more", total.Fates, total.Refusals, r.split.Load())
	}
}
