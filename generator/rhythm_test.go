package generator

import (
	"testing"
	"time"
)

// TestRhythm: due times by recorded ones, with pauses cut, disorder, another pass, and
// clocks that are centuries wrong.
func TestRhythm(t *testing.T) {
	t.Parallel()
	start := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	far := time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name   string
		rhythm rhythm
		times  []time.Time
		want   []time.Duration
	}{
		{"twice as fast", rhythm{speed: 2}, []time.Time{at(0), at(3), at(10)}, []time.Duration{0, 1500 * time.Millisecond, 5 * time.Second}},
		{"nothing before what was", rhythm{speed: 1}, []time.Time{at(5), at(9), at(2), at(10)}, []time.Duration{0, 4 * time.Second, 4 * time.Second, 5 * time.Second}},
		{"pauses of a second at most", rhythm{speed: 1, maxGap: time.Second}, []time.Time{at(0), at(100), at(50), at(101), at(900)},
			[]time.Duration{0, time.Second, time.Second, 2 * time.Second, 3 * time.Second}},
		// Two pauses that no Duration holds: a second each.
		{"centuries cut", rhythm{speed: 1, maxGap: time.Second}, []time.Time{time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC), at(0), far}, []time.Duration{0, time.Second, 2 * time.Second}},
		{"centuries", rhythm{speed: 1}, []time.Time{at(0), far, far.Add(time.Hour)}, []time.Duration{0, farthest, farthest}},
		{"slower than that", rhythm{speed: 0.001}, []time.Time{at(0), far}, []time.Duration{0, farthest}},
	} {
		for i, recorded := range c.times {
			if due, ok := c.rhythm.due(recorded, 1, false); due != c.want[i] || !ok {
				t.Errorf("%s: event %d is due at %v, want %v", c.name, i, due, c.want[i])
			}
		}
	}
	r := rhythm{speed: 1}
	r.due(at(0), 1, false)
	r.due(at(10), 1, false)
	r.again() // ten seconds, and ten more: the distance between two events
	if due, _ := r.due(at(0), 1, false); due != 20*time.Second {
		t.Errorf("the second pass begins at %v, want 20s", due)
	}
}
