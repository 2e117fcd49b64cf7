package source

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"rehearse/generator/body"
	"rehearse/internal/recording/event"
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
		b := new(body.Batch)
		for i := range 1000 {
			b.Reset()
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

// TestFollow: the place in the recording is that of what is due, however far ahead
// the batches were dealt out, over two passes of a loop.
func TestFollow(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range 100 {
		fmt.Fprintf(&text, `{"e":"a","d":"user-1","t":%d}`+"\n", 1767225600000+i*1000)
	}
	s := replayOf(t, "a", text.String(), "batching: {events: 1}\n")
	s.Replay.Loop = 2
	source, plan, err := opened(s, Part{})
	if err != nil {
		t.Fatal(err)
	}
	follow := source.Follow()
	for b := new(body.Batch); source.Next(b) == nil; b.Reset() {
		if b.Events != 1 {
			t.Fatalf("%d events in a batch", b.Events)
		}
	}
	total := 2 * int64(text.Len())
	for _, c := range []struct {
		now      time.Duration
		bytes    int64
		recorded int64 // seconds after the first event
	}{
		{-time.Second, 0, -1},
		{0, total / 200, 0},
		{30500 * time.Millisecond, total / 200 * 31, 30},
		{100 * time.Second, total / 200 * 101, 0}, // the second pass begins a second after the first one's last event
		{plan.Span, total, 99},
	} {
		got := follow(c.now)
		if got.Bytes != c.bytes || got.Total != total || c.recorded >= 0 && got.Recorded.Unix() != 1767225600+c.recorded || got.Recorded.IsZero() != (c.recorded < 0) {
			t.Errorf("at %v: %+v, want %d bytes of %d and second %d", c.now, got, c.bytes, total, c.recorded)
		}
	}
}

// TestPause: a plan tells of the longest time without anything to send, in time of the
// run, where it is, and which side of it is the odd one.
func TestPause(t *testing.T) {
	t.Parallel()
	minute := func(at string) (lines string) {
		first, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		for i := range 60 {
			lines += fmt.Sprintf(`{"e":"a","d":"u-%d","t":%d}`+"\n", i, first.Add(time.Duration(i)*time.Second).Unix())
		}
		return lines
	}
	one := func(at string) string { return fmt.Sprintf(`{"e":"a","d":"u","t":%q}`+"\n", at) }
	const new2026, night, wrong = "2026-01-01T00:00:00Z", "2026-01-01T09:00:00Z", "2099-01-01T00:00:00Z"
	for _, c := range []struct {
		name, content, more string
		want                string // parts of the note, or none
	}{
		{"nothing long", minute(new2026), "", ""},
		// 2026-01-01 is 20,454 days after 1970-01-01.
		{"a clock of 1970", one("1970-01-01T00:00:01Z") + minute(new2026), "",
			"20454 days: between what was recorded at 1970-01-01T00:00:01Z and at 2026-01-01T00:00:00Z (FILE:2); replay.from: 2026-01-01T00:00:00Z leaves (events: 1)"},
		// What follows the wrong one in the file is older: it makes no pause.
		{"a clock of 2099", minute(new2026) + one(wrong) + minute(night), "", "8h59m1s: at 2026-01-01T00:00:59Z (FILE:62);"},
		{"a clock of 2099 at the end", minute(new2026) + one(wrong), "",
			"26663 days: at 2026-01-01T00:00:59Z (FILE:61); replay.to: 2099-01-01T00:00:00Z (events: 1)"},
		{"put in order", minute(new2026) + one(wrong) + minute("2026-01-01T00:30:00Z"), "reorder: 1h", ""},
		{"a night", minute(new2026) + minute(night), "", "8h59m1s: (FILE:61);"},
		{"a night at nine times the speed", minute(new2026) + minute(night), "speed: 9", ""},
		{"a night that is cut", minute(new2026) + minute(night), "max_gap: 10m", ""},
		{"left out", one("1970-01-01T00:00:01Z") + minute(new2026), "from: 2026-01-01", ""},
		{"by a profile", minute(new2026) + minute(night), "clock: profile\nload: {profile: \"const(100, 10s)\"}", ""},
	} {
		s := replayOf(t, "a", c.content, "  "+c.more+"\n")
		_, plan, err := opened(s, Part{})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if notes := plan.Notes(); len(notes) > len(plan.Warnings) {
			got = strings.ReplaceAll(notes[len(notes)-1], s.Replay.Paths[0], "FILE")
		}
		for _, part := range strings.Fields(c.want) {
			if !strings.Contains(got, part) {
				t.Errorf("%s: %q is not in %q", c.name, part, got)
			}
		}
		if (got == "") != (c.want == "") {
			t.Errorf("%s: %q", c.name, got)
		}
	}
}

// TestRhythmDoesNotDrift: an hour at 60× ends to the nanosecond where the
// arithmetic says, although whole seconds and batches lie in between.
func TestRhythmDoesNotDrift(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	source, plan, err := opened(ready(t, "replay-activity", "replay.order=none", "batching.events=1"), Part{})
	if err != nil {
		t.Fatal(err)
	}
	first, last := time.Time{}, time.Time{}
	for i, line := range recorded(t, "activity-2015-02-22-21.json.gz") {
		at, _ := event.ParseTime([]byte(gjson.GetBytes(line, "dt").Raw))
		if i == 0 {
			first = at
		}
		if at.After(last) {
			last = at
		}
	}
	if want := last.Sub(first) / 60; plan.Span != want {
		t.Errorf("the replay ends at %v, want %v", plan.Span, want)
	}
	if plan.Events != 29963 || plan.Requests != 29963 {
		t.Errorf("planned %d events in %d requests", plan.Events, plan.Requests)
	}
	previous := time.Duration(0)
	for b := new(body.Batch); ; b.Reset() {
		if err := source.Next(b); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if b.Due < previous {
			t.Fatalf("event %d is due at %v, after one at %v", b.First, b.Due, previous)
		}
		previous = b.Due
	}
}

// TestRhythm: due times by recorded ones, with pauses cut, disorder, another pass, and
// clocks that are centuries wrong.
func TestRhythm(t *testing.T) {
	t.Parallel()
	start := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	far := time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name  string
		clock replayClock
		times []time.Time
		want  []time.Duration
	}{
		{"twice as fast", replayClock{speed: 2}, []time.Time{at(0), at(3), at(10)}, []time.Duration{0, 1500 * time.Millisecond, 5 * time.Second}},
		{"nothing before what was", replayClock{speed: 1}, []time.Time{at(5), at(9), at(2), at(10)}, []time.Duration{0, 4 * time.Second, 4 * time.Second, 5 * time.Second}},
		{"pauses of a second at most", replayClock{speed: 1, maxGap: time.Second}, []time.Time{at(0), at(100), at(50), at(101), at(900)},
			[]time.Duration{0, time.Second, time.Second, 2 * time.Second, 3 * time.Second}},
		// Two pauses that no Duration holds: a second each.
		{"centuries cut", replayClock{speed: 1, maxGap: time.Second}, []time.Time{time.Date(1, 1, 2, 0, 0, 0, 0, time.UTC), at(0), far}, []time.Duration{0, time.Second, 2 * time.Second}},
		{"centuries", replayClock{speed: 1}, []time.Time{at(0), far, far.Add(time.Hour)}, []time.Duration{0, farthest, farthest}},
		{"slower than that", replayClock{speed: 0.001}, []time.Time{at(0), far}, []time.Duration{0, farthest}},
	} {
		for i, recorded := range c.times {
			if due, ok := c.clock.due(recorded, 1, false); due != c.want[i] || !ok {
				t.Errorf("%s: event %d is due at %v, want %v", c.name, i, due, c.want[i])
			}
		}
	}
	r := replayClock{speed: 1}
	r.due(at(0), 1, false)
	r.due(at(10), 1, false)
	r.again() // ten seconds, and ten more: the distance between two events
	if due, _ := r.due(at(0), 1, false); due != 20*time.Second {
		t.Errorf("the second pass begins at %v, want 20s", due)
	}
}
