package scenario

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
		d.checkReplay(s.Replay)
	}
	if s.Replay == nil || s.Replay.Clock == ClockProfile {
		d.checkLoad()
	}
	d.checkEndpoint(s)
	if s.Target.Client != "" && s.Target.Endpoint != EndpointBatch {
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

// checkReplay refuses what a replay would silently ignore.
func (d *decoder) checkReplay(r *Replay) {
	switch r.Clock {
	case ClockRecorded:
		const what, hint = "has no meaning on the recorded clock", "set replay.clock to profile, or leave this out"
		d.refuse(what, hint, append(curves[:], "load.arrivals")...)
	case ClockProfile:
		d.refuse("has no meaning on the clock of the profile", "set replay.clock to recorded, or leave this out", "replay.speed")
	}
	if r.Format == FormatCapture {
		const what, hint = "has no meaning for recorded requests", "they are sent byte for byte"
		d.refuse(what, hint, "replay.fields", "batching")
	}
}

// checkEndpoint refuses what the endpoint cannot do.
func (d *decoder) checkEndpoint(s *Scenario) {
	switch c := s.Target.Compression; {
	case s.Target.Endpoint == EndpointV1:
		if s.Replay != nil && s.Replay.Format == FormatCapture {
			d.fail("target.endpoint", "has no meaning for recorded requests", "they are sent byte for byte")
		}
		return
	case c == CompressionDeflate, c == CompressionBrotli, c == CompressionZstd:
		d.fail("target.compression", string(c)+" is for endpoint v1 alone", "set target.endpoint to v1, or compress with gzip")
	}
	if s.Target.Endpoint == EndpointCapture {
		d.checkCapture(s)
	}
}

// checkCapture refuses what single events cannot do.
func (d *decoder) checkCapture(s *Scenario) {
	const hint = "set target.endpoint to batch"
	if s.Batching.MaxEvents > 1 {
		d.fail("batching.events", "must be 1, because the capture endpoint takes one event a request", hint)
	}
	if s.Target.HistoricalMigration {
		d.fail("target.historical_migration", "only batches can set it", hint)
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
