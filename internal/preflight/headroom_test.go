package preflight_test

import (
	"bytes"
	"strings"
	"testing"

	"rehearse/internal/preflight"
	"rehearse/scenario"
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

// A load and its background are held to the capacity together: each alone may fit.
func TestHeadroomOfBoth(t *testing.T) {
	t.Parallel()
	const measured = "capacity: {events: 300/s, from: measured, interval: {from: 300/s, to: 310/s}}\n"
	const beside = "background={load: {profile: 'const(200, 5s)'}, traffic: {}, batching: {events: 20}}"
	f := facts(t, measured)
	s := parse(t, sound, "load.profile=line(0, 200, 5s) const(200, 5s)", beside)
	in := func(s *scenario.Scenario) *preflight.Input {
		total := s.Load.Curve.Total()
		load := preflight.Load{Events: total, Requests: total / 20, Curve: s.Load.Curve}
		return &preflight.Input{Scenario: s, Facts: f, Load: load, Now: now}
	}
	alone := preflight.Check(*in(s))
	both := in(s)
	both.Beside = in(s.Background)
	r := preflight.Check(*both)
	if alone.Headroom.Fits != preflight.FitsYes || r.Headroom.Fits != preflight.FitsNot || r.Background == nil ||
		r.Background.Peak != 400 {
		t.Fatalf("alone %+v, both %+v, beside %+v", alone.Headroom, r.Headroom, r.Background)
	}
	if found := find(r, "over-capacity"); found == nil ||
		!strings.Contains(found.Message, "the peak of 400 events/s, with the background, is over") ||
		!strings.Contains(found.Hint, "or peak at 100") {
		t.Errorf("%+v", found)
	}
	// They are over the capacity for the second half of the ramp.
	if waiting := r.Plan.Backlog; waiting != 125 { // a ramp from 300 to 400 events/s in 2.5 s
		t.Errorf("%d events wait", waiting)
	}
}
