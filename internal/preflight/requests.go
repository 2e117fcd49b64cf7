package preflight

import (
	"fmt"
	"math"
	"slices"

	"rehearse/internal/capture"
	"rehearse/internal/preflight/cure"
	"rehearse/internal/text"
	"rehearse/internal/units"
	"rehearse/scenario"
)

// The bounds of requests, a second at the peak.
const (
	// singleRequests is from where on single events are a flood: every client
	// library batches by then (the slowest of them every five seconds).
	singleRequests = 100
	// freshConnections is from where on connections hurt: each costs a handshake,
	// and a port of the load balancer for minutes.
	freshConnections = 20
	// retriedRequests is from where on a client that does not wait when it is
	// asked to keeps an endpoint down.
	retriedRequests = 10
)

// singleEvents refuses one event a request at a rate that batching would serve.
func singleEvents(l *checker) []Finding {
	p := &l.report.Plan
	if l.load.perRequest() > 1.5 || p.PeakRequests < singleRequests {
		return nil
	}
	const batch = 100
	message := fmt.Sprintf("one event a request, %s requests/s at the peak: batches of %d would "+
		"make that %s", text.Rate(p.PeakRequests), batch, text.Rate(p.PeakEvents/batch))
	hint := fmt.Sprintf("set batching.events to %d", batch)
	switch {
	case l.s.Target.Endpoint == scenario.EndpointCapture:
		hint = "set target.endpoint to batch"
	case l.asRecorded():
		hint = replayEvents
	}
	return cured(l.refuse(draft{"single-events", l.batchPath(), message, hint}), cure.Batch(l.s, batch))
}

// connections refuses a connection a request.
func connections(l *checker) []Finding {
	peak := l.report.Plan.PeakRequests
	if !l.s.Target.Reconnect || peak < freshConnections {
		return nil
	}
	return cured(l.refuse(draft{"connection-per-request", "target.keep_alive",
		fmt.Sprintf("every request opens a connection of its own: %s a second at the peak, where "+
			"%d kept open would do", text.Rate(peak), l.report.Plan.Connections),
		"leave target.keep_alive out"}), cure.Set("keep connections open", "target.keep_alive", "true"))
}

// shares says what each of the machines gets that share the load.
func shares(l *checker) []Finding {
	n, all := l.shards, l.s.Target.Connections
	switch {
	case n < 2:
		return nil
	case all < n:
		return l.refuse(draft{"shards", "target.connections",
			fmt.Sprintf("%d machines cannot share %d connections, which are those of the whole run", n, all),
			fmt.Sprintf("set target.connections to %d or more, or use fewer machines", n)})
	}
	each := fmt.Sprintf("%d of the %d connections", all/n, all)
	if more := all % n; more > 0 {
		each += fmt.Sprintf(" (the first %d one more)", more)
	}
	peak := l.report.Plan.PeakRequests / float64(n)
	needed := math.Ceil(peak * l.facts.Service.Seconds())
	return l.note(draft{"shards", "target.connections",
		fmt.Sprintf("each of the %d machines has %s, and sends %s requests/s at the peak, for which it needs %s",
			n, each, text.Rate(peak), text.Count(needed)),
		"target.connections are those of the whole run"})
}

// retries refuses clients that send again before they are asked to.
func retries(l *checker) []Finding {
	peak := l.report.Plan.PeakRequests
	policy := l.s.Policy()
	if l.s.Retry != scenario.RetrySDK || policy.HonoursRetryAfter || peak < retriedRequests {
		return nil
	}
	return cured(l.refuse(draft{"ignores-retry-after", "retry",
		fmt.Sprintf("%s sends each refused request up to %d times more and does not wait as long "+
			"as Retry-After asks: at %s requests/s that keeps a pipeline down that is down",
			l.s.Target.Client, policy.Retries, text.Rate(peak)),
		"set retry to none, or imitate a client that waits, such as posthog-go or posthog-python"}),
		cure.Set("send nothing again", "retry", "none"))
}

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

