package scenario

import "rehearse/scenario/schedule"

import "fmt"

// check judges what the sections mean together. It looks at what the file gives
// rather than at values, because a default contradicts nothing.
func (d *decoder) check(s *Scenario) {
	switch {
	case s.Traffic != nil && s.Replay != nil:
		d.fail("replay", "given beside traffic", "events are synthesized or replayed: keep one of the two")
		return
	case s.Traffic == nil && s.Replay == nil:
		d.fail("traffic", "missing, and so is replay", "traffic: {} synthesizes events with everything at its default")
	}
	if s.Replay != nil {
		d.checkReplay(s)
	}
	if s.Replay == nil || s.Replay.Clock == ClockProfile {
		d.checkLoad()
	}
	d.checkEndpoint(s)
	d.checkClient(s)
	d.checkStages(s)
	if s.Traffic != nil && s.Load.Curve != nil && len(d.errors) == 0 {
		d.checkTraffic(s)
	}
}

// checkStages makes sure that the stages which thresholds name exist, and that
// no two have one name.
func (d *decoder) checkStages(s *Scenario) {
	seen := map[string]bool{}
	for _, stage := range s.Load.Stages {
		if seen[stage.Name] {
			d.fail("load.stages", fmt.Sprintf("two stages are called %q", stage.Name), "give each a name of its own")
		}
		seen[stage.Name] = true
	}
	for i, t := range s.Thresholds {
		if _, known := schedule.FindStageSpan(s.Load.Stages, t.Stage); t.Stage != "" && !known && s.Load.Curve != nil {
			d.failItem("thresholds", i, fmt.Sprintf("the load has no stage %q", t.Stage),
				"name one in load.stages, or count the shapes of load.profile from 1: in stage 2")
		} else if t.Stage != "" && s.Replay != nil && s.Replay.Clock == ClockRecorded {
			d.failItem("thresholds", i, "a replay on its recorded clock has no stages", "leave out what follows in")
		}
	}
}

// failItem reports a mistake in an item of a list that the file gives.
func (d *decoder) failItem(path string, i int, what, hint string) {
	list := d.given[path].value
	list.at(list.node.Content[i], fmt.Sprintf("[%d]", i)).fail(what, hint)
}

// checkClient refuses what contradicts the client library to imitate, or the
// embedded endpoint.
func (d *decoder) checkClient(s *Scenario) {
	if s.Target.Client != "" && !s.Target.Client.speaks(s.Target.Endpoint) {
		d.fail("target.client", "has no meaning for endpoint "+string(s.Target.Endpoint), "the client decides where it sends: leave target.endpoint out")
	}
	if s.Target.Client != "" && s.Replay != nil && s.Replay.Format == FormatCapture {
		d.fail("target.client", "has no meaning for recorded requests", "they are sent byte for byte")
	}
	if s.Target.URL != "" {
		d.refuse("has no meaning: target.url names an endpoint that is not embedded", "leave one of the two out", "staging")
	}
}

// curves are the three ways to give the load.
var curves = [...]string{"load.profile", "load.stages", "load.follow"}

// checkLoad demands exactly one curve.
func (d *decoder) checkLoad() {
	first := ""
	for _, path := range curves {
		switch {
		case !d.has(path):
		case first != "":
			d.fail(path, "given beside "+first, "keep one of the two")
		default:
			first = path
		}
	}
	if first == "" {
		d.fail(curves[0], "missing", "as in line(0, 5000, 10m) const(5000, 30m); or give load.stages or load.follow")
	}
}

// refuse reports those of the fields that the file gives.
func (d *decoder) refuse(what, hint string, paths ...string) {
	for _, path := range paths {
		if d.has(path) {
			d.fail(path, what, hint)
		}
	}
}
