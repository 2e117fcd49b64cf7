package generator

import (
	"errors"
	"io"
	"testing"
)

// The shards together deal out the batches of the whole, each once, and every
// shard knows beforehand how much is its own.
func TestShards(t *testing.T) {
	t.Parallel()
	s := parse(t, "name: test\nload: {profile: 'line(0, 500, 10s)'}\nbatching: {events: {min: 3, max: 9}}\ntraffic: {seed: 3}\n")
	_, whole, err := Open(s)
	if err != nil {
		t.Fatal(err)
	}
	const of = 3
	seen := map[int64]int64{} // events by the first of the batch
	var events, requests int64
	for index := range of {
		source, plan, err := OpenShard(s, index, of)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := plan.Rate(5e9), whole.Rate(5e9)/of; got != want {
			t.Errorf("shard %d offers %v a second, want %v", index, got, want)
		}
		events, requests = events+plan.Events, requests+plan.Requests
		for b := newBatch(); ; {
			b.reset()
			err := source.Next(b)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if _, twice := seen[b.First]; twice {
				t.Fatalf("the batch of event %d comes twice", b.First)
			}
			seen[b.First] = b.Events
			plan.Events -= b.Events
			plan.Requests--
		}
		if plan.Events != 0 || plan.Requests != 0 {
			t.Errorf("shard %d is off its plan by %d events in %d requests", index, plan.Events, plan.Requests)
		}
	}
	if events != whole.Events || requests != whole.Requests {
		t.Errorf("%d events in %d requests, want %d in %d", events, requests, whole.Events, whole.Requests)
	}
	for next := int64(0); next < whole.Events; next += seen[next] {
		if seen[next] == 0 {
			t.Fatalf("no batch begins with event %d", next)
		}
	}
}
