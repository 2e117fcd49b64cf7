// Package runtest makes up runs for the tests of the packages that know results.
package runtest

import (
	"math/rand/v2"
	"testing"
	"time"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/scenario"
)

// SampleOutcome is request i of a run whose requests carry 10 events, are due every
// millisecond, leave at once and take 5 ms.
func Outcome(i int, reason capture.Reason, status int) results.Outcome {
	due := time.Duration(i) * time.Millisecond
	return results.Outcome{
		First: int64(i) * 10, Events: 10,
		Due: due, Sent: due, Done: due + 5*time.Millisecond,
		Reason: reason, Status: status,
		BodyBytes: 1000, WireBytes: 300,
	}
}

// SampleReason spreads reasons over requests: 1 in 7 is refused with 429, 1 in 11 of
// the others times out, 1 in 13 of the rest never leaves.
func Reason(i int) (capture.Reason, int) {
	switch {
	case i%7 == 0:
		return capture.RateLimited, 429
	case i%11 == 0:
		return capture.AnswerTimeout, 0
	case i%13 == 0:
		return capture.NoFreeConnection, 0
	}
	return capture.Accepted, 200
}

// SampleAccept is a SampleReason without refusals.
func Accept(int) (capture.Reason, int) { return capture.Accepted, 200 }

// SampleConnect is that of request i: one in a hundred opens a connection, every
// second of them encrypted, and one in a thousand finds none.
func Connect(i int) results.ConnectAttempt {
	switch {
	case i%1000 == 999:
		return results.ConnectAttempt{Tried: true}
	case i%100 == 99:
		return results.ConnectAttempt{
			Tried:       true,
			Open:        true,
			Unsolicited: int64(i % 200 / 199),
			Encrypted:   i%200 == 199,
			Established: 2 * time.Millisecond,
			TLS:         time.Duration(i) * time.Millisecond,
		}
	}
	return results.ConnectAttempt{}
}

// SampleManifest is that of a run of n requests by outcome.
func Manifest(n int) results.Manifest {
	return results.Manifest{
		RunID: "20261201T090000Z-acme", Scenario: "acme-import", Seed: 42,
		StartedAt:    time.Date(2026, 12, 1, 10, 0, 0, 250_123_457, time.FixedZone("", 3600)),
		Target:       "http://127.0.0.1:8010/batch/",
		Planned:      results.Planned{Events: int64(n) * 10, Requests: int64(n), PeakEvents: 10_000},
		ScenarioYAML: []byte("name: acme-import\n"),
		Thresholds: []scenario.Threshold{
			{Text: "p99 < 500ms", Metric: scenario.Metric{Name: "latency", Quantile: 0.99}, Op: "<", Value: 500},
			{Text: "rejected < 0.1%", Metric: scenario.Metric{Name: "rejected"}, Op: "<", Value: 0.001, Share: true},
		},
	}
}

// SampleSecond is the tally of one second: n requests of which bad were answered 429,
// all in so many milliseconds.
func Second(n, bad int, took time.Duration) *results.Tally {
	t := results.NewTally()
	for i := range n {
		o := Outcome(i, capture.Accepted, 200)
		if i < bad {
			o.Reason, o.Status = capture.RateLimited, 429
		}
		o.Done = o.Due + took
		t.Record(&o)
	}
	return t
}

// SampleThresholds are thresholds as a scenario has them.
func Thresholds(t *testing.T, texts []string) (all []scenario.Threshold) {
	t.Helper()
	for _, text := range texts {
		threshold, err := scenario.ParseThreshold(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, threshold)
	}
	return all
}

// SampleWantLedger makes sure that the ledger has each event of n requests once, with
// its fate.
func WantLedger(t *testing.T, ledger []results.Range, n int) {
	t.Helper()
	ranges, err := results.Disjoint(ledger)
	if err != nil {
		t.Fatal(err)
	}
	var end int64
	for _, r := range ranges {
		if r.First != end {
			t.Fatalf("the ledger jumps from event %d to %d", end, r.First)
		}
		for event := r.First; event < r.End(); event += 10 {
			if reason, _ := Reason(int(event / 10)); reason.Fate() != r.Fate {
				t.Fatalf("event %d has fate %d, want %d", event, r.Fate, reason.Fate())
			}
		}
		end = r.End()
	}
	if end != int64(n)*10 {
		t.Errorf("the ledger ends at event %d, want %d", end, n*10)
	}
}

// SampleFeed writes the intervals of a run of n requests, a thousand an interval, each
// with a service time of its own.
func Feed(t testing.TB, n int, reasonOf func(int) (capture.Reason, int), write func(*results.Interval) error) {
	t.Helper()
	r := results.NewRecorder(4)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range n {
		reason, status := reasonOf(i)
		o := Outcome(i, reason, status)
		o.Sent += time.Duration(random.IntN(300)) * time.Microsecond
		o.Done = o.Sent + time.Duration(random.ExpFloat64()*float64(8*time.Millisecond))
		o.Connect = Connect(i)
		if status == 429 {
			o.Answer = []byte("{\"error\":\"slow down\x1b[31m\"}\n")
		}
		r.Sender(i % 4).Record(&o)
		if i%1000 == 999 || i == n-1 {
			iv := r.Tick(time.Duration(i+1)*time.Millisecond, results.Count{Requests: 2, Events: 20})
			iv.Target = 10_000
			if err := write(iv); err != nil {
				t.Fatal(err)
			}
		}
	}
}
