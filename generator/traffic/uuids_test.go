package traffic

import (
	"fmt"
	"testing"
	"time"

	"rehearse/internal/capture"
	"rehearse/internal/rng"
	"rehearse/scenario"
)

// indexed loads a scenario with every kind of event that has a uuid of its own, or
// of another.
func indexed(t testing.TB, events int, seed uint64) *Model {
	t.Helper()
	text := fmt.Sprintf(`name: index
load: {profile: 'const(%d, 10s)'}
traffic:
  seed: %d
  distinct_ids: {count: 5k}
  events: {$pageview: 10, $identify: 2, $create_alias: 1}
  faults: {duplicates: 2%%, copies: 1%%}
`, events/10, seed)
	s, err := scenario.Parse("index.yaml", []byte(text), scenario.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return New(s.Traffic, s.Load.Curve)
}

// TestIndex: the uuid of every event tells its number, or that of the event which
// was sent first under it.
func TestIndex(t *testing.T) {
	t.Parallel()
	const events = 40_000
	m := indexed(t, events, 7)
	x := m.UUIDs()
	var e capture.Event
	p := Writer{Due: func(int64) time.Duration { return 0 }}
	resent := 0
	for i := range int64(events) {
		m.Write(&e, i, &p)
		want := i
		if p.Fault == "duplicate" {
			want = m.Original(i, &p)
			resent++
			if want >= i || want/BlockEvents != i/BlockEvents {
				t.Fatalf("event %d repeats event %d", i, want)
			}
		} else if o := m.Original(i, &p); o != i {
			t.Fatalf("event %d repeats none, and %d is its original", i, o)
		}
		if got, found := x.Index(e.UUID); !found || got != want {
			t.Fatalf("event %d with %v is found as %d, %t; want %d", i, e.UUID, got, found, want)
		}
	}
	if resent != events/50 || !m.Resends() {
		t.Errorf("%d events were sent again, want %d", resent, events/50)
	}
}

// TestIndexOfOthers: no uuid of another run, or of nobody, is taken for one of ours.
func TestIndexOfOthers(t *testing.T) {
	t.Parallel()
	x, other := indexed(t, 40_000, 7).UUIDs(), indexed(t, 40_000, 8).UUIDs()
	s := rng.NewStream(1, 1)
	for i := range int64(200_000) {
		var u capture.UUID
		if u.SetWords(drawUUID(&s)); i < 40_000 {
			u = other.Of(i)
		}
		if got, found := x.Index(u); found {
			t.Fatalf("%v is taken for event %d", u, got)
		}
	}
	if got, found := x.Index(x.Of(40_000)); found { // the event behind the last
		t.Errorf("event 40000 of 40000 is found as %d", got)
	}
	v7 := x.Of(3)
	v7[6] = 7<<4 | v7[6]&15
	if _, found := x.Index(v7); found {
		t.Error("a uuid of version 7 is found")
	}
}

// TestUUIDsStay: the uuids of a run are a format, because verify asks for the events
// of a run that was sent by an earlier version.
func TestUUIDsStay(t *testing.T) {
	t.Parallel()
	x := indexed(t, 40_000, 42).UUIDs()
	for i, want := range map[int64]string{0: "b1f2ffc9-7b44-4517-af93-c6769ea6f733", 1: "16490919-ee64-4e7a-83d2-1b85bf484316", 39_999: "4429512c-04ff-4009-979c-a9206c318036"} {
		if got := x.Of(i).String(); got != want {
			t.Errorf("event %d has %s, want %s", i, got, want)
		}
	}
}

func BenchmarkIndex(b *testing.B) {
	x := indexed(b, 40_000, 7).UUIDs()
	for _, which := range []string{"ours", "others"} {
		b.Run(which, func(b *testing.B) {
			var some [1024]capture.UUID
			s := rng.NewStream(1, 1)
			for i := range some {
				if some[i].SetWords(drawUUID(&s)); which == "ours" {
					some[i] = x.Of(int64(i) * 37)
				}
			}
			for i := 0; b.Loop(); i++ {
				x.Index(some[i%len(some)])
			}
		})
	}
}
