package generator

import (
	"slices"
	"time"

	"rehearse/internal/capture"
	"rehearse/results"
)

// history is what became of the attempts to send a request before this one.
type history struct {
	left    []int64              // which events are left, by index; nil: all
	parts   []results.EventGroup // what became of the others
	attempt int                  // how often it was sent again
	last    results.Outcome      // of the attempt before
	unsure  *results.Outcome     // of the first attempt that may have arrived; nil: none
	stored  int                  // attempts before that may have stored events that are left
	twice   int64                // events that came to their end and may be stored twice
	sent    time.Duration        // when the first attempt left
	cause   results.LateCause    // and why so late
}

// outcome begins the outcome of an attempt to send b.
func (b *job) outcome() results.Outcome {
	return results.Outcome{
		First: b.First, Events: b.Events, Due: b.Due, BodyBytes: int32(b.Plain), ExpectRefused: b.Unfit,
	}
}

// doubt makes the events that an answer refuses one by one ambiguous if an attempt
// before may have brought them in: what was not persisted of this attempt may
// have been of that one. Where that attempt was refused they stay refused, and may
// be stored. The answer's own word for each stays beside it.
func (b *job) doubt(o *results.Outcome) {
	if b.stored == 0 || len(o.Parts) == 0 || o.Reason.Fate() != capture.FateRejected {
		return
	}
	for i := range o.Parts {
		switch p := &o.Parts[i]; {
		case p.Reason.Fate() != capture.FateRejected:
		case b.unsure != nil:
			p.Reason = b.unsure.Reason
		default:
			p.MayBeStored = true
		}
	}
	if b.unsure != nil {
		o.Reason = b.unsure.Reason
	}
}

// countTwice counts the events that came to their end and may be stored by two
// attempts: those of one that was taken whole, or the parts of an answer.
func (b *job) countTwice(o *results.Outcome) {
	if b.stored == 0 {
		return
	}
	if len(o.Parts) == 0 {
		certain := o.Reason.Fate() == capture.FateRejected && !o.MayBeStored
		b.endOf(b.outstanding(), !certain)
	}
	for _, p := range o.Parts {
		b.endOf(p.Events, taken(&p))
	}
}

// endOf counts n events as stored twice if two attempts may have stored them, the
// last of which did so if it took them.
func (b *job) endOf(n int64, took bool) {
	if b.stored > 1 || b.stored == 1 && took {
		b.twice += n
	}
}

// taken says whether an answer took the events, or may have: it said nothing of them.
func taken(p *results.EventGroup) bool {
	return p.Reason == capture.Accepted || p.Said.Verdict == capture.VerdictNone
}

// returned lists the places of the events that are to be sent again.
func (b *job) returned() (left []int) {
	for i := range b.Results {
		if b.Results[i].Verdict == capture.VerdictRetry {
			left = append(left, i)
		}
	}
	return left
}

// putAside keeps the parts of the events that came to their end.
func (b *job) putAside(parts []results.EventGroup) {
	for _, p := range parts {
		if p.Said.Verdict != capture.VerdictRetry {
			b.endOf(p.Events, taken(&p))
			b.parts = append(b.parts, p)
		}
	}
}

// keep forgets all events but those at the places left.
func (b *job) keep(left []int) {
	indexes := make([]int64, len(left))
	for k, i := range left {
		indexes[k] = b.index(i)
		b.Results[k] = b.Results[i]
	}
	b.Results, b.left = b.Results[:len(left)], indexes
}

// index is the number of the i-th event that is left, in the run.
func (b *job) index(i int) int64 {
	if b.left == nil {
		return b.First + int64(i)
	}
	return b.left[i]
}

// outstanding is how many events the next attempt carries.
func (b *job) outstanding() int64 {
	if b.left == nil {
		return b.Events
	}
	return int64(len(b.left))
}

// conclude makes o, the outcome of the last attempt, that of the whole request.
func (b *job) conclude(o *results.Outcome) {
	o.First, o.Events, o.Retries, o.Twice = b.First, b.Events, int32(b.attempt), b.twice
	if b.attempt > 0 {
		o.Waited, o.Sent, o.Cause = o.Sent-b.sent, b.sent, b.cause
	}
	if b.parts == nil {
		return
	}
	all := b.parts
	if len(o.Parts) > 0 {
		all = append(all, o.Parts...)
	} else {
		for _, i := range b.left {
			all = append(all, results.EventGroup{First: i, Events: 1, Reason: o.Reason, MayBeStored: o.MayBeStored})
		}
	}
	slices.SortFunc(all, func(x, y results.EventGroup) int { return int(x.First - y.First) })
	o.Parts = nil
	for _, p := range all {
		o.Parts = appendPart(o.Parts, p)
		o.Reason = worse(o.Reason, p.Reason)
		o.MayBeStored = o.MayBeStored || p.MayBeStored
	}
}

// tell writes into o what the answer said of each event of b, as parts appended
// to parts: nothing if it took them all and had no more to say. The reason of
// the request becomes that of its worst event: one that was refused makes it
// refused, else one whose fate is not known makes that of the request unknown.
func (b *job) tell(o *results.Outcome, parts []results.EventGroup) []results.EventGroup {
	plain := true
	for i := range b.Results {
		r := &b.Results[i]
		said := results.EventAnswer{Verdict: r.Verdict, Detail: r.Detail}
		plain = plain && said == results.EventAnswer{Verdict: capture.VerdictOk}
		parts = appendPart(parts, results.EventGroup{
			First: b.index(i), Events: 1, Reason: r.Verdict.Reason(), Said: said,
		})
	}
	if plain && b.parts == nil {
		return parts[:0]
	}
	for _, p := range parts {
		o.Reason = worse(o.Reason, p.Reason)
	}
	return parts
}

// appendPart appends p, joined to the part before it if it says the same.
func appendPart(parts []results.EventGroup, p results.EventGroup) []results.EventGroup {
	if n := len(parts); n > 0 {
		last := &parts[n-1]
		next := p
		next.First, next.Events = last.First, last.Events
		if last.First+last.Events == p.First && *last == next {
			last.Events += p.Events
			return parts
		}
	}
	return append(parts, p)
}

// worse returns the reason that weighs more for a request as a whole.
func worse(a, b capture.Reason) capture.Reason {
	weigh := func(r capture.Reason) int {
		switch r.Fate() {
		case capture.FateRejected:
			return 2
		case capture.FateAmbiguous:
			return 1
		}
		return 0
	}
	if weigh(b) > weigh(a) {
		return b
	}
	return a
}
