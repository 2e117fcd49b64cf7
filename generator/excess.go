package generator

import (
	"math"
	"strings"

	"rehearse/capture"
	"rehearse/scenario"
)

// refusals are what was learned of some requests of a run that were built: for which
// reasons an endpoint refuses them whatever their size, and what their events measure.
type refusals struct {
	reader dryReader
	sizer  capture.MessageSizer
	by     capture.RefusedBy
	events int64

	plain []float64 // sizes of events in a body, in bytes
}

// boundless are limits that nothing exceeds.
var boundless = scenario.EndpointLimits{Wire: math.MaxInt32, Plain: math.MaxInt32, Event: math.MaxInt32}

// add looks at a batch and what was split from it.
func (r *refusals) add(b *Batch) {
	for ; b != nil; b = b.rest {
		r.events += b.Events
		got, refusal := r.reader.read(b)
		if refusal != nil {
			r.by.Add(refusal, 1, b.Events)
			continue
		}
		r.by.Take(got)
		frame := float64(b.Plain)
		for e := range got.All() {
			frame -= float64(len(e.Raw))
		}
		for e := range got.All() {
			r.plain = append(r.plain, float64(len(e.Raw))+frame/float64(got.Len()))
		}
	}
}

// size is that of the message which an event becomes, in bytes.
func (r *refusals) size(e *capture.Received, of *capture.Submission) int {
	return r.sizer.Of(e, of, &capture.Request{}, r.reader.v0.Generation)
}

// refused lists what an endpoint refuses of a run of s.
func (y *Synth) refused(s *scenario.Scenario, w *Weight, r *refusals, most scenario.EndpointLimits) []capture.Refused {
	var all []capture.Refused
	scale := float64(s.Load.Curve.Total()) / float64(max(r.events, 1))
	for _, one := range r.by.All() {
		if isNameless(&one) && shareOf(s, scenario.InvalidNoID) > 0 && len(r.plain) > 0 {
			continue // how many they are is known
		}
		// Half of a 95 % interval of a share that so many of the requests have.
		one.Error = 1.96 / math.Sqrt(float64(max(one.Requests, one.Events/int64(s.Batching.MaxEvents), 1)))
		one.Requests = int64(math.Round(float64(one.Requests) * scale))
		one.Events = int64(math.Round(float64(one.Events) * scale))
		all = append(all, one)
	}
	if len(r.plain) == 0 {
		return all
	}
	c := newCutter(y.schedule, s.Batching, s.Traffic.Seed)
	for _, x := range y.excesses(s, &c, w, r, most) {
		if x.Events > 0 {
			all = append(all, x)
		}
	}
	return all
}

// excesses reckons what is refused for its size, and for events that are to have no
// distinct_id: those may be too rare for the requests that were built to show one.
func (y *Synth) excesses(s *scenario.Scenario, c *cutter, w *Weight, r *refusals, most scenario.EndpointLimits) []capture.Refused {
	body := newBodySizes(r.plain, float64(s.Batching.Bytes))
	off, ratio := max(w.BodyError, w.WireError), float64(w.Wire)/float64(max(w.Body, 1))
	over := func(limit float64) capture.Refused {
		return c.refused(off, func(n, off float64) (requests, events float64) { return body.over(n, limit, off) })
	}
	wrong := func(share float64) capture.Refused {
		return c.refused(0, func(n, _ float64) (requests, events float64) { return spoiled(n, share, s.Target.Endpoint) })
	}
	wire, plain, event := over(float64(most.Wire)/ratio), capture.Refused{}, wrong(y.largeShare(s, r, float64(most.Event)))
	if wire.Requests == 0 { // which would say no first
		plain = over(float64(most.Plain))
	}
	for over, x := range map[capture.Oversize]*capture.Refused{
		capture.OversizeWire: &wire, capture.OversizePlain: &plain, capture.OversizeEvent: &event,
	} {
		x.Status, x.Reason, x.Oversize = 413, over.String(), over
		switch v1 := s.Target.Endpoint == scenario.EndpointV1; {
		case over == capture.OversizeEvent && v1:
			x.Status = 200 // the event is dropped, and the request taken
		case over == capture.OversizeEvent && r.reader.v0.Generation == capture.Generation2024:
			x.Status = 400
		}
	}
	nameless := wrong(shareOf(s, scenario.InvalidNoID))
	nameless.Status, nameless.Reason = r.nameless()
	return []capture.Refused{wire, plain, event, nameless}
}

