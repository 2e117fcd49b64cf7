package generator

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"rehearse/generator/body"
	"rehearse/generator/source"
	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/scenario"
	"rehearse/staging"
)

// sink counts how often each event was sent on to Kafka, by its uuid.
type sink struct {
	mu    sync.Mutex
	times map[string]int
}

func (k *sink) take(m *staging.Message) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.times == nil {
		k.times = map[string]int{}
	}
	k.times[m.UUID]++
}

// uuids are those of the events of a synthesized run, by their number.
func uuids(s *scenario.Scenario) []string {
	y, plan := source.NewSynth(s)
	w := body.NewBuilder(s, time.Now())
	w.Traffic.Start, w.Traffic.Due = w.Origin, func(int64) time.Duration { return 0 } // says nothing of uuids
	all := make([]string, plan.Events)
	for i := range all {
		y.Model().Write(&w.Event, int64(i), &w.Traffic)
		all[i] = w.Event.UUID.String()
	}
	return all
}

// booked is a run whose endpoint tells what it stored.
func booked(t *testing.T, s *scenario.Scenario, c staging.Config) (*stageRun, *sink) {
	t.Helper()
	k := &sink{}
	c.Produced = k.take
	r := &stageRun{scenario: s, endpoint: c}
	r.run(t)
	r.balance(t)
	k.mu.Lock()
	defer k.mu.Unlock()
	return r, &sink{times: maps.Clone(k.times)}
}

// testingT is a test, or one of its draws.
type testingT interface {
	Helper()
	Errorf(format string, args ...any)
}

// wantTrue holds the books against what was stored: an accepted event is there, one
// that was refused for certain is not, and no more are there twice than may be.
func wantTrue(t testingT, what string, r *stageRun, k *sink) {
	t.Helper()
	all := uuids(r.scenario)
	twice := int64(0)
	for _, l := range r.ledger {
		for i := l.First; i < l.First+l.Count; i++ {
			n := k.times[all[i]]
			switch {
			case l.Fate == capture.FateAccepted && n == 0:
				t.Errorf("%s: event %d was accepted and is not there", what, i)
			case (l.Fate == capture.FateRejected || l.Fate == capture.FateUnsent) && n > 0:
				t.Errorf("%s: event %d has fate %d and is there", what, i, l.Fate)
			}
			if n > 1 {
				twice++
			}
		}
	}
	if twice > r.total.Twice {
		t.Errorf("%s: %d events are there twice, and %d may be", what, twice, r.total.Twice)
	}
}

// TestBooksSayWhatIsStored: whatever an endpoint does to requests, and however often
// they are sent again, the books claim no more of an event than is true of it.
func TestBooksSayWhatIsStored(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("what happens at the same time here does in other tests as well")
	}
	doubtful, twice, bubbles := int64(0), int64(0), t
	rapid.Check(t, func(t *rapid.T) {
		s := drawnScenario(t)
		c := staging.Config{Script: []staging.Phase{drawnPhase(t, 0, 2*time.Second), drawnPhase(t, 2*time.Second, 4*time.Second), drawnPhase(t, 4*time.Second, 6*time.Second)}}
		if s.Target.Endpoint != scenario.EndpointV1 && rapid.Bool().Draw(t, "2024") {
			c.Generation = capture.Generation2024
		}
		var r *stageRun
		var k *sink
		synctest.Test(bubbles, func(t *testing.T) { r, k = booked(t, s, c) })
		wantTrue(t, "", r, k)
		for kind, count := range r.total.Refusals {
			if kind.MayBeStored {
				doubtful += count.Events
			}
		}
		twice += r.total.Twice
	})
	if doubtful == 0 || twice == 0 {
		t.Errorf("%d events in doubt, %d maybe twice: nothing was shown", doubtful, twice)
	}
}

