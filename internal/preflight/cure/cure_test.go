package cure_test

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rehearse/internal/preflight/cure"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

func parse(t interface {
	Helper()
	Fatal(...any)
}, text string, set ...string) *scenario.Scenario {
	t.Helper()
	s, err := scenario.Parse("a.yaml", []byte(text), scenario.Options{Set: set})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const plain = "name: a\nload: {profile: 'line(0, 900, 30s) const(900, 60s) const(100, 1m) line(900, 0, 10s)'}\n" +
	"traffic: {distinct_ids: {count: 1k, skew: 0, hot: [{id: a, share: 30%}, {events: 1000}]}}\n"

// A lower peak keeps the events and the shape, and reads back as a scenario.
func TestPeakKeepsTheEvents(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := parse(t, plain)
		rate := rapid.Float64Range(0.5, 899).Draw(t, "rate")
		c := cure.Peak(s, s.Load.Curve.Stages(), rate)
		slower := parse(t, plain, c.Set...)
		peak, events := slower.Load.Curve.Peak(), float64(slower.Load.Curve.Total())
		if peak > rate*(1+1e-9) || peak < 0.98*rate {
			t.Errorf("asked for a peak of %v, got %v from %v", rate, peak, c.Set)
		}
		if was := float64(s.Load.Curve.Total()); math.Abs(events-was) > 0.001*was {
			t.Errorf("%v events became %v by %v", was, events, c.Set)
		}
	})
	s := parse(t, plain)
	for _, rate := range []float64{0, -1, 900, 1e6, math.Inf(1), math.NaN()} {
		if c := cure.Peak(s, s.Load.Curve.Stages(), rate); c.IsKnown() {
			t.Errorf("a peak of %v of 900: %v", rate, c.Set)
		}
	}
}

// What gives the curve is what is changed: its stages are replaced, a series is played
// slower.
func TestPeakOfOtherCurves(t *testing.T) {
	t.Parallel()
	const stages = "name: a\nload: {stages: [{to: 400, over: 10s}, {to: 400, over: 1m}]}\n"
	s := parse(t, stages)
	c := cure.Peak(s, s.Load.Curve.Stages(), 200)
	if got := parse(t, stages, c.Set...); got.Load.Curve.Peak() != 200 || c.Set[0] != "load.stages=null" {
		t.Errorf("%v", c.Set)
	}
	if !strings.HasPrefix(c.YAML(), "# leave load.stages out\nload:\n  profile: line(0, 200, 20s)") {
		t.Errorf("%s", c.YAML())
	}
	recorded := &scenario.Scenario{Replay: &scenario.Replay{Pacing: scenario.Pacing{Speed: 8}}}
	c = cure.Peak(recorded, []schedule.Stage{{From: 100, To: 100, Over: time.Second}}, 25)
	if !slices.Equal(c.Set, []string{"replay.speed=2"}) {
		t.Errorf("%v", c.Set)
	}
}

// After Ramp no second brings more than may come at once, or twice what is there.
func TestRamp(t *testing.T) {
	t.Parallel()
	const text = "name: a\nload: {profile: 'const(3000, 10s) line(3000, 90000, 2s) const(200, 5s)'}\n"
	s := parse(t, text)
	c := cure.Ramp(s, s.Load.Curve.Stages(), 500)
	got := parse(t, text, c.Set...).Load.Curve
	for at := -time.Second; at < got.Span(); at += time.Second / 4 {
		low := got.Rate(at)
		if rise := got.Rate(at+time.Second) - low; rise > 1.01*max(500, low) {
			t.Errorf("rises by %v at %v: %v", rise, at, c.Set)
		}
	}
}

// Split leaves no id with more than the share, and every event to a distinct_id.
func TestSplit(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		s := parse(t, plain)
		most := rapid.Float64Range(0.0031, 0.29).Draw(t, "most")
		c := cure.Split(s, 100_000, most)
		share, events := 0.0, int64(0)
		for _, h := range parse(t, plain, c.Set...).Traffic.DistinctIDs.Hot {
			share, events = share+h.Share, events+h.Events
			if h.Share > most*(1+1e-6) || float64(h.Events) > most*100_000+1 {
				t.Errorf("%+v is over %v", h, most)
			}
		}
		if math.Abs(share-0.3) > 1e-5 || events != 1000 {
			t.Errorf("%v and %d are left of 30 %% and 1,000: %v", share, events, c.Set)
		}
	})
	s := parse(t, plain)
	for _, most := range []float64{0, 0.5, math.Inf(1), 1e-9} {
		if c := cure.Split(s, 100_000, most); c.IsKnown() {
			t.Errorf("no more than %v: %v", most, c.Set)
		}
	}
}

func TestShorten(t *testing.T) {
	t.Parallel()
	s := parse(t, plain)
	c := cure.Shorten(s, s.Load.Curve.Stages(), 5000)
	if got := parse(t, plain, c.Set...).Load.Curve.Total(); got > 5000 || got < 4990 {
		t.Errorf("%d events are left of %d", got, s.Load.Curve.Total())
	}
	if c := cure.Shorten(s, s.Load.Curve.Stages(), 1e9); c.IsKnown() {
		t.Errorf("%v", c.Set)
	}
}

// Each cure of one field is a scenario, and the YAML says the same as the overrides.
func TestYAML(t *testing.T) {
	t.Parallel()
	s := parse(t, "name: a\ntarget: {endpoint: capture}\nload: {profile: 'const(10, 1s)'}\n")
	for _, c := range []cure.Cure{
		cure.Batch(s, 100), cure.Historical(s), cure.Sorted(s, time.Hour), cure.MergesLater(s, 30*time.Second, time.Hour),
		cure.Set("keep connections open", "target.keep_alive", "true"),
	} {
		if !c.IsKnown() {
			t.Fatalf("%q is no change", c.What)
		}
		var set []string // what the YAML says, written as overrides
		path := []string{}
		for line := range strings.Lines(c.YAML()) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), ":")
			depth := (len(line) - len(strings.TrimLeft(line, " "))) / 2
			path = append(path[:depth], name)
			if value != "" {
				set = append(set, strings.Join(path, ".")+"="+strings.TrimSpace(value))
			}
		}
		if !slices.Equal(set, c.Set) {
			t.Errorf("%q says %v, the overrides are %v", c.YAML(), set, c.Set)
		}
	}
	if c := cure.MergesLater(s, 30*time.Second, time.Minute); c.IsKnown() {
		t.Errorf("merges 5 minutes late in a run of one: %v", c.Set)
	}
}
