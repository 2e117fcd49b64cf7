package preflight_test

import (
	"bytes"
	"strings"
	"testing"

	"rehearse/internal/preflight"
)

// A load is held to the capacity that was measured: to its lower end, if it is to fit, and
// to its upper one, if it is to be said not to.
func TestHeadroom(t *testing.T) {
	t.Parallel()
	const measured = "capacity: {events: 300/s, from: measured, interval: {from: 300/s, to: 450/s}, confidence: 95%, date: \"2026-11-30\", build: v1.2}\n" // the peak is 400/s
	for _, row := range []struct {
		name, facts, load string
		fits              preflight.Fits
		finding, says     string
	}{
		{"fits", measured, "line(0, 150, 5s) const(150, 5s)", preflight.FitsYes, "", "fits, with 50 % of head-room: 300 to 450 events/s, measured on 2026-11-30 of v1.2"},
		{"within the interval", measured, "line(0, 400, 5s) const(400, 5s)", preflight.FitsUnknown, "near-capacity", "unknown: the peak lies beyond what is certain of 300 to 450 events/s"},
		{"beyond it", measured, "line(0, 600, 5s) const(600, 5s)", preflight.FitsNot, "over-capacity", "needs scaling to 2 times of what it is: 300 to 450 events/s"},
		{"it never broke", "capacity: {events: 300/s, from: measured, interval: {from: 300/s}}\n", "line(0, 900, 9s) const(900, 5s)", preflight.FitsUnknown, "near-capacity", "unknown: the peak lies beyond what is certain of over 300 events/s"},
		{"declared", "capacity: {events: 300/s}\n", "line(0, 600, 5s) const(600, 5s)", preflight.FitsNot, "over-capacity", "needs scaling to 2 times of what it is: 300 events/s, declared"},
		{"not known", "partitions: 64\n", "line(0, 600, 5s) const(600, 5s)", preflight.FitsUnknown, "", "unknown: the pipeline file has none"},
	} {
		r := suppose(t, parse(t, sound, "load.profile="+row.load), facts(t, row.facts))
		var text bytes.Buffer
		if err := r.WriteText(&text, preflight.Terminal{}); err != nil {
			t.Fatal(err)
		}
		if r.Headroom == nil || r.Headroom.Fits != row.fits || !strings.Contains(text.String(), row.says) {
			t.Errorf("%s: %+v\n%s", row.name, r.Headroom, text.String())
		}
		for _, id := range []string{"over-capacity", "near-capacity"} {
			if found := find(r, id) != nil; found != (id == row.finding) {
				t.Errorf("%s: finding %s is there: %v", row.name, id, found)
			}
		}
	}
}
