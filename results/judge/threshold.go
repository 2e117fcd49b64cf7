package judge

import (
	"fmt"
	"time"

	"rehearse/internal/capture"
	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/scenario"
)

// measured is what a threshold's metric came to.
type measured struct {
	value  float64 // in the unit of Threshold.Value
	text   string  // for people
	none   bool    // there was nothing to measure: the threshold is not met
	few    string  // a warning, if there was too little to measure
	unsent string  // why it is not met though what was sent meets it; empty: that is not so
}

// judgement is how a threshold came out.
type judgement struct {
	measured
	met   bool
	doubt string        // why that says nothing of the endpoint; empty: it does
	at    time.Duration // where the window begins
}

// ok says whether the threshold is met, beyond doubt.
func (j *judgement) ok() bool { return j.met && j.doubt == "" }

// failed says whether it is not met, beyond doubt.
func (j *judgement) failed() bool { return !j.met && j.doubt == "" }

// A stretch is what a threshold is measured in: a run, or a part of it.
type scope struct {
	*results.Result
	tally      *results.Tally
	thresholds []scenario.Threshold // all that are demanded of it
}

// scopeOf is a part of a run, in which as much was planned as came due.
func scopeOf(t *results.Tally, thresholds []scenario.Threshold) *scope {
	r := &results.Result{}
	setTotals(r, t)
	r.Planned.Requests, r.Planned.Events = t.Due(), t.DueEvents()
	return &scope{r, t, thresholds}
}

// judge holds the books of the stretch against a threshold.
//
// The generator's own faults must not decide. So each threshold is held against the
// tally and against what it would have been at best without them. If the two come out
// differently, or if the threshold is met but more than a tenth of the time that it
// allows is the generator's own, nothing is known: the threshold is in doubt.
func (s *scope) judge(d *scenario.Threshold) judgement {
	m := s.measure(d)
	j := judgement{measured: m, met: m.meets(d)}
	best := withoutOwnFaults(s.tally)
	if best == s.tally {
		return j
	}
	books := *s.Result
	setTotals(&books, best)
	n := (&scope{&books, best, s.thresholds}).measure(d)
	met := n.meets(d)
	if met != j.met || met && isTime(d) && m.value-n.value > ownShare*d.Value {
		j.doubt = fmt.Sprintf("without them it may have been %s", n.text)
	}
	return j
}

// isTime says whether a threshold is on a time.
func isTime(d *scenario.Threshold) bool {
	return d.Metric.Name == "latency" || d.Metric.Name == "service" || d.Metric.Name == "lag"
}

// ownShare is how much of the time that a threshold allows may be the generator's
// own.
const ownShare = 0.1

// faultless is the tally as it would have been at best without the generator's own
// faults: t itself if there were none.
func withoutOwnFaults(t *results.Tally) *results.Tally {
	best := t.AtBest()
	if ownLate(best) == 0 {
		return best
	}
	same := *best
	for _, own := range []results.LateCause{results.LateBuild, results.LatePace, results.LateStall} {
		same.Late[results.OnTime], same.Late[own] = same.Late[results.OnTime].Plus(same.Late[own]), results.Count{}
	}
	for _, own := range []capture.Reason{capture.NotBuiltInTime, capture.NotSentInTime, capture.GeneratorStalled} {
		skipped := same.Refusals[results.Refusal{Reason: own}]
		same.Fates[capture.FateUnsent] = same.Fates[capture.FateUnsent].Minus(skipped)
		same.Fates[capture.FateAccepted] = same.Fates[capture.FateAccepted].Plus(skipped)
	}
	return &same
}

// meets says whether what was measured meets a threshold.
func (m *measured) meets(d *scenario.Threshold) bool { return !m.none && d.Holds(m.value) }

// measure finds the value of a threshold's metric.
func (s *scope) measure(d *scenario.Threshold) measured {
	switch d.Metric.Name {
	case "latency":
		return s.ofAccepted(d, s.tally.Latency)
	case "service":
		return s.ofAccepted(d, s.tally.Service)
	case "lag":
		n := s.tally.Lag.Count()
		return duration(d, s.tally.Lag, n, nothingMeasured)
	case "accepted":
		if d.Share {
			return s.acceptedShare(d)
		}
	}
	count, known := s.count(d.Metric)
	switch {
	case !known:
		return measured{none: true, text: "unknown metric"}
	case !d.Share:
		return measured{value: float64(count.Events), text: text.Plural(count.Events, "event")}
	}
	return share(count.Requests, base(d.Metric.Name, s.Result))
}

// ofAccepted measures a time of accepted requests. What was not accepted counts in
// so far as it took longer: an endpoint is not fast because it refuses fast, nor
// because it lets requests time out.
func (s *scope) ofAccepted(d *scenario.Threshold, h *results.Histogram) measured {
	return duration(d, h, s.tally.Served(), "not measured, for nothing was accepted")
}

