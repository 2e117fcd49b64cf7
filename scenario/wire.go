package scenario

import (
	"strings"

	"rehearse/capture"
	"rehearse/scenario/strict"
)

// Path is a route of v0. One handler of the endpoint serves them all, so that
// each takes bodies of any shape; clients differ in the one that they use.
type Path string

// The routes: of libraries that post batches, of browsers, of the documentation,
// and three older names. The endpoint of 2024 has the first three only.
const (
	PathBatch   Path = "/batch/"
	PathBrowser Path = "/e/"
	PathSingle  Path = "/i/v0/e/"
	PathCapture Path = "/capture/"
	PathTrack   Path = "/track/"
	PathEngage  Path = "/engage/" // an event without a name is $identify there
)

// Known tells whether the endpoint has the route in a generation, with or without
// a slash at its end. What it does not know is answered 404 (capture router.rs).
func (p Path) Known(g capture.Generation) bool {
	switch Path(strings.TrimSuffix(string(p), "/") + "/") {
	case PathBatch, PathBrowser, PathSingle:
		return true
	case PathCapture, PathTrack, PathEngage:
		return g != capture.Generation2024
	}
	return false
}

// Hint is where a request says how its body is compressed.
type Hint string

// The hints. The endpoint of 2024 wants no hint; today's takes the first of
// query and header.
const (
	HintHeader Hint = "header" // Content-Encoding
	HintQuery  Hint = "query"  // ?compression=
	HintNone   Hint = "none"   // nowhere: the endpoint looks at the bytes
)

// Route is where the requests of t go on the endpoint, v1's excepted: what the
// file says, else the client's own, else that of the shape.
func (t *Target) Route() Path {
	h, known := t.Client.Habits()
	switch {
	case t.Path != "":
		return t.Path
	case known:
		return Path(h.Path)
	case t.Endpoint == EndpointArray:
		return PathBrowser
	case t.Endpoint == EndpointCapture:
		return PathSingle
	}
	return PathBatch
}

// Hinted is where the requests of t say how they are compressed.
func (t *Target) Hinted() Hint {
	h, _ := t.Client.Habits()
	switch {
	case t.Hint != "":
		return t.Hint
	case h.Unhinted:
		return HintNone
	}
	return HintHeader
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
		d.Fail("target.compression", string(c)+" is for endpoint v1 alone", "set target.endpoint to v1, or compress with gzip")
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
	d.Refuse("has no meaning for endpoint v1", "leave it out, or set target.endpoint to batch", "target.path", "target.hint")
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
		d.Fail("staging.v1", "requests go to v1, which the endpoint is set up without", "leave staging.v1 out, or set target.endpoint to batch")
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
		d.Fail("staging.generation", "the service of 2024 does not know "+string(path), hint+", or leave target.path out")
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
