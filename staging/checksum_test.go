package staging

import (
	"testing"

	"rehearse/internal/capture"

	"pgregory.net/rapid"
)

// sum is the checksum of several events.
func sum(events []capture.Received) (sum uint64) {
	for i := range events {
		sum += Checksum(&events[i])
	}
	return sum
}

func received(i int) capture.Received {
	e := eventOf(i)
	return capture.Received{UUID: e.UUID, Event: e.Name, DistinctID: e.DistinctID, Properties: e.Properties}
}

// TestChecksumIgnoresOrder: any order in any batches gives the same sum.
func TestChecksumIgnoresOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var events []capture.Received
		for i := range rapid.IntRange(0, 20).Draw(t, "n") {
			events = append(events, received(i))
		}
		want := sum(events)
		mixed := rapid.Permutation(events).Draw(t, "order")
		at := rapid.IntRange(0, len(mixed)).Draw(t, "cut")
		if got := sum(mixed[:at]) + sum(mixed[at:]); got != want {
			t.Fatalf("got %x, want %x", got, want)
		}
	})
}

func TestChecksumSeesChanges(t *testing.T) {
	t.Parallel()
	base := received(1)
	change := func(f func(*capture.Received)) []capture.Received {
		e := base
		f(&e)
		return []capture.Received{e}
	}
	want := sum([]capture.Received{base})
	for name, events := range map[string][]capture.Received{
		"lost":        {},
		"twice":       {base, base},
		"uuid":        change(func(e *capture.Received) { e.UUID[3]++ }),
		"name":        change(func(e *capture.Received) { e.Event = []byte("other") }),
		"distinct_id": change(func(e *capture.Received) { e.DistinctID = []byte("other") }),
		"properties":  change(func(e *capture.Received) { e.Properties = []byte("{}") }),
		"a border between fields": change(func(e *capture.Received) {
			e.Event, e.DistinctID = append(e.Event[:len(e.Event):len(e.Event)], e.DistinctID[0]), e.DistinctID[1:]
		}),
	} {
		if sum(events) == want {
			t.Errorf("%s: the same sum", name)
		}
	}
	if got := sum(change(func(e *capture.Received) { e.Timestamp = []byte("2025-01-01") })); got != want {
		t.Error("timestamp: another sum")
	}
}
