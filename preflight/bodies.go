package preflight

import (
	"fmt"

	"rehearse/capture"
	"rehearse/scenario"
)

// The bounds of bodies and batches.
const (
	// nearLimit is how close to a limit a body may come: sizes vary, and a body
	// beyond it is lost whole.
	nearLimit = 0.8
	// manyLarge is how many such requests a second are many: each is held in
	// memory by every process that it passes.
	manyLarge = 1
	// smallBatch is how many events make a request worth while: what the smallest
	// batch of the client libraries has (posthog-node).
	smallBatch = 20
	// largeBatch is where a request is lost with more events than anybody likes to
	// send again: the import worker and the libraries stay below it.
	largeBatch = 5000
	// worthCompressing is from where on a body shrinks to a fraction, in bytes.
	worthCompressing = 1 << 10
)

// bodyLimit is the largest body on the wire.
func (l *look) bodyLimit() int64 {
	switch {
	case l.facts.Body > 0:
		return l.facts.Body
	case l.s.Target.Endpoint == scenario.EndpointV1:
		return capture.MaxWireV1
	}
	return int64(l.generation().MaxWire())
}

// plainLimit is the largest body once decompressed: five times as much as may
// travel. In 2024 there was none, and the embedded endpoint keeps today's.
func (l *look) plainLimit() int64 {
	if l.generation() == capture.Generation2024 {
		return 5 * capture.MaxWire
	}
	return 5 * l.bodyLimit()
}

// largeBodies refuses bodies near the limit at a rate that matters.
func largeBodies(l *look) []Finding {
	wire, plain := l.bodyLimit(), l.plainLimit()
	of := max(float64(l.load.MaxWire)/float64(wire), float64(l.load.MaxBody)/float64(plain))
	if of < nearLimit || l.report.Plan.PeakRequests < manyLarge {
		return nil
	}
	fits := int64(float64(l.s.Batching.MaxEvents) * nearLimit / of / 2)
	return l.refuse(saying{"bodies-near-limit", "batching.events",
		fmt.Sprintf("bodies of up to %s (%s before compression), %s of the limit of %s, %s times a second: one that is larger is refused with all its events",
			size(l.load.MaxWire), size(l.load.MaxBody), percent(of), size(wire), rate(l.report.Plan.PeakRequests)),
		fmt.Sprintf("set batching.events to %d or less", max(fits, 1))})
}

// largeEvents says that some events are refused, each with its whole batch.
func largeEvents(l *look) []Finding {
	if float64(l.largest) < nearLimit*float64(l.facts.Event) {
		return nil
	}
	path := "traffic.properties"
	if l.s.Replay != nil {
		path = "replay"
	}
	return l.accommodate(saying{"large-events", path,
		fmt.Sprintf("events of %s and more come near the limit of %s for one event: one that is larger is refused with its whole batch", size(l.largest), size(l.facts.Event)),
		"make properties smaller, or leave such events out"})
}

// batchSize notes batches that are small or large for no reason.
func batchSize(l *look) []Finding {
	n, p := l.load.perRequest(), &l.report.Plan
	switch {
	case n > largeBatch:
		return l.note(saying{"batch-large", "batching.events",
			fmt.Sprintf("%s events a request: one refusal loses or repeats all of them", count(n)),
			fmt.Sprintf("set batching.events to %d or less", largeBatch)})
	case n < smallBatch && n > 1.5:
		hint := fmt.Sprintf("set batching.events to %d or more", smallBatch)
		if l.asRecorded() {
			hint = replayEvents
		}
		return l.note(saying{"batch-small", l.batchPath(),
			fmt.Sprintf("%s events a request, %s requests/s at the peak: batches of 100 would make that %s", rate(n), rate(p.PeakRequests), rate(p.PeakEvents/100)), hint})
	}
	return nil
}

// uncompressed notes bodies that would shrink.
func uncompressed(l *look) []Finding {
	each := l.load.Body / max(l.load.Requests, 1)
	if l.s.Target.Compression != scenario.CompressionNone || l.asRecorded() || each < worthCompressing {
		return nil
	}
	return l.note(saying{"gzip-off", "target.compression",
		fmt.Sprintf("bodies travel as they are: %s in all, %s each, of which gzip leaves a quarter to a tenth", size(l.load.Wire), size(each)),
		"set target.compression to gzip"})
}
