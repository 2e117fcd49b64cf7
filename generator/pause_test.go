package generator

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

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
