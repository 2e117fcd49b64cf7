package facts

import (
	"testing"
	"time"
)

// TestHours: a working day is as long as the clock on the wall says, also when
// the clock is changed.
func TestHours(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	h := &Hours{Zone: berlin, From: time.Hour, To: 9 * time.Hour, Days: [7]bool{true, true, true, true, true, true, true}}
	day := func(month time.Month, d int) time.Time { return time.Date(2026, month, d, 0, 0, 0, 0, berlin) }
	for _, row := range []struct {
		name     string
		from, to time.Time
		want     time.Duration
	}{
		{"a day", day(12, 1), day(12, 2), 8 * time.Hour},
		{"an hour of it", day(12, 1).Add(8*time.Hour + 30*time.Minute), day(12, 1).Add(10 * time.Hour), 30 * time.Minute},
		{"none of it", day(12, 1).Add(9 * time.Hour), day(12, 1).Add(24 * time.Hour), 0},
		{"two days and a bit", day(12, 1), day(12, 3).Add(2 * time.Hour), 17 * time.Hour},
		// On 29 March there is no hour from two to three, on 25 October there are two.
		{"a short day", day(3, 29), day(3, 30), 7 * time.Hour},
		{"a long day", day(10, 25), day(10, 26), 9 * time.Hour},
		{"in another zone", day(12, 1).UTC(), day(12, 2).UTC(), 8 * time.Hour},
	} {
		if got := h.Overlap(row.from, row.to); got != row.want {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
	office := defaultHours()
	office.Zone = berlin
	saturday := time.Date(2026, 12, 5, 12, 0, 0, 0, berlin)
	if day, now := office.Works(saturday); day || now {
		t.Error("the team works on Saturday")
	}
	if next := office.Next(saturday); !next.Equal(time.Date(2026, 12, 7, 9, 0, 0, 0, berlin)) {
		t.Errorf("after Saturday comes %v", next)
	}
}