// drawnScenario is six seconds of load, some of it wrong.
func drawnScenario(t *rapid.T) *scenario.Scenario {
	text := fmt.Sprintf(`name: test
load: {profile: "const(40, 6s)"}
target: {%s, compression: none, connections: %d, timeout: 1s}
batching: {events: %d, bytes: 9MB}
traffic: {seed: %d, properties: {bytes: {p50: 1, p99: 1}}, faults: {invalid: {%s}}}
retry: %s
`, rapid.SampledFrom([]string{"endpoint: batch", "endpoint: v1", "client: posthog-node"}).Draw(t, "target"), rapid.SampledFrom([]int{1, 4}).Draw(t, "connections"),
		rapid.IntRange(2, 8).Draw(t, "events"), rapid.IntRange(1, 99).Draw(t, "seed"),
		rapid.SampledFrom([]string{"no_distinct_id: 0%", "no_distinct_id: 3%", "over_size: 1%"}).Draw(t, "invalid"),
		rapid.SampledFrom([]string{"none", "sdk", "sdk"}).Draw(t, "retry"))
	s, err := scenario.Parse("test.yaml", []byte(text), scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// drawnPhase is an endpoint in trouble, or not.
func drawnPhase(t *rapid.T, from, to time.Duration) staging.Phase {
	p := staging.Phase{From: from, To: to}
	share := func(what string) float64 { return rapid.SampledFrom([]float64{0, 0, 0.2, 0.4}).Draw(t, what) }
	switch rapid.IntRange(0, 5).Draw(t, "trouble") {
	case 0:
		p.Reject = []staging.Rejection{{Status: 503, Share: share("503") + 0.1}, {Status: rapid.SampledFrom([]int{400, 401, 413, 429, 500}).Draw(t, "other"), Share: share("share")}}
		p.Stored = rapid.SampledFrom([]float64{0, 0.5, 1}).Draw(t, "stored")
	case 1:
		p.Truncate, p.Reset = share("truncate"), share("reset")
	case 2:
		p.Delay = staging.Delay{Max: 1800 * time.Millisecond} // of a client that waits a second
	case 3:
		p.NotPersisted, p.ResetBefore = share("not persisted"), share("reset before")
	case 4:
		p.Stall = true
	}
	return p
}

// TestPrefixOfRefusedBatches: of batches with one event that is too large the events
// before it are stored, and the books say of all of them that they may be; of events
// that travel alone they are sure.
func TestPrefixOfRefusedBatches(t *testing.T) {
	t.Parallel()
	for _, g := range []capture.Generation{capture.Current, capture.Generation2024} {
		for _, events := range []int{1, 50} {
			synctest.Test(t, func(t *testing.T) {
				s := parse(t, fmt.Sprintf("name: test\nload: {profile: 'const(450, 1s)'}\ntarget: {connections: 4, compression: none}\n"+
					"batching: {events: %d, bytes: 18MB}\ntraffic: {seed: 3, faults: {invalid: {over_size: 2%%}}}\n", events))
				r, k := booked(t, s, staging.Config{Generation: g})
				wantTrue(t, fmt.Sprint(g, events), r, k)
				var certain, doubtful int64
				for kind, count := range r.total.Refusals {
					if kind.MayBeStored {
						doubtful += count.Events
					} else {
						certain += count.Events
					}
				}
				stored := r.stats.Events.Stored
				if events == 1 && (doubtful != 0 || stored != 0 || certain != 9) || events == 50 && (certain != 0 || stored == 0 || doubtful <= stored) {
					t.Errorf("%v, %d a request: %d refused for certain, %d in doubt, the endpoint stored %d", g, events, certain, doubtful, stored)
				}
				if r.total.ExpectedRefused != certain+doubtful {
					t.Errorf("%v, %d a request: %d were expected to be refused, and %d were", g, events, r.total.ExpectedRefused, certain+doubtful)
				}
			})
		}
	}
}

// TestStoredTwice: what timed out and was sent again stands there twice, and is told
// so; what was refused before it was looked at is not.
func TestStoredTwice(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		phase staging.Phase
		all   bool // everything was sent twice
	}{
		{"silence", staging.Phase{To: 2 * time.Second, Delay: staging.Delay{Min: 4 * time.Second, Max: 4 * time.Second}}, true},
		{"half a batch", staging.Phase{To: 500 * time.Millisecond, Reject: []staging.Rejection{{Status: 503, Share: 1}}, Stored: 0.5}, true},
		{"too many requests", staging.Phase{To: 500 * time.Millisecond, Reject: []staging.Rejection{{Status: 429, Share: 1}}}, false},
	} {
		synctest.Test(t, func(t *testing.T) {
			s := parse(t, "name: test\nload: {profile: 'const(400, 400ms)'}\ntarget: {connections: 16, compression: none, timeout: 2s}\nbatching: {events: 10}\ntraffic: {seed: 3}\nretry: sdk\n")
			r, k := booked(t, s, staging.Config{Script: []staging.Phase{c.phase}})
			wantTrue(t, c.name, r, k)
			if accepted := r.total.Fates[capture.FateAccepted].Events; accepted != 160 {
				t.Errorf("%s: %d accepted: %v", c.name, accepted, r.total.Refusals)
			}
			if want := int64(160); c.all && r.total.Twice != want || !c.all && r.total.Twice != 0 {
				t.Errorf("%s: %d events may be there twice", c.name, r.total.Twice)
			}
		})
	}
}

// TestDoubtOfEarlierAttempts: a refusal that is certain does not take back what an
// attempt before may have stored.
func TestDoubtOfEarlierAttempts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := parse(t, "name: test\nload: {profile: 'const(1000, 100ms)'}\ntarget: {connections: 4, compression: none}\nbatching: {events: 10}\ntraffic: {seed: 3}\nretry: sdk\n")
		r, k := booked(t, s, staging.Config{Script: []staging.Phase{
			{To: 250 * time.Millisecond, Reject: []staging.Rejection{{Status: 503, Share: 1}}, Stored: 1},
			{From: 250 * time.Millisecond, To: time.Hour, Reject: []staging.Rejection{{Status: 401, Share: 1}}},
		}})
		wantTrue(t, "401 after 503", r, k)
		kind := results.Refusal{Reason: capture.Unauthorized, Status: 401, MayBeStored: true}
		if got := r.total.Refusals[kind]; got != (results.Count{Requests: 10, Events: 100}) || r.total.Twice == 0 {
			t.Errorf("%v, %d twice, want all of them refused with 401 and in doubt, and some sent twice before", r.total.Refusals, r.total.Twice)
		}
	})
}

