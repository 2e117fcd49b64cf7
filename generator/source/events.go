package source

import (
	"errors"
	"io"
	"time"

	"rehearse/generator/body"
	"rehearse/internal/capture"
	"rehearse/internal/recording"
	"rehearse/scenario"
)

// eachEvent is told of an event by its number, and when it is due. The event is good
// until the next.
type eachEvent func(i int64, due time.Duration, e *capture.Event) error

// Events deals out what is left of the source, and tells of each event what is sent,
// timestamps aside. An event of a recorded request that was sent without a uuid has none,
// and so have those that the endpoint drops unseen.
func (o *Opened) Events(s *scenario.Scenario, each eachEvent) error {
	w := body.NewBuilder(s, time.Time{})
	if o.dealt.synth != nil {
		o.dealt.synth.prepare(w)
	}
	for b := new(body.Batch); ; b.Reset() {
		if err := o.Next(b); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := o.dealt.tell(b, w, each); err != nil {
			return err
		}
	}
}

// tell tells of the events of b.
func (y *Synth) tell(b *body.Batch, w *body.Builder, each eachEvent) error {
	for i := b.First; i < b.First+b.Events; i++ {
		y.model.Write(&w.Event, i, &w.Traffic)
		if err := each(i, w.Traffic.Due(i), &w.Event); err != nil {
			return err
		}
	}
	return nil
}

// tell tells of the events of b.
func (r *eventReplay) tell(b *body.Batch, w *body.Builder, each eachEvent) error {
	for i := range b.Events {
		r.Fill(b, i, w)
		if err := each(b.First+i, b.Due, &w.Event); err != nil {
			return err
		}
	}
	return nil
}

// tell tells of the events of a recorded request, in the order in which it has them.
// Those of v1 that are refused have numbers as well.
func (r *requestReplay) tell(b *body.Batch, w *body.Builder, each eachEvent) error {
	q := recording.Request{Path: b.Path, Body: b.Body, ContentType: b.ContentType, ContentEncoding: b.ContentEncoding,
		Headers: b.Headers}
	got, err := r.decoder.Decode(&q)
	next := b.First
	tell := func(e *capture.Event) error {
		next++
		return each(next-1, b.Due, e)
	}
	if err == nil {
		refused := got.Results
		for e := range got.All() {
			for len(refused) > 0 && refused[0].UUID != e.UUID {
				if err := tell(&capture.Event{UUID: refused[0].UUID}); err != nil {
					return err
				}
				refused = refused[1:]
			}
			refused = refused[min(1, len(refused)):]
			w.Event = capture.Event{Name: e.Event, DistinctID: e.DistinctID, UUID: e.UUID, Properties: e.Properties}
			if next == b.First+b.Events {
				return errors.New("a request has more events than were counted")
			}
			if err := tell(&w.Event); err != nil {
				return err
			}
		}
	}
	for next < b.First+b.Events {
		if err := tell(&capture.Event{}); err != nil {
			return err
		}
	}
	return nil
}
