package rehearsal

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"time"

	"rehearse/generator/dryrun"
	"rehearse/generator/source"
	"rehearse/generator/transport"
	"rehearse/internal/permit"
	"rehearse/internal/preflight"
	"rehearse/internal/text"
	"rehearse/internal/units"
	"rehearse/results/rundir"
	"rehearse/scenario"
)

// checkFile is what a run of synthesized traffic leaves in its directory of what
// was predicted, so that reports can show it beside what came of it.
const checkFile = "check.json"

// Forecast is what a check in closed form says of s, sent to a destination; nil
// for a replay, which would have to be read once more.
func Forecast(s *scenario.Scenario, to *transport.Destination) *preflight.Report {
	if s.Traffic == nil || s.Load.Closed > 0 {
		return nil
	}
	now := time.Now()
	in := preflight.Input{Scenario: s, Load: estimatedLoad(s, nil, to, now), Now: now}
	if b := s.Background; b != nil && b.Traffic != nil {
		in.Beside = &preflight.Input{Scenario: b, Load: estimatedLoad(b, nil, to, now), Now: now}
	}
	return preflight.Check(in)
}

// CheckInput is what a check of s looks at: what it would send, and what its background
// would, in closed form or counted; see Estimate.
func CheckInput(s *scenario.Scenario, facts *preflight.Facts, now time.Time, exact bool) (preflight.Input, error) {
	load, err := Estimate(s, facts, now, exact)
	in := preflight.Input{Scenario: s, Facts: facts, Load: load, Now: now}
	if err != nil || s.Background == nil {
		return in, err
	}
	beside, err := CheckInput(s.Background, facts, now, exact)
	in.Beside = &beside
	return in, inBackground(err)
}

// eventBytes is what an event weighs in a body, as predicted; 0: not known.
func eventBytes(r *preflight.Report) int {
	if r == nil {
		return 0
	}
	return int(r.Plan.BodyBytes / max(r.Plan.Events, 1))
}

// keepForecast writes what was predicted into a run directory.
func keepForecast(directory string, r *preflight.Report) error {
	if r == nil {
		return nil
	}
	var text bytes.Buffer
	if err := r.WriteJSON(&text); err != nil {
		return err
	}
	if err := rundir.Replace(directory, checkFile, text.Bytes()); err != nil {
		return fmt.Errorf("cannot write the forecast: %w", err)
	}
	return nil
}

// Denials are the reasons for which a check refuses what it looked at, each with
// its place and what to do: no permit makes a load test of a denial of service.
func Denials(r *preflight.Report) (reasons []string) {
	if r == nil {
		return nil
	}
	for _, f := range r.Findings {
		if f.Severity == preflight.SeverityRefuse {
			reasons = append(reasons, fmt.Sprintf("%s: %s: %s (%s)", f.Where, f.ID, f.Message, f.Hint))
		}
	}
	return reasons
}

// ClosedLoop says what is known before a run of a closed loop: no rate, and no total.
func ClosedLoop(s *scenario.Scenario) string {
	return fmt.Sprintf("a closed loop: for %s each of %s sends its next request as soon as the one before is "+
		"answered; how many events that makes depends on the endpoint", units.FormatDuration(s.Load.Closed),
		text.Plural(int64(s.Target.Connections), "connection"))
}

// Estimate says what a run of s would send: in closed form where that is known and
// from a sample where not, or by building all of it.
func Estimate(s *scenario.Scenario, facts *preflight.Facts, now time.Time, exact bool) (preflight.Load, error) {
	if s.Load.Closed > 0 {
		return preflight.Load{}, wrongScenario(errors.New("there is no plan that could be checked: " + ClosedLoop(s) +
			" (give load.profile, or run it)"))
	}
	if s.Replay != nil || exact {
		return countedLoad(s, facts, now)
	}
	return estimatedLoad(s, facts, supposed(s), now), nil
}

