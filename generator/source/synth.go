package source

import (
	"io"
	"sort"
	"sync"
	"time"

	"rehearse/generator/body"
	"rehearse/generator/traffic"
	"rehearse/internal/deflate"
	"rehearse/internal/rng"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// Synth is the source of synthesized events. Event i is a function of the
// scenario and i alone: any event can be made without those before it, and the
// bytes are the same whichever goroutine makes them.
type Synth struct {
	model    *traffic.Model
	schedule *schedule.Schedule
	cutter   Cutter
	tokens   *tokens // nil: the target's alone

	structure       func() *body.Structure // of the bodies
	batches, events int64                  // dealt out so far
}

// NewSynth returns a source for the scenario's traffic, and what it will deliver.
func NewSynth(s *scenario.Scenario) (*Synth, Plan) {
	schedule := schedule.New(s.Load.Curve, s.Load.Arrivals, s.Traffic.Seed)
	y := &Synth{
		model:    traffic.New(s.Traffic, s.Load.Curve),
		schedule: schedule,
		cutter:   NewCutter(schedule, s.Batching, s.Traffic.Seed),
		tokens:   newTokens(s.Traffic),
	}
	y.structure = sync.OnceValue(func() *body.Structure { return y.learn(s) })
	p := s.Load.Curve
	return y, Plan{
		Events: schedule.Total(), Requests: y.cutter.Count(), Span: p.Span(),
		Peak: p.Peak(), Rate: p.Rate, Lanes: 1,
	}
}

// Model is the model of the events.
func (y *Synth) Model() *traffic.Model { return y.model }

// Next deals out the next batch.
func (y *Synth) Next(b *body.Batch) error {
	c, ok := y.cutter.At(y.batches, y.events)
	if !ok {
		return io.EOF
	}
	b.First, b.Events, b.Due, b.Within = c.First, c.Events, c.Due, c.First
	y.batches++
	y.events += c.Events
	return nil
}

// Build makes the body of b.
func (y *Synth) Build(b *body.Batch, w *body.Builder) {
	y.prepare(w)
	if y.tokens != nil {
		w.SetToken(y.tokens.of(b.Within))
	}
	w.Assemble(b, y)
}

// prepare readies a builder for synthesized events.
func (y *Synth) prepare(w *body.Builder) {
	if w.Traffic.Due == nil {
		w.Traffic.Start, w.Traffic.Due = w.Origin, y.schedule.Cursor().Due
		w.Use(y.structure())
	}
}

// learn builds the first events of the run in full batches to learn what bodies repeat,
// which so is a function of the scenario alone.
func (y *Synth) learn(s *scenario.Scenario) *body.Structure {
	if s.Target.Compression != scenario.CompressionGzip && s.Target.Compression != scenario.CompressionDeflate {
		return nil
	}
	plain := *s
	plain.Target.Compression, plain.Target.Hint = scenario.CompressionNone, ""
	w := body.NewBuilder(&plain, time.Unix(0, 0))
	w.Traffic.Start, w.Traffic.Due = w.Origin, y.schedule.Cursor().Due
	w.TakeHints()
	total, events := y.schedule.Total(), int64(s.Batching.MaxEvents)
	events = min(events, total, mostLearned)
	var samples []deflate.TrainingText
	for first := int64(0); first+events <= min(total, mostLearned) && events > 1; first += events {
		b := body.Batch{First: first, Events: events}
		w.Assemble(&b, y)
		if b.Overflow != nil {
			return nil // not as large as they should be: the general compressor knows how to go on
		}
		samples = append(samples, w.Sample(&b))
	}
	if len(samples) == 0 {
		return nil
	}
	return body.NewStructure(samples, events, y.model.HintKeys(), s.Target.Compression)
}

// mostLearned is from how many events at most it is learned what bodies repeat.
const mostLearned = 1000

// Fill writes event b.First+i into w.Event.
func (y *Synth) Fill(b *body.Batch, i int64, w *body.Builder) {
	y.model.Write(&w.Event, b.First+i, &w.Traffic)
}

// Append appends event b.First+i.
func (y *Synth) Append(dst []byte, b *body.Batch, i int64, w *body.Builder) []byte {
	return y.model.Append(dst, &w.Event, b.First+i, &w.Traffic)
}

// tokens are those of several projects. Which one a batch has is drawn from
// the seed and the number of its first event; a batch that is split because of
// its bytes keeps it.
type tokens struct {
	seed   uint64
	text   []string
	upTo   []float64 // sums of the weights
	weight float64
}

// newTokens prepares the draws, nil if there is but the target's token.
func newTokens(t *scenario.Traffic) *tokens {
	if len(t.Tokens) == 0 {
		return nil
	}
	k := &tokens{seed: t.Seed ^ tokenSalt}
	for _, share := range t.Tokens {
		k.weight += share.Weight
		k.text = append(k.text, share.Token.Reveal())
		k.upTo = append(k.upTo, k.weight)
	}
	return k
}

// of returns the token of the batch that begins with event first.
func (k *tokens) of(first int64) string { return k.text[k.index(first)] }

// index is the number of that token in the scenario, from 0.
func (k *tokens) index(first int64) int {
	s := rng.NewStream(k.seed, uint64(first))
	x := s.Float64() * k.weight
	return sort.Search(len(k.upTo)-1, func(i int) bool { return x < k.upTo[i] })
}

// tokenSalt keeps the draws of tokens apart from all others.
const tokenSalt = 0x2f6d63a1c4b85e97
