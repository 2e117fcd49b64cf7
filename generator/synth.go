package generator

import (
	"io"

	"rehearse/generator/traffic"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// Synth is the source of synthesized events. Event i is a function of the
// scenario and i alone: any event can be made without those before it, and the
// bytes are the same whoever makes them.
type Synth struct {
	model    *traffic.Model
	schedule *schedule.Schedule
	cutter   cutter
	tokens   *tokens // nil: the target's alone
	fill     eventFiller

	batches, events int64 // dealt out so far
}

// NewSynth returns a source for the scenario's traffic, and what it will deliver.
func NewSynth(s *scenario.Scenario) (*Synth, Plan) {
	schedule := schedule.New(s.Load.Curve, s.Load.Arrivals, s.Traffic.Seed)
	y := &Synth{
		model:    traffic.New(s.Traffic, s.Load.Curve),
		schedule: schedule,
		cutter:   newCutter(schedule, s.Batching, s.Traffic.Seed),
		tokens:   newTokens(s.Traffic),
	}
	y.fill = y.fillEvent
	p := s.Load.Curve
	return y, Plan{
		Events: schedule.Total(), Requests: y.cutter.count(), Span: p.Span(),
		Peak: p.Peak(), Rate: p.Rate, Lanes: 1,
	}
}

// Next deals out the next batch.
func (y *Synth) Next(b *Batch) error {
	c, ok := y.cutter.at(y.batches, y.events)
	if !ok {
		return io.EOF
	}
	b.First, b.Events, b.Due, b.planned = c.first, c.events, c.due, c.first
	y.batches++
	y.events += c.events
	return nil
}

// Build makes the body of b.
func (y *Synth) Build(b *Batch, w *Workbench) {
	y.prepare(w)
	if y.tokens != nil {
		w.envelope.Token = y.tokens.of(b.planned)
	}
	w.assemble(b, y.fill)
}

// prepare readies a workbench for synthesized events.
func (y *Synth) prepare(w *Workbench) {
	if w.pen.Due == nil {
		w.pen.Start, w.pen.Due = w.origin, y.schedule.Cursor().Due
	}
}

// fillEvent writes event b.First+i into w.event.
func (y *Synth) fillEvent(b *Batch, i int64, w *Workbench) {
	y.model.Write(&w.event, b.First+i, &w.pen)
}
