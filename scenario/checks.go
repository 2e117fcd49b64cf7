package scenario

import (
	"rehearse/scenario/schedule"
	"rehearse/scenario/strict"
)

import "fmt"

// check judges what the sections mean together. It looks at what the file gives
// rather than at values, because a default contradicts nothing.
func check(d *strict.Document, s *Scenario) {
	switch {
	case s.Traffic != nil && s.Replay != nil:
		d.Fail("replay", "given beside traffic", "events are synthesized or replayed: keep one of the two")
		return
	case s.Traffic == nil && s.Replay == nil:
		d.Fail("traffic", "missing, and so is replay", "traffic: {} synthesizes events with everything at its default")
	}
	if s.Replay != nil {
		checkReplay(d, s)
	}
	if s.Replay == nil || s.Replay.Clock == ClockProfile {
		checkLoad(d)
	}
	checkEndpoint(d, s)
	checkClient(d, s)
	checkStages(d, s)
	if s.Traffic != nil && s.Load.Curve != nil && d.Mistakes() == 0 {
		checkTraffic(d, s)
	}
}

// checkStages makes sure that the stages which thresholds name exist, and that
// no two have one name.
func checkStages(d *strict.Document, s *Scenario) {
	seen := map[string]bool{}
	for _, stage := range s.Load.Stages {
		if seen[stage.Name] {
			d.Fail("load.stages", fmt.Sprintf("two stages are called %q", stage.Name), "give each a name of its own")
		}
		seen[stage.Name] = true
	}
	for i, t := range s.Thresholds {
		if _, known := schedule.FindStageSpan(s.Load.Stages, t.Stage); t.Stage != "" && !known && s.Load.Curve != nil {
			failItem(d, "thresholds", i, fmt.Sprintf("the load has no stage %q", t.Stage),
				"name one in load.stages, or count the shapes of load.profile from 1: in stage 2")
		} else if t.Stage != "" && s.Replay != nil && s.Replay.Clock == ClockRecorded {
			failItem(d, "thresholds", i, "a replay on its recorded clock has no stages", "leave out what follows in")
		}
	}
}

// failItem reports a mistake in an item of a list that the file gives.
func failItem(d *strict.Document, path string, i int, what, hint string) {
	list, _ := d.Value(path)
	list.List()[i].Fail(what, hint)
}

// checkClient refuses what contradicts the client library to imitate, or the
// embedded endpoint.
func checkClient(d *strict.Document, s *Scenario) {
	if s.Target.Client != "" && !s.Target.Client.speaks(s.Target.Endpoint) {
		d.Fail("target.client", "has no meaning for endpoint "+string(s.Target.Endpoint), "the client decides where it sends: leave target.endpoint out")
	}
	if s.Target.Client != "" && s.Replay != nil && s.Replay.Format == FormatCapture {
		d.Fail("target.client", "has no meaning for recorded requests", "they are sent byte for byte")
	}
	if s.Target.URL != "" {
		d.Refuse("has no meaning: target.url names an endpoint that is not embedded", "leave one of the two out", "staging")
	}
}

// curves are the three ways to give the load.
var curves = [...]string{"load.profile", "load.stages", "load.follow"}

// checkLoad demands exactly one curve.
func checkLoad(d *strict.Document) {
	first := ""
	for _, path := range curves {
		switch {
		case !d.Has(path):
		case first != "":
			d.Fail(path, "given beside "+first, "keep one of the two")
		default:
			first = path
		}
	}
	if first == "" {
		d.Fail(curves[0], "missing", "as in line(0, 5000, 10m) const(5000, 30m); or give load.stages or load.follow")
	}
}
