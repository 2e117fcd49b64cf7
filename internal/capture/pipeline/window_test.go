package pipeline

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// perMinute is the rule of a limit of so many events a minute.
func perMinute(events int64) rule { return (&GlobalLimit{}).rule(events) }

// TestWindowLags: 20 events a second against a limit of 600 a minute. The count
// reaches the limit at 30 s, and the node finds out at 31 s:
//
//	 1 s  first look, due since event 6 (1 % of the limit): 20. Little: the next after 60 s, or 15 s once it is half full
//	16 s  20 − 10·15 < 0, and 300 pending: half full, the look is due, and taken at
//	17 s  340 were counted. From here the level is 340 + (20 − 10)·(t − 17), and the event itself
//	30.9 s  480, 0.8 of the limit, after more than 7.5 s: due, and taken at
//	31 s  620 were counted: over the limit
func TestWindowLags(t *testing.T) {
	t.Parallel()
	var w window
	const epoch = int64(1_800_000_000) * int64(time.Second) // where a minute begins
	looks, first := []int64(nil), -1
	for i := range 1000 {
		now := epoch + int64(i)*int64(time.Second)/20
		before := w.looked
		over := w.take(1, perMinute(600), now) > 0
		if w.looked != before {
			looks = append(looks, (w.looked-epoch)/int64(time.Second))
		}
		if over && first < 0 {
			first = i
		}
	}
	if len(looks) < 3 || looks[0] != 1 || looks[1] != 17 || looks[2] != 31 {
		t.Errorf("looked at %v s, want 1, 17, 31", looks)
	}
	if first != 620 {
		t.Errorf("over the limit from event %d on, want 620", first)
	}
}

// TestWindowBurst: what comes at once needs no look: the event that fills the
// window is over the limit. Two quiet minutes later all is forgotten.
func TestWindowBurst(t *testing.T) {
	t.Parallel()
	var w window
	const start = int64(1_800_000_000)*int64(time.Second) + 1
	for i := range 120 {
		if over := w.take(1, perMinute(100), start) > 0; over != (i >= 99) {
			t.Fatalf("event %d: over is %v", i+1, over)
		}
	}
	if w.take(1, perMinute(100), start+int64(2*time.Minute)) > 0 {
		t.Error("still over the limit after two minutes")
	}
}

// TestWindowBounds: an id is never over the limit before it had that many events
// in the last two minutes, and always is when it has sent the limit's number since
// the last look.
func TestWindowBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.Int64Range(1, 300).Draw(t, "limit")
		gaps := rapid.SliceOfN(rapid.Int64Range(0, int64(3*time.Second)), 1, 800).Draw(t, "gaps")
		var w window
		var sent []int64
		now := int64(1_800_000_000) * int64(time.Second)
		for _, gap := range gaps {
			now += gap
			sent = append(sent, now)
			over := w.take(1, perMinute(limit), now) > 0
			recent := int64(0)
			for _, at := range sent {
				if now-at < int64(2*time.Minute+4*lookEvery)+lookTick {
					recent++
				}
			}
			if over && recent < limit {
				t.Fatalf("over %d after %d events", limit, recent)
			}
			if !over && w.pending >= limit {
				t.Fatalf("%d pending are not over %d", w.pending, limit)
			}
		}
	})
}
