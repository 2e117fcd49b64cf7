package generator

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rehearse/internal/units"
)

// steadily are 1,000 events, ten a second, of ids in turn; odd replaces some of the
// times.
func steadily(odd map[int]time.Time) (lines string) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range 1000 {
		at := start.Add(time.Duration(i) * 100 * time.Millisecond)
		if t, ok := odd[i]; ok {
			at = t
		}
		lines += fmt.Sprintf(`{"e":"a","d":"u-%d","t":%q}`+"\n", i%7, at.Format(time.RFC3339Nano))
	}
	return lines
}

// TestClocksAheadMoveNothing: events whose clocks are ahead are sent where they stand,
// and all others as if those were not there: nothing waits for them, and nothing is
// sent in a heap afterwards. They are told of with their place and time.
func TestClocksAheadMoveNothing(t *testing.T) {
	t.Parallel()
	at := func(seconds int) time.Time { return time.Date(2026, 1, 1, 0, 0, seconds, 0, time.UTC) }
	for name, c := range map[string]struct {
		odd  map[int]time.Time
		more string
		want string
	}{
		"one, by a minute":   {map[int]time.Time{300: at(90)}, "", "1 event has a clock ahead of what follows, by up to 1m0s (FILE:301: 2026-01-01T00:01:30Z)"},
		"the first":          {map[int]time.Time{0: at(60)}, "", "(FILE:1: 2026-01-01T00:01:00Z)"},
		"one of 2099":        {map[int]time.Time{500: time.Date(2099, 1, 1, 0, 0, 0, 0, time.UTC)}, "", "by up to 26663 days (FILE:501: 2099-01-01T00:00:00Z)"},
		"one of 2558":        {map[int]time.Time{500: time.Date(2558, 7, 3, 0, 0, 0, 0, time.UTC)}, "", "by up to more than 290 years (FILE:501: 2558-07-03T00:00:00Z)"},
		"several":            {map[int]time.Time{300: at(900), 301: at(800), 303: at(901), 640: at(700)}, "", "4 events have clocks ahead"},
		"one, put in order":  {map[int]time.Time{300: at(90)}, "reorder: 10s", "1 event has a clock ahead"},
		"one that is behind": {map[int]time.Time{300: at(0)}, "", ""},
	} {
		s := replayOf(t, "a", steadily(c.odd), "  order: none\n  "+c.more+"\nbatching: {events: 1}\n")
		source, plan, err := opened(s, Part{})
		if err != nil {
			t.Fatal(err)
		}
		got := strings.ReplaceAll(strings.Join(plan.Warnings, "\n"), s.Replay.Paths[0], "FILE")
		if !strings.Contains(got, c.want) || (c.want == "") == strings.Contains(got, "ahead of what") {
			t.Errorf("%s: %q", name, got)
		}
		b := newBatch()
		for i := range 1000 {
			b.reset()
			if err := source.Next(b); err != nil {
				t.Fatal(err)
			}
			want := time.Duration(i) * 100 * time.Millisecond
			if off := b.Due - want; off < -200*time.Millisecond || off > 200*time.Millisecond {
				t.Fatalf("%s: event %d is due at %v, want %v", name, i, b.Due, want)
			}
		}
		if plan.Peak > 12 {
			t.Errorf("%s: %v events in a second", name, plan.Peak)
		}
	}
}

// TestDisorderSaysWhatHelps: replay.reorder is named with what it has to be, and what
// comes newest first is told to be so.
func TestDisorderSaysWhatHelps(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	pairs := map[int]time.Time{}
	for i := 0; i < 1000; i += 2 { // neighbours in the wrong order
		pairs[i], pairs[i+1] = start.Add(time.Duration(i+1)*100*time.Millisecond), start.Add(time.Duration(i)*100*time.Millisecond)
	}
	lines := strings.SplitAfter(strings.TrimSpace(steadily(nil)), "\n")
	reversed := ""
	for _, line := range lines {
		reversed = strings.TrimSpace(line) + "\n" + reversed
	}
	for content, want := range map[string]string{
		steadily(pairs): "500 recorded lines are older than the one before, disorder of up to 100ms: replay.reorder: 1s puts them in order",
		reversed:        "the newest come first, and on the recorded clock all would be sent at once: sort the file by time, or set replay.reorder to 1m40s",
	} {
		_, plan, err := opened(replayOf(t, "a", content, ""), Part{})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(plan.Warnings, "\n"); !strings.Contains(got, want) {
			t.Errorf("%q is not in %q", want, got)
		}
	}
	_, plan, err := opened(replayOf(t, "a", reversed, "  reorder: 1m40s\nbatching: {events: 1}\n"), Part{})
	if err != nil {
		t.Fatal(err)
	}
	if plan.Span < 99*time.Second || plan.Peak > 11 {
		t.Errorf("put in order it lasts %s, with up to %v events/s", units.FormatSpan(plan.Span), plan.Peak)
	}
}
