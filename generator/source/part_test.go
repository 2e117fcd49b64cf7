package source

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"rehearse/generator/body"
	"rehearse/results"
)

// TestRestOfPartlyAcceptedBatches: whatever was accepted, the rest is exactly what
// was not.
func TestRestOfPartlyAcceptedBatches(t *testing.T) {
	t.Parallel()
	s := longReplay(t)
	accepted := []results.Range{{First: 5, Count: 7}, {First: 17, Count: 1}, {First: 12, Count: 3}, {First: 100, Count: 900}, {First: 1199, Count: 1}}
	source, plan, err := opened(s, Part{Resumes: &Resumption{Accepted: accepted}})
	if err != nil {
		t.Fatal(err)
	}
	got := map[int64]bool{}
	for b := new(body.Batch); source.Next(b) == nil; b.Reset() {
		for i := range b.Events {
			if _, _, _, properties := b.Recorded.At(i); len(properties) == 0 {
				t.Errorf("event %d has no properties", b.First+i)
			}
			got[b.First+i] = true
		}
		if len(got) <= 30 && b.Due != 0 && b.First == 0 {
			t.Errorf("the first of the rest is due at %v", b.Due)
		}
	}
	for i := range int64(1200) {
		done := i >= 5 && i < 15 || i == 17 || i >= 100 && i < 1000 || i == 1199
		if got[i] == done {
			t.Errorf("event %d: accepted before %v, sent again %v", i, done, got[i])
		}
	}
	if plan.Events != 1200-7-1-3-900-1 || plan.Whole.Events != 1200 {
		t.Errorf("%d events of %d", plan.Events, plan.Whole.Events)
	}
}

// TestResumeNeedsTheKey: other pseudonyms than before would be other persons.
func TestResumeNeedsTheKey(t *testing.T) {
	t.Parallel()
	s := longReplay(t)
	s.Replay.Pseudonymize = true
	if _, _, err := opened(s, Part{Resumes: &Resumption{Accepted: nil}}); err == nil || !strings.Contains(err.Error(), "replay.key") {
		t.Errorf("error is %v", err)
	}
}

// The shards together deal out the batches of the whole, each once, and every
// shard knows beforehand how much is its own.
func TestShards(t *testing.T) {
	t.Parallel()
	s := parse(t, "name: test\nload: {profile: 'line(0, 500, 10s)'}\nbatching: {events: {min: 3, max: 9}}\ntraffic: {seed: 3}\n")
	_, whole, err := opened(s, Part{})
	if err != nil {
		t.Fatal(err)
	}
	const of = 3
	seen := map[int64]int64{} // events by the first of the batch
	var events, requests int64
	for index := range of {
		source, plan, err := opened(s, Part{Index: index, Of: of})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := plan.Rate(5e9), whole.Rate(5e9)/of; got != want {
			t.Errorf("shard %d offers %v a second, want %v", index, got, want)
		}
		events, requests = events+plan.Events, requests+plan.Requests
		for b := new(body.Batch); ; {
			b.Reset()
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

// families is a recording of n persons, each with an anonymous id and an alias
// that merges join to the person's id, one event of each after the other.
func families(n int) string {
	var text strings.Builder
	at := 1767225600
	for step := range 4 {
		for i := range n {
			at++
			switch step {
			case 0, 3:
				fmt.Fprintf(&text, `{"e":"view-%d","d":"anon-%d","t":%d}`+"\n", step, i, at)
			case 1:
				fmt.Fprintf(&text, `{"e":"$identify","d":"user-%d","t":%d,"properties":{"$anon_distinct_id":"anon-%d"}}`+"\n", i, at, i)
			case 2:
				fmt.Fprintf(&text, `{"e":"$create_alias","d":"user-%d","t":%d,"properties":{"alias":"alias-%d"}}`+"\n", i, at, i)
			}
		}
	}
	return text.String()
}

// Of a replay that keeps the order of each id, a shard sends all events of an id
// and of its kin, in their order, and the shards together send each event once.
func TestShardsOfAnOrderedReplay(t *testing.T) {
	t.Parallel()
	const n, of, connections = 60, 3, 7
	s := replayOf(t, "a", families(n), "target: {connections: 7, compression: none}\nbatching: {events: 4}\n")
	single, _, err := opened(s, Part{})
	if err != nil {
		t.Fatal(err)
	}
	laneOfBatch := map[int64]int{} // of one machine, by the first event
	for b := new(body.Batch); single.Next(b) == nil; b.Reset() {
		laneOfBatch[b.First] = b.Lane
	}
	shardOf, numbers, order := map[string]int{}, map[int64]bool{}, map[string][]string{}
	for index := range of {
		source, plan, err := opened(s, Part{Index: index, Of: of})
		if err != nil {
			t.Fatal(err)
		}
		if plan.Lanes != (connections+of-1-index)/of || !plan.Ordered || !plan.Sharded {
			t.Errorf("plan %+v", plan)
		}
		w := body.NewBuilder(s, time.Unix(1767225600, 0))
		laneOf := map[string]int{}
		for b := new(body.Batch); ; {
			b.Reset()
			err := source.Next(b)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			plan.Events -= b.Events
			if lane, same := laneOfBatch[b.First]; !same || lane != b.Lane*of+index {
				t.Errorf("event %d leaves on lane %d of shard %d, and on %d of one machine", b.First, b.Lane, index, lane)
			}
			source.Build(b, w)
			for i, e := range decoded(t, b) {
				_, family, _ := strings.Cut(e.DistinctID, "-")
				if other, known := shardOf[family]; known && other != index {
					t.Errorf("family %s is on shards %d and %d", family, other, index)
				}
				if lane, known := laneOf[family]; known && lane != b.Lane || b.Lane >= connections {
					t.Errorf("family %s is on lanes %d and %d", family, lane, b.Lane)
				}
				if numbers[b.First+int64(i)] {
					t.Errorf("event %d comes twice", b.First+int64(i))
				}
				shardOf[family], laneOf[family], numbers[b.First+int64(i)] = index, b.Lane, true
				order[family] = append(order[family], e.Event)
			}
		}
		if plan.Events != 0 {
			t.Errorf("shard %d is off its plan by %d events", index, plan.Events)
		}
	}
	if len(numbers) != 4*n || len(order) != n {
		t.Errorf("%d events of %d families, want %d of %d", len(numbers), len(order), 4*n, n)
	}
	for family, events := range order {
		if got := strings.Join(events, " "); got != "view-0 $identify $create_alias view-3" {
			t.Errorf("family %s: %s", family, got)
		}
	}
	used := map[int]int{}
	for _, shard := range shardOf {
		used[shard]++
	}
	if len(used) != of || used[0] < n/10 { // 20 of 60 on average
		t.Errorf("families by shard: %v", used)
	}
}

// What cannot be shared without breaking a promise is refused, with what to do.
func TestShardRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		more string
		of   int
		want string
	}{
		{"  order: file\n", 2, "cannot share a replay that keeps the order of its file among several machines: set replay.order to per-id or none"},
		{"  pseudonymize: true\n", 2, "cannot share the replay: each machine would make up other pseudonyms (set replay.key in the scenario"},
		{"", 65, "cannot share the load among 65 machines: target.connections is 64, and is that of the whole run"},
	} {
		_, _, err := opened(replayOf(t, "a", families(2), c.more), Part{Index: 0, Of: c.of})
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q: error %v, want %q", c.more, err, c.want)
		}
	}
}
