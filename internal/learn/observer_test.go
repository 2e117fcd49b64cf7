package learn

import (
	"testing"
	"time"

	"rehearse/internal/recording"
	"rehearse/internal/recording/event"
)

// TestWrongClocks: an event whose clock is years off has a segment of its own, and
// the others are counted where they belong, wherever it comes among them.
func TestWrongClocks(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	wrong := map[int]time.Time{0: start.AddDate(73, 0, 0), 500: start.AddDate(0, 0, 9), 700: start.AddDate(-20, 0, 0)}
	o := NewObserver(12 * time.Hour)
	for i := range 1000 {
		at := start.Add(time.Duration(i) * time.Second)
		if clock, ok := wrong[i]; ok {
			at = clock
		}
		o.Add(&event.Event{Name: []byte("a"), DistinctID: []byte("u"), Time: at})
	}
	p, err := o.Profile(&recording.Counts{})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Segments) != 4 || p.PeakSecond != 1 || p.PeakMinute != 60 || p.Segments[1].Events != 997 ||
		p.Segments[1].Seconds != 999 {
		t.Errorf("%+v", p.Segments)
	}
	if years := p.Pause / 3600 / 24 / 365; years < 72 || years > 74 {
		t.Errorf("the longest pause is %v years", years)
	}
}
