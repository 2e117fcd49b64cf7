package generator

import (
	"slices"

	"rehearse/capture"
	"rehearse/results"
)

// tooLarge tells whether b was refused for its size, by an endpoint whose client
// tries again at once with fewer events: posthog-node halves its batches, down to
// single events (@posthog/core, _flushRoute).
func (r *retries) tooLarge(b *Batch, o *results.Outcome) bool {
	return r.policy.Halves && o.Reason == capture.PayloadTooLarge && b.Events > 1 &&
		len(b.results) == 0 && b.headers == nil && r.ending.Err() == nil
}

// shrink sends the events of b, which was too large, half as many at a time, and
// half of that where it is still too large; part is the first. What is refused on
// the way stands in the books as attempts, and each request that carries a part
// counts for one of the plan, as those do that a byte limit makes.
//
// The real client stays with the size that it found. Here every batch is that of
// a client which has yet to find it.
func (s *sender) shrink(b, part *Batch) {
	if b.attempt == 0 {
		b.sent, b.cause = s.out.Sent, s.out.Cause
	}
	if s.out.MayBeStored {
		b.stored++
	}
	if b.unsure != nil { // so large, it did not arrive either
		s.shard.Record(b.unsure)
	}
	refused, most := s.attempted(), part.Events
	for from := int64(0); from < b.Events; part = s.retries.stretch(b, from, most) {
		if part == nil || s.retries.ending.Err() != nil || !s.admit(part) || !s.leave(part) {
			s.stay(b.piece(from, b.Events), refused)
			return
		}
		if s.retries.tooLarge(part, &s.out) {
			refused, most = s.attempted(), part.Events/2
			continue
		}
		if from += part.Events; from < b.Events {
			s.retries.split.Add(1)
		}
		s.settle(part)
	}
}

// attempted records that what was just sent will be sent in another form, and
// returns a copy of what came of it.
func (s *sender) attempted() results.Outcome {
	o := s.out
	o.Answer = slices.Clone(o.Answer[:min(len(o.Answer), keptAnswer)])
	o.Again = true
	s.shard.Record(&o)
	o.Again, o.BodyBytes, o.WireBytes, o.Opening = false, 0, 0, results.Opening{} // they are counted
	return o
}

// stay records that the rest of a batch stays refused: the run has ended, or the
// rest cannot be cut.
func (s *sender) stay(rest *Batch, refused results.Outcome) {
	s.out = refused
	s.conclude(rest)
}

// stretch returns a batch with at most so many events of b from a place on, nil
// if there are none, or the body cannot be cut.
func (r *retries) stretch(b *Batch, from, most int64) *Batch {
	part := b.piece(from, most)
	part.Body = append(part.Body, b.Body...)
	within := func(i int) bool { return int64(i) >= from && int64(i) < from+part.Events }
	if part.Events == 0 || !r.cutBody(part, within) {
		return nil
	}
	return part
}

// piece is a batch with at most so many events of b from a place on, its body
// left open.
func (b *Batch) piece(from, most int64) *Batch {
	part := newBatch()
	part.First, part.Events, part.Due = b.First+from, min(most, b.Events-from), b.Due
	part.Path, part.ContentType, part.ContentEncoding = b.Path, b.ContentType, b.ContentEncoding
	part.sent, part.cause = b.sent, b.cause
	part.attempt, part.spared = b.attempt+1, b.spared+1
	part.stored, part.unfit = b.stored, min(b.unfit, part.Events)
	return part
}