// TestExpectedRefusals: what is wrong on purpose, or recorded and known to be refused,
// is not expected to be accepted: all of its request in v0, itself in v1.
func TestExpectedRefusals(t *testing.T) {
	t.Parallel()
	const traffic = "traffic: {seed: 3, faults: {invalid: {no_distinct_id: 1%, illegal_id: 2%, long_name: 1%, bad_timestamp: 1%}}}\n"
	for target, each := range map[string]int64{"endpoint: capture": 1, "endpoint: batch": 10, "endpoint: v1": 1} {
		synctest.Test(t, func(t *testing.T) {
			events := 10
			if strings.Contains(target, "capture") {
				events = 1
			}
			s := parse(t, fmt.Sprintf("name: test\nload: {profile: 'const(200, 10s)'}\ntarget: {%s, compression: none}\nbatching: {events: %d}\n", target, events)+traffic)
			r, k := booked(t, s, staging.Config{})
			wantTrue(t, target, r, k)
			refused := r.total.Fates[capture.FateRejected].Events
			want := 20 * each // 1 % of 2,000, with its batch
			if strings.Contains(target, "v1") {
				want = 40 // long names, too
			}
			if r.total.ExpectedRefused != refused || refused > want || refused < want/2 {
				t.Errorf("%s: %d expected to be refused, %d were, want about %d", target, r.total.ExpectedRefused, refused, want)
			}
		})
	}
}