// largeBodies refuses bodies near the limit at a rate that matters. Those over it are
// refused whatever the rate.
func largeBodies(l *checker) []Finding {
	of := max(float64(l.load.MaxWire)/float64(l.most.Wire),
		float64(l.load.MaxBody)/float64(l.most.Plain))
	if of < nearLimit || l.report.Plan.PeakRequests < manyLarge || len(overLimit(l)) > 0 {
		return nil
	}
	fits := int64(float64(l.s.Batching.MaxEvents) * nearLimit / of / 2)
	return cured(l.refuse(draft{"bodies-near-limit", "batching.events",
		fmt.Sprintf("bodies reach %s (%s before compression), %s of the limit of %s, at %s "+
			"requests/s: a body over the limit loses all of its events",
			text.Size(l.load.MaxWire), text.Size(l.load.MaxBody), text.Percent(of),
			units.FormatBytes(int64(l.most.Wire)), text.Rate(l.report.Plan.PeakRequests)),
		fmt.Sprintf("set batching.events to %d or less", max(fits, 1))}), cure.Batch(l.s, max(fits, 1)))
}

// overLimit refuses bodies and events that are larger than the endpoint takes.
func overLimit(l *checker) []Finding {
	var all []Finding
	for i := range l.load.Refused {
		switch r := &l.load.Refused[i]; r.Oversize {
		case capture.OversizeWire:
			all = append(all, l.bodiesOver(r, "on the wire", int64(l.most.Wire), l.load.MaxWire)...)
		case capture.OversizePlain:
			all = append(all, l.bodiesOver(r, "after decompression", int64(l.most.Plain),
				l.load.MaxBody)...)
		case capture.OversizeEvent:
			all = append(all, l.eventsOver(r)...)
		}
	}
	return all
}

// bodiesOver refuses bodies of up to largest bytes that are over a limit.
func (l *checker) bodiesOver(r *capture.Refused, where string, limit, largest int64) []Finding {
	path, hint := "batching.bytes", ""
	var change cure.Cure
	switch b := &l.s.Batching; {
	case l.asRecorded():
		path, hint = "replay", replayEvents
	case b.MaxEvents > 1:
		fits := limit
		if l.load.MaxWire != l.load.MaxBody && where == "on the wire" {
			fits = int64(spareSize * float64(limit) * float64(l.load.MaxBody) / float64(max(l.load.MaxWire,
				1)))
			fits -= fits % 1000
		}
		hint = fmt.Sprintf("set batching.bytes to %s", units.FormatBytes(fits))
		change = cure.Set("smaller bodies", path, units.FormatBytes(fits))
		if n := int64(spareSize * float64(limit) / float64(max(largest,
			1)) * float64(b.MaxEvents)); n > 0 && largest > limit {
			hint += fmt.Sprintf(", or batching.events to %d or less", n)
		}
	default:
		path, hint = l.sizePath(), "make the properties smaller"
	}
	return cured(l.refuse(draft{"bodies-over-limit", path,
		fmt.Sprintf("%s of %s requests%s exceed the endpoint's limit of %s for a body %s and are "+
			"answered %d: %s of %s events are lost",
			text.Count(r.Requests), text.Count(l.load.Requests), around(r.Error),
			units.FormatBytes(limit), where, r.Status, text.Count(r.Events),
			text.Count(l.load.Events)), hint}), change)
}

// spareSize leaves room for bodies that are larger than those that were looked at.
const spareSize = 0.9

// eventsOver refuses events that are over the limit of one event.
func (l *checker) eventsOver(r *capture.Refused) []Finding {
	path, hint := l.sizePath(), "make the properties smaller"
	switch {
	case l.s.Replay != nil:
		hint = "leave events of that size out of the recording; rehearse sample --survey tells " +
			"where the largest are"
	case slices.ContainsFunc(l.s.Traffic.Faults.Invalid,
		func(f scenario.InvalidShare) bool {
			return f.Kind == scenario.InvalidOverSize &&
				f.Share > 0
		}):
		path, hint = "traffic.faults", "leave over_size out of traffic.faults"
	}
	lost := fmt.Sprintf("answered %d, and with their requests %s of %s events are lost", r.Status,
		text.Count(r.Events), text.Count(l.load.Events))
	if r.Requests == 0 {
		lost = fmt.Sprintf("dropped: %s of %s events are lost", text.Count(r.Events),
			text.Count(l.load.Events))
	}
	return l.refuse(draft{"events-over-limit", path,
		fmt.Sprintf("events become Kafka messages over the limit of %s for one event%s: they are "+
			"%s", units.FormatBytes(int64(l.most.Event)), around(r.Error), lost), hint})
}

