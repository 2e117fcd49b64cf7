package results

import "rehearse/internal/capture"

// settle remembers when the last accepted event was in.
func (t *Tally) settle(o *Outcome) {
	accepted := o.Reason == capture.Accepted
	for _, p := range o.Parts {
		accepted = accepted || p.Reason == capture.Accepted
	}
	if accepted {
		t.Settled = max(t.Settled, o.Done)
	}
}

// recordOpening counts a connection that was opened, or could not be.
func (t *Tally) recordOpening(o *ConnectAttempt) {
	t.Connections.Unsolicited += o.Unsolicited
	switch {
	case !o.Tried:
		return
	case !o.Open:
		t.Connections.Failed++
		return
	}
	t.Connections.Opened++
	made(&t.Connect).Record(o.Established)
	if o.Encrypted {
		made(&t.TLS).Record(o.TLS)
	}
}

// recordParts counts the events of an outcome that is told event by event.
func (t *Tally) recordParts(o *Outcome) {
	for _, p := range o.Parts {
		some := Count{Events: p.Events}
		fate := p.Reason.Fate()
		t.Fates[fate] = t.Fates[fate].Plus(some)
		if fate != capture.FateAccepted {
			kind := Refusal{p.Reason, KnownStatus(o.Status), p.MayBeStored}
			t.Refusals[kind] = t.Refusals[kind].Plus(some)
		}
		if p.Said.Verdict != capture.VerdictNone {
			t.Said[p.Said] += p.Events
		}
	}
}

// recordAttempt counts a request that was refused and will be sent again: not
// what became of it, but not hidden either.
func (t *Tally) recordAttempt(o *Outcome) {
	kind := Refusal{o.Reason, KnownStatus(o.Status), o.MayBeStored}
	t.Attempts[kind] = t.Attempts[kind].Plus(Count{o.requests(), o.Events})
	t.Retries++
	t.BodyBytes += int64(o.BodyBytes)
	t.WireBytes += int64(o.WireBytes)
}

// recordUnstalled counts an outcome among those without stalls, once there was one.
func (t *Tally) recordUnstalled(o *Outcome) {
	if t.Unstalled == nil && o.Stalled == 0 {
		return
	}
	at := o.unstalled()
	t.WithUnstalled().Record(&at)
}

// record counts one outcome.
func (t *Tally) Record(o *Outcome) {
	t.recordUnstalled(o)
	t.recordOpening(&o.Connect)
	if o.WillRetry {
		t.recordAttempt(o)
		return
	}
	one := Count{o.requests(), o.Events}
	if len(o.Parts) > 0 {
		one.Events = 0
		t.recordParts(o)
	}
	t.settle(o)
	t.Twice += o.Twice
	if o.ExpectRefused > 0 {
		t.ExpectedRefused += min(o.ExpectRefused, o.Events-o.accepted())
	}
	fate := o.Reason.Fate()
	t.Fates[fate] = t.Fates[fate].Plus(one)
	if fate != capture.FateAccepted {
		kind := Refusal{o.Reason, KnownStatus(o.Status), o.MayBeStored}
		t.Refusals[kind] = t.Refusals[kind].Plus(one)
	}
	if fate != capture.FateUnsent {
		t.time(o, Count{o.requests(), o.Events})
	}
}

// time counts how long a sent request took, and what it weighed.
func (t *Tally) time(o *Outcome, one Count) {
	cause := o.lateness()
	t.Late[cause] = t.Late[cause].Plus(one)
	t.BodyBytes += int64(o.BodyBytes)
	t.WireBytes += int64(o.WireBytes)
	t.Latency.Record(o.Latency())
	t.Service.Record(o.Service())
	t.Lag.Record(o.Lag())
	t.LatencyOf(o.Reason).Record(o.Latency())
	if len(o.Parts) > 0 && o.Reason != capture.Accepted && o.accepted() > 0 {
		made(&t.Partly).Record(o.Latency())
	}
}

// LatencyOf is the latency histogram of a reason, made when first asked for: most
// runs meet few reasons, and each costs as much as all the rest.
func (t *Tally) LatencyOf(r capture.Reason) *Histogram {
	for int(r) >= len(t.ByReason) {
		t.ByReason = append(t.ByReason, nil)
	}
	if t.ByReason[r] == nil {
		t.ByReason[r] = NewHistogram()
	}
	return t.ByReason[r]
}

// KnownStatus is the status if it has three digits. An endpoint may answer any
// number, and the kinds of refusals must stay few.
func KnownStatus(status int) int {
	if status < 100 || status > 999 {
		return 0
	}
	return status
}
