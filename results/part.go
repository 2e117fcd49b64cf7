package results

import "rehearse/capture"

// Part is what the endpoint said of a stretch of a request's events. The parts
// of an Outcome stand in the order of the events and cover all of them.
type Part struct {
	First, Events int64
	Reason        capture.Reason
	MayBeStored   bool // they were rejected, but may be stored by an attempt before
	Said          Said
}

// Said is the endpoint's word for one event, in its own terms. The zero value:
// it said nothing of this event in particular.
type Said struct {
	Verdict capture.Verdict
	Detail  capture.Detail
}

// recordParts counts the events of an outcome that is told event by event.
func (t *Tally) recordParts(o *Outcome) {
	for _, p := range o.Parts {
		some := Count{Events: p.Events}
		fate := p.Reason.Fate()
		t.Fates[fate] = t.Fates[fate].plus(some)
		if fate != capture.FateAccepted {
			kind := Refusal{p.Reason, knownStatus(o.Status), p.MayBeStored}
			t.Refusals[kind] = t.Refusals[kind].plus(some)
		}
		if p.Said.Verdict != capture.VerdictNone {
			t.Said[p.Said] += p.Events
		}
	}
}

// noteParts writes what became of an outcome's events into the ledger.
func (iv *Interval) noteParts(o *Outcome) {
	for _, p := range o.Parts {
		iv.note(Range{First: p.First, Count: p.Events, Fate: fateOf(p.Reason, p.MayBeStored)})
	}
}

// recordAttempt counts a request that was refused and will be sent again: not
// what became of it, but not hidden either.
func (t *Tally) recordAttempt(o *Outcome) {
	kind := Refusal{o.Reason, knownStatus(o.Status), o.MayBeStored}
	t.Attempts[kind] = t.Attempts[kind].plus(Count{o.requests(), o.Events})
	t.Retries++
	t.BodyBytes += int64(o.BodyBytes)
	t.WireBytes += int64(o.WireBytes)
}