// estimatedLoad is what a run of synthesized traffic would send to a destination.
func estimatedLoad(s *scenario.Scenario, facts *preflight.Facts, to *transport.Destination,
	now time.Time) preflight.Load {
	there, most := preflight.Behind(s, facts)
	weight := dryrun.Weigh(there, to, preflight.Start(s, now), most)
	return preflight.Load{
		Events: s.Load.Curve.Total(), Requests: weight.Requests, Body: weight.Body, Wire: weight.Wire,
		MaxBody: weight.MaxBody, MaxWire: weight.MaxWire, Curve: s.Load.Curve, Leaves: source.Leaves(s),
		Refused: weight.Refused,
		Errors: preflight.Errors{Requests: weight.RequestError, BodyBytes: weight.BodyError,
			WireBytes: weight.WireError},
	}
}

// supposed is where requests would go: it decides how long their heads are. The
// ports of embedded endpoints have five digits, the names of runs one length.
func supposed(s *scenario.Scenario) *transport.Destination {
	u, err := url.Parse(cmp.Or(s.Target.URL, "http://127.0.0.1:50000"))
	if err != nil {
		u = &url.URL{Scheme: "http", Host: "127.0.0.1:50000"}
	}
	return &transport.Destination{URL: u, UserAgent: userAgent(s, newID()), Timeout: s.Target.Timeout}
}

// countedLoad builds every request of a run and counts.
func countedLoad(s *scenario.Scenario, facts *preflight.Facts, now time.Time) (preflight.Load, error) {
	start := preflight.Start(s, now)
	var tally *preflight.Tally
	curve := s.Load.Curve
	there, most := preflight.Behind(s, facts)
	plan, err := dryrun.Run(there, supposed(s), start, most, func() func(*dryrun.Built) {
		tally = preflight.NewTally(s, facts, start)
		return func(d *dryrun.Built) {
			tally.Take(&preflight.Request{
				Due: d.Due, Events: d.Events, Body: d.Body, Packed: d.Packed, Wire: d.Wire,
				ForwardedFor: d.ForwardedFor, Submission: d.Submission, Refusal: d.Refusal,
			})
		}
	})
	if err != nil {
		return preflight.Load{}, err
	}
	if curve == nil {
		curve, err = preflight.Steps(plan.Rate, plan.Span)
	}
	load := tally.Load(curve)
	load.Warnings = plan.Warnings
	if p := plan.Recorded.Pause; p.IsLong() {
		load.Pause = preflight.Pause{Length: p.Length, Message: p.String(), Hint: p.Hint()}
	}
	load.Recorded = plan.Recorded.Verbatim
	return load, err
}

// LoadOf says how much a scenario sends, its background included, as a permit counts it.
// Peaks are added up, as if they fell together.
func LoadOf(s *scenario.Scenario) (all permit.Load, err error) {
	for _, stream := range s.Streams() {
		one, err := loadOfStream(stream)
		if err != nil {
			return all, err
		}
		all.Events, all.Peak, all.Batch = all.Events+one.Events, all.Peak+one.Peak, max(all.Batch, one.Batch)
		all.Recorded = all.Recorded || one.Recorded
		all.Merges = addMerges(all.Merges, one.Merges)
	}
	return all, nil
}

// addMerges adds up merges, which may not have been counted.
func addMerges(a, b int64) int64 {
	if a < 0 || b < 0 {
		return -1
	}
	return a + b
}

// loadOfStream says how much one stream sends.
func loadOfStream(s *scenario.Scenario) (permit.Load, error) {
	opened, err := source.Open(s, source.Part{})
	if err != nil {
		return permit.Load{}, wrongScenario(err)
	}
	defer opened.Close()
	load := permit.Load{Events: opened.Plan.Events, Peak: opened.Plan.Peak, Recorded: opened.Plan.Recorded.Verbatim}
	if load.Recorded {
		if load.Batch, err = opened.Largest(); err != nil {
			return load, wrongScenario(err)
		}
	}
	return permit.LoadOf(s, load), nil
}
