package dryrun

import (
	"math"
	"strings"

	"rehearse/generator/body"
	"rehearse/generator/source"
	"rehearse/internal/capture"
	"rehearse/internal/rng"
	"rehearse/scenario"
)

// sampledRefusals are what was learned of some requests of a run that were built: for which
// reasons an endpoint refuses them whatever their size, and what their events measure.
type sampledRefusals struct {
	reader requestReader
	sizer  capture.MessageSizer
	by     capture.RefusedBy
	events int64

	plain []float64 // sizes of events in a body, in bytes
}

// boundless are limits that nothing exceeds.
var boundless = capture.Limits{Wire: math.MaxInt32, Plain: math.MaxInt32, Event: math.MaxInt32}

// add looks at a batch and what was split from it.
func (r *sampledRefusals) add(b *body.Batch) {
	for ; b != nil; b = b.Overflow {
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
func (r *sampledRefusals) size(e *capture.Received, of *capture.Submission) int {
	return r.sizer.Of(e, of, &capture.Request{}, r.reader.v0.Generation)
}

// refused lists what an endpoint refuses of the whole run.
func (p *weighedSample) refused(w *Weight, most capture.Limits) []capture.Refused {
	var all []capture.Refused
	s, r := p.scenario, &p.refusals
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
	for _, x := range p.excesses(w, most) {
		if x.Events > 0 {
			all = append(all, x)
		}
	}
	return all
}

// excesses estimates what is refused for its size, and for events that are to have no
// distinct_id: those may be too rare for the requests that were built to show one.
func (p *weighedSample) excesses(w *Weight, most capture.Limits) []capture.Refused {
	s, r := p.scenario, &p.refusals
	c := batches{cutterOf(s), s.Load.Curve.Total(), s.Batching.MaxEvents}
	body := newBodySizes(r.plain, float64(s.Batching.Bytes))
	off, ratio := max(w.BodyError, w.WireError), float64(w.Wire)/float64(max(w.Body, 1))
	over := func(limit float64) capture.Refused {
		return c.refused(off, func(n, off float64) (requests, events float64) { return body.over(n, limit, off) })
	}
	wrong := func(share float64) capture.Refused {
		return c.refused(0, func(n, _ float64) (requests, events float64) {
			return invalid(n, share, s.Target.Endpoint)
		})
	}
	wire, plain, event := over(float64(most.Wire)/ratio), capture.Refused{}, wrong(p.largeShare(float64(most.Event)))
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
func (r *sampledRefusals) nameless() (status int, reason string) {
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
func (p *weighedSample) largeShare(most float64) float64 {
	s, r, share := p.scenario, &p.refusals, 0.0
	if most <= capture.MaxEvent { // an event that is to be too large is so by little
		share = shareOf(s, scenario.InvalidOverSize)
	}
	var text []byte
	model := p.synth.Model()
	model.EachKind(max(1, min(mostShown, mostShown*16/len(s.Traffic.Events))), func(e *capture.Event, stands float64) {
		text = capture.AppendSingle(text[:0], "phc_token", e)
		got, err := r.reader.v0.Decode(&capture.Request{Path: []byte(scenario.PathSingle), Body: text})
		if err != nil || len(got.Events) == 0 {
			return
		}
		size := float64(r.size(&got.Events[0], got))
		if size > most {
			share += stands
		} else {
			share += stands * model.Larger(most-(size-float64(len(text))))
		}
	})
	return min(share, 1)
}

// mostShown is how many events of each kind are looked at, of few kinds.
const mostShown = 64

// invalid is how many of the requests that n events become are refused if each event
// is wrong with a probability, and how many events that loses: v1 refuses the event
// alone, v0 its request.
func invalid(n, share float64, e scenario.Endpoint) (requests, events float64) {
	if e == scenario.EndpointV1 {
		return 0, n * share
	}
	refused := -math.Expm1(n * math.Log1p(-min(share, 1-1e-16)))
	return refused, n * refused
}

// batches are those of a whole run.
type batches struct {
	source.Cutter
	events  int64 // of the run
	largest int   // events of the largest batch
}

// manyCuts is how many batches of a run are looked at, evenly spread over its events.
const manyCuts = 256

// refused adds up what each batch of a run loses: lost says so for a batch of n events
// if sizes are larger than they were computed, by a share.
func (c *batches) refused(off float64, lost func(n, off float64) (requests, events float64)) capture.Refused {
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
	hits := max(requests, events/float64(c.largest), 1)
	chance := 1.96 * math.Sqrt(max(1-events/float64(c.events), 0)/hits)
	x.Error = min(math.Hypot(chance, (most-least)/2/float64(x.Events)), 1)
	return x
}

// sum adds up over all batches of a run what each has of two things, from some of
// them.
func (c *batches) sum(of func(n float64) (a, b float64)) (a, b float64) {
	many := min(manyCuts, c.events)
	for j := range many {
		cut, ok := c.At(j, (2*j+1)*c.events/(2*many))
		if !ok {
			continue
		}
		x, y := of(float64(cut.Events))
		weight := float64(c.events) / float64(many) / float64(cut.Events)
		a, b = a+x*weight, b+y*weight
	}
	return a, b
}

// bodySizes tells how large bodies become that are made of events of some sizes.
type bodySizes struct {
	events          []float64 // sizes of events, a comma included
	mean, deviation float64
	limit           float64 // bytes at which a batch is closed
}

func newBodySizes(events []float64, limit float64) *bodySizes {
	b := &bodySizes{events: events, limit: limit}
	squares := 0.0
	for _, size := range events {
		b.mean += size
		squares += size * size
	}
	n := float64(len(events))
	b.mean /= n
	b.deviation = math.Sqrt(max(squares/n-b.mean*b.mean, 0))
	return b
}

// over is how many of the bodies that n events become are larger than most, if sizes
// are larger than they were computed by a share, and how many events those hold. A
// batch that outgrows the byte limit is cut into bodies just below it.
func (b *bodySizes) over(n, most, off float64) (requests, events float64) {
	whole, less := n*b.mean, most/(1+off)
	switch {
	case n <= 1 || whole <= b.limit && most < b.limit:
		p := b.exceeds(n, less)
		return p, p * n
	case most >= b.limit:
		return 0, 0
	}
	full := math.Floor(whole / b.limit)
	each := (b.limit - b.mean/2) / b.mean // events in a body that is full
	p, rest := b.exceeds(each, less), max(n-full*each, 0)
	last := b.exceeds(rest, less)
	return full*p + last, min(full*p*each+last*rest, n)
}

// manySums is how many sums of few sizes are drawn; of more than fewSummed sizes the
// sum is normal.
const (
	manySums  = 200
	fewSummed = 32
)

// exceeds is the probability that n events are larger than most.
func (b *bodySizes) exceeds(n, most float64) float64 {
	middle, spread := n*b.mean, b.deviation*math.Sqrt(n)
	switch {
	case n < 1:
		return 0
	case n <= fewSummed && middle+30*spread > most:
		return b.sums(int(n), most)
	case spread == 0 && middle > most:
		return 1
	case spread == 0:
		return 0
	}
	return math.Erfc((most-middle)/spread/math.Sqrt2) / 2
}

// sums is exceeds for few events, whose sizes are drawn.
func (b *bodySizes) sums(n int, most float64) float64 {
	s, over := rng.NewStream(0, uint64(n)), 0
	for range manySums {
		sum := 0.0
		for range n {
			sum += b.events[s.Below(uint64(len(b.events)))]
		}
		if sum > most {
			over++
		}
	}
	return float64(over) / manySums
}
