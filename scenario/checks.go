package scenario

import (
	"fmt"
	"net"
	"net/url"
	"slices"

	"rehearse/internal/capture"
	"rehearse/scenario/schedule"
	"rehearse/scenario/strict"
)

// curves are the four ways to give the load.
var curves = [...]string{"load.profile", "load.stages", "load.follow", closedPath}

// check judges what the sections mean together. It looks at what the file gives
// rather than at values, because a default contradicts nothing.
func check(d *strict.Document, s *Scenario) {
	if s.Traffic != nil && s.Replay != nil {
		d.Fail("replay", "given beside traffic", "events are synthesized or replayed: keep one of the two")
		return
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
	checkClosed(d, s)
	checkWatched(d, s)
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
		d.Fail("target.client", "has no meaning for endpoint "+string(s.Target.Endpoint),
			"the client decides where it sends: leave target.endpoint out")
	}
	if s.Target.Client != "" && s.Replay != nil && s.Replay.Format == FormatCapture {
		d.Fail("target.client", "has no meaning for recorded requests", "they are sent byte for byte")
	}
	if s.Target.URL != "" {
		d.Refuse("has no meaning: target.url names an endpoint that is not embedded", "leave one of the two out",
			"staging")
	}
}

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
		d.Fail(curves[0], "missing", "as in line(0, 5000, 10m) const(5000, 30m); or give load.stages, load.follow or "+
			"load.closed")
	}
}

