package dryrun

import (
	"math"
	"time"

	"rehearse/generator/body"
	"rehearse/generator/source"
	"rehearse/generator/transport"
	"rehearse/internal/capture"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// Weight is what the requests of a run weigh, estimated from some stretches of it.
type Weight struct {
	Requests int64
	Body     int64 // bytes before compression
	Wire     int64 // bytes of heads and bodies as they travel
	MaxBody  int64 // about the largest body, before compression
	MaxWire  int64 // and as it travels, without its head

	// Refused is what an endpoint would refuse, by reason.
	Refused []capture.Refused

	// The errors are half the width of a 95 % interval, as a share; 0: exact.
	RequestError float64
	BodyError    float64
	WireError    float64

	head int64 // bytes of a request before its body
}

// The sample of Weigh: stretches evenly spread over the run, each of so many
// events, in whole batches. A batch of more events is built with no more than
// longBatch of them: what one weighs does not change beyond.
const (
	stretches     = 24
	stretchEvents = 600
	longBatch     = 1000
)

// Weigh estimates the weight of a run by building some of its requests, with the
// builders of the run itself, and what an endpoint with these limits would refuse.
// The same scenario and start give the same estimate. Where something is refused of a
// run that is small enough, all of it is built to count that.
func Weigh(s *scenario.Scenario, to *transport.Destination, start time.Time, most capture.Limits) Weight {
	weight := estimate(s, to, start, most)
	if len(weight.Refused) > 0 && weight.Body <= cheapBytes {
		// Synthesized traffic has no file that could fail.
		if by, err := countRefused(s, to, start, most); err == nil {
			weight.Refused = by
		}
	}
	return weight
}

// cheapBytes is how much is built before compression to count what is refused: about
// a second's work.
const cheapBytes = 64 << 20

// countRefused counts what an endpoint refuses of a run, all of which is built.
func countRefused(s *scenario.Scenario, to *transport.Destination, start time.Time,
	most capture.Limits) ([]capture.Refused, error) {
	var by capture.RefusedBy
	_, err := Run(s, to, start, most, func() func(*Built) {
		return func(d *Built) {
			if d.Refusal != nil {
				by.Add(d.Refusal, 1, d.Events)
			} else {
				by.Take(d.Submission)
			}
		}
	})
	return by.All(), err
}

// estimate is Weigh from a sample alone.
func estimate(s *scenario.Scenario, to *transport.Destination, start time.Time, most capture.Limits) Weight {
	total := s.Load.Curve.Total()
	short := *s
	short.Batching.MinEvents = min(s.Batching.MinEvents, longBatch)
	short.Batching.MaxEvents = min(s.Batching.MaxEvents, longBatch)
	short.Batching.Age = 0
	y, _ := source.NewSynth(&short)
	short.Batching.Age = s.Batching.Age
	p := weighedSample{
		scenario: s, synth: y, builder: body.NewBuilder(s, start), sizes: transport.NewSizeEstimate(s, to, start),
		cutter: cutterOf(&short), refusals: sampledRefusals{reader: newRequestReader(s, boundless)},
	}
	var plain, wire ratio
	var weight Weight
	n := min(stretches, max(total/stretchEvents, 1))
	for k := range n {
		t := p.stretch((2*k + 1) * total / (2 * n))
		weight.MaxBody, weight.MaxWire = max(weight.MaxBody, t.maxBody), max(weight.MaxWire, t.maxWire)
		plain.add(float64(t.body), float64(t.events))
		wire.add(float64(t.wire), float64(t.events))
		weight.head = t.head
	}
	weight.Body, weight.BodyError = plain.total(total)
	weight.Wire, weight.WireError = wire.total(total)
	weight.lengthen(&s.Batching)
	weight.Requests, weight.RequestError = countCuts(s)
	weight.split(s.Batching.Bytes)
	weight.Refused = p.refused(&weight, most)
	weight.Wire += weight.head * weight.Requests
	return weight
}

// lengthen extrapolates from batches that were built short to those of the run.
func (w *Weight) lengthen(b *scenario.Batching) {
	if b.MaxEvents <= longBatch {
		return
	}
	times := float64(b.MaxEvents) / longBatch
	longest := min(times*float64(w.MaxBody), float64(b.Bytes))
	w.MaxWire = int64(float64(w.MaxWire) * longest / float64(max(w.MaxBody, 1)))
	w.MaxBody = int64(longest)
	w.WireError = math.Hypot(w.WireError, shortError)
}

// shortError is how much worse a compressor does on the batches that are built,
// which hold the less to refer back to.
const shortError = 0.005

// split adds the requests that bodies become which outgrow the byte limit. A body
// of less than half of it does not: sizes are not known to vary that much among
// so many events.
func (w *Weight) split(limit int64) {
	if 2*w.MaxBody < limit || w.Requests == 0 {
		return
	}
	mean := float64(w.Body) / float64(w.Requests)
	parts := func(body float64) float64 { return math.Ceil(body / float64(limit)) }
	least, likely, most := parts(mean*(1-w.BodyError)), parts(mean), parts(mean*(1+w.BodyError))
	w.Requests = int64(float64(w.Requests) * likely)
	w.RequestError = math.Hypot(w.RequestError, max((most-least)/likely, fewSplit))
}

// fewSplit is the error of a count of requests where some bodies may be cut by
// their bytes that are larger than the mean one.
const fewSplit = 0.02

// The cuts of a run that closes batches by their age.
const (
	fewEvents = 2_000_000 // below so many events they are counted
	ageError  = 0.02      // of reckoning with the mean rate of each moment
)

// countCuts is how many requests the events are cut into, before any body is cut
// by its bytes.
func countCuts(s *scenario.Scenario) (requests int64, off float64) {
	schedule := schedule.New(s.Load.Curve, s.Load.Arrivals, s.Traffic.Seed)
	if s.Batching.Age == 0 || schedule.Total() <= fewEvents {
		cutter := source.NewCutter(schedule, s.Batching, s.Traffic.Seed)
		return cutter.Count(), 0
	}
	const pieces = 64
	full, sum := float64(s.Batching.MinEvents+s.Batching.MaxEvents)/2, 0.0
	for _, stage := range s.Load.Curve.Stages() {
		for k := range pieces {
			rate := stage.From + (stage.To-stage.From)*(float64(k)+0.5)/pieces
			// The first event of a batch opens it, and others come for as long as its age.
			sum += rate / min(full, 1+rate*s.Batching.Age.Seconds()) * stage.Over.Seconds() / pieces
		}
	}
	return int64(math.Ceil(sum)), ageError
}

// weighed is what some requests weigh.
type weighed struct{ events, body, wire, head, maxBody, maxWire int64 }

// add adds a request and what was split from it.
func (t *weighed) add(b *body.Batch, sizes *transport.SizeEstimate) {
	for ; b != nil; b = b.Overflow {
		t.events += b.Events
		t.body += int64(b.Plain)
		t.wire += int64(len(b.Body))
		t.head = sizes.Of(b) - int64(len(b.Body))
		t.maxBody, t.maxWire = max(t.maxBody, int64(b.Plain)), max(t.maxWire, int64(len(b.Body)))
	}
}

// weighedSample is some requests of a run, as they are built.
type weighedSample struct {
	scenario *scenario.Scenario
	synth    *source.Synth
	builder  *body.Builder
	sizes    *transport.SizeEstimate
	cutter   source.Cutter // of batches that are no longer than longBatch
	refusals sampledRefusals
}

// cutterOf cuts the events of a run of s into batches.
func cutterOf(s *scenario.Scenario) source.Cutter {
	return source.NewCutter(schedule.New(s.Load.Curve, s.Load.Arrivals, s.Traffic.Seed), s.Batching, s.Traffic.Seed)
}

// stretch builds requests from event first on until they hold stretchEvents.
func (p *weighedSample) stretch(first int64) (t weighed) {
	b := new(body.Batch)
	// Sizes of batches come in pairs; any even number is as good as another.
	for k := first &^ 1; t.events < stretchEvents; k++ {
		c, ok := p.cutter.At(k, first)
		if !ok {
			break
		}
		b.Reset()
		b.First, b.Within, b.Events, b.Due = c.First, c.First, c.Events, c.Due
		p.synth.Build(b, p.builder)
		t.add(b, p.sizes)
		p.refusals.add(b)
		first += c.Events
	}
	return t
}

// ratio estimates what an event has of something, from stretches that stand for
// equal parts of a run.
type ratio struct{ n, sum, squares float64 }

func (r *ratio) add(part, events float64) {
	x := part / max(events, 1)
	r.n, r.sum, r.squares = r.n+1, r.sum+x, r.squares+x*x
}

// total is the estimate for events, and half of its 95 % interval as a share of it.
func (r *ratio) total(events int64) (int64, float64) {
	mean := r.sum / max(r.n, 1)
	if r.n < 2 || mean == 0 {
		return int64(math.Round(mean * float64(events))), 1
	}
	variance := max(r.squares/r.n-mean*mean, 0) * r.n / (r.n - 1)
	return int64(math.Round(mean * float64(events))), 1.96 * math.Sqrt(variance/r.n) / mean
}