// nameless is how an event without a distinct_id was refused.
func (r *refusals) nameless() (status int, reason string) {
	for _, one := range r.by.All() {
		if isNameless(&one) {
			return one.Status, one.Reason
		}
	}
	return 400, "event submitted without a distinct_id"
}

// isNameless tells whether that is why requests, or events of v1, were refused.
func isNameless(r *capture.Refused) bool { return strings.Contains(r.Reason, "distinct_id") }

// shareOf is the share of the events that are to be invalid in a way.
func shareOf(s *scenario.Scenario, kind scenario.Invalid) (share float64) {
	for _, f := range s.Traffic.Faults.Invalid {
		if f.Kind == kind {
			share += f.Share
		}
	}
	return share
}

// largeShare is the share of the events that are larger than the endpoint takes: those
// that are to be, those whose properties make them so, and the tail of the sizes.
func (y *Synth) largeShare(s *scenario.Scenario, r *refusals, most float64) float64 {
	share := 0.0
	if most <= capture.MaxEvent { // an event that is to be too large is so by little
		share = shareOf(s, scenario.InvalidOverSize)
	}
	var text []byte
	y.model.EachKind(max(1, min(mostShown, mostShown*16/len(s.Traffic.Events))), func(e *capture.Event, stands float64) {
		text = capture.AppendSingle(text[:0], "phc_token", e)
		got, err := r.reader.v0.Decode(&capture.Request{Path: []byte(scenario.PathSingle), Body: text})
		if err != nil || len(got.Events) == 0 {
			return
		}
		size := float64(r.size(&got.Events[0], got))
		if size > most {
			share += stands
		} else {
			share += stands * y.model.Larger(most-(size-float64(len(text))))
		}
	})
	return min(share, 1)
}

// mostShown is how many events of each kind are looked at, of few kinds.
const mostShown = 64

// spoiled is how many of the requests that n events become are refused if each event
// is wrong with a probability, and how many events that loses: v1 refuses the event
// alone, v0 its request.
func spoiled(n, share float64, e scenario.Endpoint) (requests, events float64) {
	if e == scenario.EndpointV1 {
		return 0, n * share
	}
	refused := -math.Expm1(n * math.Log1p(-min(share, 1-1e-16)))
	return refused, n * refused
}

// manyCuts is how many batches of a run are looked at, evenly spread over its events.
const manyCuts = 256

// refused adds up what each batch of a run loses: lost says so for a batch of n events
// if sizes are larger than they were reckoned, by a share.
func (c *cutter) refused(off float64, lost func(n, off float64) (requests, events float64)) capture.Refused {
	at := func(off float64) (requests, events float64) {
		return c.sum(func(n float64) (requests, events float64) { return lost(n, off) })
	}
	_, least := at(-off)
	_, most := at(off)
	requests, events := at(0)
	if most < 0.5 {
		return capture.Refused{}
	}
	x := capture.Refused{Requests: int64(math.Round(requests)), Events: max(int64(math.Round(events)), 1)}
	hits := max(requests, events/float64(c.batching.MaxEvents), 1)
	chance := 1.96 * math.Sqrt(max(1-events/float64(c.total), 0)/hits)
	x.Error = min(math.Hypot(chance, (most-least)/2/float64(x.Events)), 1)
	return x
}

// sum adds up over all batches of a run what each has of two things, from some of
// them.
func (c *cutter) sum(of func(n float64) (a, b float64)) (a, b float64) {
	many := min(manyCuts, c.total)
	for j := range many {
		cut, ok := c.at(j, (2*j+1)*c.total/(2*many))
		if !ok {
			continue
		}
		x, y := of(float64(cut.events))
		weight := float64(c.total) / float64(many) / float64(cut.events)
		a, b = a+x*weight, b+y*weight
	}
	return a, b
}
