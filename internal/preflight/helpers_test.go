package preflight_test

import (
	"net/url"
	"testing"
	"time"

	"rehearse/generator/dryrun"
	"rehearse/generator/source"
	"rehearse/generator/transport"
	"rehearse/internal/preflight"
	"rehearse/scenario"
)

// now is when every test is: Wednesday, so that a day later is a working day.
var now = time.Date(2026, 12, 2, 10, 0, 0, 0, time.UTC)

// nowhere is where no test sends anything.
var nowhere = transport.Destination{URL: &url.URL{Scheme: "http", Host: "endpoint"}, UserAgent: "test/1", Timeout: time.Second}

func parse(t *testing.T, text string, set ...string) *scenario.Scenario {
	t.Helper()
	s, err := scenario.Parse("a.yaml", []byte(text), scenario.Options{Set: set, Dir: "testdata"})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// facts reads the facts of a pipeline; nil of nothing.
func facts(t *testing.T, text string) *preflight.Facts {
	t.Helper()
	if text == "" {
		return nil
	}
	f, err := preflight.ParseFacts("pipeline.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// foretell checks a scenario in closed form, a replay by reading it.
func foretell(t *testing.T, s *scenario.Scenario, f *preflight.Facts) *preflight.Report {
	t.Helper()
	if s.Replay != nil {
		return count(t, s, f)
	}
	return preflight.Check(inputOf(s, f))
}

// inputOf is what a check of synthesized traffic in closed form looks at.
func inputOf(s *scenario.Scenario, f *preflight.Facts) preflight.Input {
	there, most := preflight.Behind(s, f)
	w := dryrun.Weigh(there, &nowhere, preflight.Start(s, now), most)
	return preflight.Input{Scenario: s, Facts: f, Now: now, Load: preflight.Load{
		Events: s.Load.Curve.Total(), Requests: w.Requests, Body: w.Body, Wire: w.Wire, MaxBody: w.MaxBody, MaxWire: w.MaxWire, Refused: w.Refused, Leaves: source.Leaves(s),
		Curve: s.Load.Curve, Errors: preflight.Errors{Requests: w.RequestError, BodyBytes: w.BodyError, WireBytes: w.WireError},
	}}
}

// suppose checks a scenario by sizes that are supposed rather than built: events
// of 330 bytes, of which a compressor leaves a third.
func suppose(t *testing.T, s *scenario.Scenario, f *preflight.Facts) *preflight.Report {
	t.Helper()
	const event = 330
	events, batch, limit := s.Load.Curve.Total(), int64(s.Batching.MinEvents+s.Batching.MaxEvents)/2, s.Batching.Bytes
	batch = min(batch, limit/event)
	load := preflight.Load{Events: events, Requests: (events + batch - 1) / batch, Body: events * event, Curve: s.Load.Curve}
	load.MaxBody = min(int64(s.Batching.MaxEvents)*event, limit)
	load.Wire, load.MaxWire = load.Body/3, load.MaxBody/3
	if s.Target.Compression == scenario.CompressionNone {
		load.Wire, load.MaxWire = load.Body, load.MaxBody
	}
	return preflight.Check(preflight.Input{Scenario: s, Facts: f, Now: now, Load: load})
}

// count checks a scenario by building all of it.
func count(t *testing.T, s *scenario.Scenario, f *preflight.Facts) *preflight.Report {
	t.Helper()
	start := preflight.Start(s, now)
	var tally *preflight.Tally
	curve := s.Load.Curve
	there, most := preflight.Behind(s, f)
	plan, err := dryrun.Run(there, &nowhere, start, most, func() func(*dryrun.Built) {
		tally = preflight.NewTally(s, f, start)
		return func(d *dryrun.Built) {
			tally.Take(&preflight.Request{
				Due: d.Due, Events: d.Events, Body: d.Body, Packed: d.Packed, Wire: d.Wire,
				ForwardedFor: d.ForwardedFor, Submission: d.Submission, Refusal: d.Refusal,
			})
		}
	})
	if err == nil && curve == nil {
		curve, err = preflight.Steps(plan.Rate, plan.Span)
	}
	if err != nil {
		t.Fatal(err)
	}
	load := tally.Load(curve)
	load.Warnings = plan.Warnings
	load.Recorded = s.Replay != nil && s.Replay.Format == scenario.FormatCapture
	return preflight.Check(preflight.Input{Scenario: s, Facts: f, Load: load, Now: now})
}