// sizePath is the field that says how large events are.
func (l *checker) sizePath() string {
	switch {
	case l.s.Replay != nil:
		return "replay"
	case l.s.Gives("traffic.properties"):
		return "traffic.properties"
	}
	return "traffic.events"
}

// largeEvents says that some events come near the limit of one event.
func largeEvents(l *checker) []Finding {
	if float64(l.largest) < nearLimit*float64(l.most.Event) || len(overLimit(l)) > 0 {
		return nil
	}
	return l.accommodate(draft{"large-events", l.sizePath(),
		fmt.Sprintf("events reach %s, near the limit of %s for one event: an event over the "+
			"limit is refused with its whole batch", text.Size(l.largest),
			units.FormatBytes(int64(l.most.Event))),
		"make the properties smaller, or leave such events out"})
}

// refusedRequests says what else the endpoint does not take.
func refusedRequests(l *checker) []Finding {
	var words []string
	requests, events, off := int64(0), int64(0), 0.0
	for i := range l.load.Refused {
		r := &l.load.Refused[i]
		if r.Oversize != capture.NotOversize || r.Discard != capture.NotDiscarded {
			continue // which findings of their own are about
		}
		requests, events, off = requests+r.Requests, events+r.Events, max(off, r.Error)
		words = append(words, fmt.Sprintf("%d %s (%s)", r.Status, plain(r.Reason, 100),
			text.Count(max(r.Requests, r.Events))))
	}
	if len(words) == 0 {
		return nil
	}
	const most = 5
	path, hint := "target", "print one with rehearse sample, and compare it with what the "+
		"endpoint says"
	switch {
	case l.s.Replay != nil:
		path, hint = "replay", "leave these out of the recording, or expect it"
	case len(l.s.Traffic.Faults.Invalid) > 0 || l.s.Traffic.Faults.Duplicates > 0:
		path, hint = "traffic.faults", "leave these faults out of traffic.faults, unless that is "+
			"what is rehearsed"
	}
	find := l.accommodate
	if 2*events >= l.load.Events {
		find = l.refuse // most of it is lost
	}
	message := fmt.Sprintf("%s requests%s are refused and %s of %s events lost: %s",
		text.Count(requests), around(off), text.Count(events), text.Count(l.load.Events),
		list(words[:min(len(words), most)], max(len(words)-most, 0)))
	return find(draft{"refused-requests", path, message, hint})
}

// batchSize notes batches that are small or large for no reason.
func batchSize(l *checker) []Finding {
	n, p := l.load.perRequest(), &l.report.Plan
	switch {
	case n > largeBatch:
		return cured(l.note(draft{"batch-large", "batching.events",
			fmt.Sprintf("%s events a request: one refusal loses or repeats all of them",
				text.Count(n)),
			fmt.Sprintf("set batching.events to %d or less", largeBatch)}), cure.Batch(l.s, largeBatch))
	case n < smallBatch && n > 1.5:
		hint := fmt.Sprintf("set batching.events to %d or more", smallBatch)
		if l.asRecorded() {
			hint = replayEvents
		}
		return cured(l.note(draft{"batch-small", l.batchPath(),
			fmt.Sprintf("%s events a request, %s requests/s at the peak: batches of 100 would "+
				"make that %s", text.Rate(n), text.Rate(p.PeakRequests),
				text.Rate(p.PeakEvents/100)), hint}), cure.Batch(l.s, smallBatch))
	}
	return nil
}

// uncompressed notes bodies that would shrink.
func uncompressed(l *checker) []Finding {
	each := l.load.Body / max(l.load.Requests, 1)
	if l.s.Target.Compression != scenario.CompressionNone || l.asRecorded() ||
		each < worthCompressing {
		return nil
	}
	return cured(l.note(draft{"gzip-off", "target.compression",
		fmt.Sprintf("bodies travel as they are: %s in all, %s each, of which gzip leaves a "+
			"quarter to a tenth", text.Size(l.load.Wire), text.Size(each)),
		"set target.compression to gzip"}), cure.Set("compress bodies", "target.compression", "gzip"))
}