// isLoopback reports whether a URL names this machine, without asking anybody.
func isLoopback(target string) bool {
	if target == "" {
		return true
	}
	u, err := url.Parse(target)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// checkReplay refuses what a replay would silently ignore, and settles what
// depends on the target.
func checkReplay(d *strict.Document, s *Scenario) {
	r := s.Replay
	if !d.Has("replay.pseudonymize") {
		r.Pseudonymize = !isLoopback(s.Target.URL) // Recorded data does not leave by mistake.
	}
	if !d.Has("replay.quarantine") {
		r.Quarantine = KeptLines
		if r.Pseudonymize {
			r.Quarantine = KeptPlaces
		}
	}
	switch r.Clock {
	case ClockRecorded:
		const what, hint = "has no meaning on the recorded clock", "set replay.clock to profile, or leave this out"
		d.Refuse(what, hint, slices.Concat(curves[:], []string{"load.arrivals"})...)
	case ClockProfile:
		d.Refuse("has no meaning on the clock of the profile", "set replay.clock to recorded, or leave this out",
			"replay.speed", "replay.max_gap")
	}
	if r.Format == FormatCapture {
		const what, hint = "has no meaning for recorded requests", "they are sent byte for byte"
		d.Refuse(what, hint, "replay.fields", "batching", "replay.sample", "replay.reorder", "replay.timestamps",
			"replay.keep", "replay.loop", "replay.pass")
		if r.Pseudonymize {
			d.Fail("replay.pseudonymize", "recorded requests cannot be pseudonymized",
				"they are sent byte for byte; to a target that is not this machine only with pseudonymize: false")
		}
	}
	if !r.Pseudonymize {
		d.Refuse("has no meaning unless replay.pseudonymize is true", "", "replay.key", "replay.keep")
	}
}

// checkEndpoint refuses what the endpoint cannot do.
func checkEndpoint(d *strict.Document, s *Scenario) {
	if s.Replay != nil && s.Replay.Format == FormatCapture {
		const what, hint = "has no meaning for recorded requests", "they are sent byte for byte"
		d.Refuse(what, hint, "target.path", "target.hint")
		if s.Target.Endpoint == EndpointV1 {
			d.Fail("target.endpoint", what, hint)
		}
	}
	checkGeneration(d, s)
	if s.Target.Endpoint == EndpointV1 {
		checkV1(d, s)
		return
	}
	switch c := s.Target.Compression; c {
	case CompressionDeflate, CompressionBrotli, CompressionZstd:
		d.Fail("target.compression", string(c)+" is for endpoint v1 alone",
			"set target.endpoint to v1, or compress with gzip")
		return
	}
	checkHint(d, &s.Target)
	switch s.Target.Endpoint {
	case EndpointCapture:
		checkCapture(d, s)
	case EndpointArray:
		if s.Target.HistoricalMigration {
			d.Fail("target.historical_migration", "a list has no place for it", "set target.endpoint to batch")
		}
	}
}

// checkV1 refuses what has a meaning for v0 only.
func checkV1(d *strict.Document, s *Scenario) {
	d.Refuse("has no meaning for endpoint v1", "leave it out, or set target.endpoint to batch", "target.path",
		"target.hint")
}

// checkHint refuses a hint at nothing.
func checkHint(d *strict.Document, t *Target) {
	if d.Has("target.hint") && t.Compression == CompressionNone {
		d.Fail("target.hint", "has no meaning without compression", "leave it out")
	}
}

// checkGeneration refuses what the embedded endpoint lacks when it is of 2024: it
// would answer 404 to every request (hog-rs router.rs).
func checkGeneration(d *strict.Document, s *Scenario) {
	if s.Target.Endpoint == EndpointV1 && s.Staging.Setup.NoV1 {
		d.Fail("staging.v1", "requests go to v1, which the endpoint is set up without",
			"leave staging.v1 out, or set target.endpoint to batch")
	}
	if s.Staging.Generation != capture.Generation2024 {
		return
	}
	const hint = "set staging.generation to current"
	if s.Target.Endpoint == EndpointV1 {
		d.Fail("staging.generation", "the service of 2024 has no v1", hint+", or target.endpoint to batch")
		return
	}
	if path := s.Target.Route(); !path.Known(capture.Generation2024) {
		d.Fail("staging.generation", "the service of 2024 does not know "+string(path),
			hint+", or leave target.path out")
	}
}

// checkCapture refuses what single events cannot do.
func checkCapture(d *strict.Document, s *Scenario) {
	const hint = "set target.endpoint to batch"
	if s.Batching.MaxEvents > 1 {
		d.Fail("batching.events", "must be 1, because the capture endpoint takes one event a request", hint)
	}
	if s.Target.HistoricalMigration {
		d.Fail("target.historical_migration", "only batches can set it", hint)
	}
}

// checkTraffic refuses a traffic whose shape no events could have.
func checkTraffic(d *strict.Document, s *Scenario) {
	t := s.Traffic
	if len(t.Tokens) > 0 {
		d.Refuse("given beside traffic.tokens", "keep one of the two", tokenPath)
	}
	total := s.Load.Curve.Total()
	merges, server := t.mergeShare()
	special := t.DistinctIDs.Growth + t.Faults.sum()
	for i, h := range t.DistinctIDs.Hot {
		if total > 0 && h.Events > total {
			d.Fail(fmt.Sprintf("traffic.distinct_ids.hot[%d].events", i),
				fmt.Sprintf("more than the %d events of the run", total), "")
		}
		special += h.Part(total)
	}
	if ordinary := 1 - merges; special > ordinary+1e-9 {
		d.Fail("traffic.distinct_ids",
			fmt.Sprintf("hot ids, growth and faults are to take %s of the events, but merges leave %s",
				percent(special),
				percent(ordinary)),
			"merges are never of a hot id: lower one of the shares")
		return
	}
	checkMerges(d, t, merges, (1-merges-special+t.DistinctIDs.Growth)*(1-server))
}

// checkMerges compares the merges with the visits that they can end, out of the
// share of events that visits are made of.
func checkMerges(d *strict.Document, t *Traffic, merges, visiting float64) {
	visits := visiting / t.Visits.Events
	if t.Visits.Anonymous > 0 {
		visits *= t.Visits.Anonymous
	}
	ends := merges * (1 - t.Merges.Repeated())
	switch delayed := t.Merges.Delay != (Delay{}); {
	case delayed && ends <= visits+1e-9 && 2*ends > visits+1e-9:
		d.Fail("traffic.merges.delay",
			fmt.Sprintf("%s of the events are to be merges, and %s begin a visit that a merge can end, which are not "+
				"twice as "+
				"many", percent(ends), percent(visits)),
			"while the first of the delayed merges are still to come, other visits end in one beside those that "+
				"wait: give "+
				"the merges less weight, or make visits shorter")
	case ends > visits+1e-9:
		d.Fail("traffic.events",
			fmt.Sprintf("%s of the events are to be merges, but only %s begin a visit that a merge can end",
				percent(ends),
				percent(visits)),
			"every merge names an anonymous id that has an earlier event, from a browser or a mobile: lower the "+
				"weights of "+
				"$identify, $create_alias and $merge_dangerously, or make visits shorter")
	}
	if t.Merges.Reused > 0 && t.DistinctIDs.Count < 2 {
		d.Fail("traffic.merges.reused", "has no meaning in a population of one", "no other person can have the id")
	}
	if t.Merges.Identified > 0 && t.DistinctIDs.Count < 2 {
		d.Fail("traffic.merges.identified", "has no meaning in a population of one", "there is no second person")
	}
	if merges == 0 && (t.Merges != Merges{} || t.Faults.EarlyMerges > 0) {
		d.Refuse("has no meaning without merges", "give $identify, $create_alias or $merge_dangerously a weight",
			"traffic.merges", "traffic.faults.merges_out_of_order")
	}
}

// Part is the share of a run's events that the id is to have.
func (h HotID) Part(total int64) float64 {
	if h.Events == 0 || total == 0 {
		return h.Share
	}
	return float64(h.Events) / float64(total)
}

// mergeShare is the share of the events that are merges, and the share of the
// others that come from servers.
func (t *Traffic) mergeShare() (merges, server float64) {
	var all, other float64
	for _, e := range t.Events {
		all += e.Weight
		switch {
		case IsMerge(e.Name):
			merges += e.Weight
		case e.From == FromServer:
			server += e.Weight
			other += e.Weight
		default:
			other += e.Weight
		}
	}
	if all == 0 {
		return 0, 0
	}
	return merges / all, server / max(other, 1e-300)
}

// percent writes a share as the file would.
func percent(share float64) string { return fmt.Sprintf("%.4g%%", max(share, 0)*100) }