// duration measures a time of n requests that are in h among others. A quantile is
// what at most as many of all took longer as it leaves of the n, and the mean what
// all took together for each of the n: with n of all it is that of h, and turning
// one of the n into another lowers neither. A quantile asks for ten times beyond it
// at least: with fewer, one slow request more or less decides.
func duration(d *scenario.Threshold, h *results.Histogram, n int64, nothing string) measured {
	all := h.Count()
	if n = min(n, all); n == 0 {
		return measured{none: true, text: nothing}
	}
	q := d.Metric.Quantile
	value := h.QuantileOf(n, q)
	if d.Metric.Mean {
		value = results.FromSeconds(h.Mean().Seconds() * float64(all) / float64(n))
	}
	m := measured{value: results.ToMilliseconds(value), text: text.Duration(value)}
	if !d.Metric.Mean && q < 1 && float64(n)*(1-q) < 9.999 {
		m.few = tooFewToTrust(d, n)
	}
	return m
}

// acceptedShare measures which share of the events that were expected to be accepted
// were. Those that are wrong on purpose were not expected to be. What never left
// counts as not accepted, though that is not the endpoint's doing.
func (s *scope) acceptedShare(d *scenario.Threshold) measured {
	spared, unsent := s.Events.ExpectedRefused, int64(0)
	if d.Implied {
		spared, unsent = max(spared, s.allowed()), s.allowedUnsent()
	}
	accepted, expected := s.Events.Accepted, s.Planned.Events-spared-unsent
	if expected <= 0 {
		return measured{none: true, text: "nothing was expected to be accepted"}
	}
	value := float64(accepted) / float64(expected)
	m := measured{value: value, text: acceptedText(accepted, expected)}
	if sent := s.tally.Sent().Events - spared; !d.Holds(value) && sent > 0 && d.Holds(float64(accepted)/float64(sent)) {
		m.unsent = forWantOf(d, m.text)
	}
	return m
}

// allowed counts the events that were sent and not accepted, and that another
// threshold, which is met, puts up with: of these the implied one says nothing.
func (s *scope) allowed() (events int64) {
	if s.putsUpWith("rejected", 0) {
		events = s.tally.Fates[capture.FateRejected].Events
	} else {
		events = s.allowedByStatus()
	}
	if s.putsUpWith("ambiguous", 0) {
		events += s.tally.Fates[capture.FateAmbiguous].Events
	}
	return events
}

// allowedUnsent is the same of events that never left.
func (s *scope) allowedUnsent() int64 {
	if s.putsUpWith("unsent", 0) {
		return s.tally.Fates[capture.FateUnsent].Events
	}
	return 0
}

// allowedByStatus counts those that were rejected with a status that is put up with.
func (s *scope) allowedByStatus() (events int64) {
	for kind, count := range s.tally.Refusals {
		if kind.Reason.Fate() == capture.FateRejected && kind.Status > 0 && s.putsUpWith("rejected", kind.Status) {
			events += count.Events
		}
	}
	return events
}

// putsUpWith says whether a threshold on all of the stretch bounds a metric, and is
// met: one of a status if that is not 0.
func (s *scope) putsUpWith(metric string, status int) bool {
	for i := range s.thresholds {
		d := &s.thresholds[i]
		if d.Metric.Name != metric || d.Stage != "" || d.Every > 0 || !d.Bounds() {
			continue
		}
		if (status == 0) != (d.Metric.Status == "") || status > 0 && !ofStatus(status, d.Metric.Status) {
			continue
		}
		if m := s.measure(d); m.meets(d) {
			return true
		}
	}
	return false
}

// count is how many requests and events a metric counts.
func (s *scope) count(m scenario.Metric) (c results.Count, known bool) {
	r := s.Result
	switch m.Name {
	case "accepted":
		return results.Count{Requests: r.Requests.Accepted, Events: r.Events.Accepted}, true
	case "rejected":
		if m.Status != "" {
			return rejectedWith(s.tally, m.Status), true
		}
		return results.Count{Requests: r.Requests.Rejected, Events: r.Events.Rejected}, true
	case "ambiguous":
		return results.Count{Requests: r.Requests.Ambiguous, Events: r.Events.Ambiguous}, true
	case "unsent":
		return results.Count{Requests: r.Requests.Unsent, Events: r.Events.Unsent}, true
	case "dropped":
		return results.Count{Requests: r.Requests.NotAccepted(), Events: r.Events.NotAccepted()}, true
	case "late":
		return s.tally.AllLate(), true
	}
	return results.Count{}, false
}

// rejectedWith counts the rejections with a status such as 429 or 5xx.
func rejectedWith(t *results.Tally, status string) (sum results.Count) {
	for kind, count := range t.Refusals {
		if kind.Reason.Fate() == capture.FateRejected && ofStatus(kind.Status, status) {
			sum = sum.Plus(count)
		}
	}
	return sum
}

// base is what a share is a share of, in requests: what was planned for those
// that ask whether requests left, what was sent for the others.
func base(metric string, r *results.Result) int64 {
	if metric == "late" || metric == "unsent" || metric == "dropped" {
		return r.Planned.Requests
	}
	return r.Requests.Sent
}

// share measures part of all.
func share(part, all int64) measured {
	if all == 0 {
		return measured{none: true, text: nothingMeasured}
	}
	value := float64(part) / float64(all)
	return measured{value: value, text: fmt.Sprintf("%s (%s)", text.Percent(value), text.Count(part))}
}
