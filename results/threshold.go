package results

import (
	"fmt"
	"time"

	"rehearse/capture"
	"rehearse/scenario"
)

// measured is what a threshold's metric came to.
type measured struct {
	value float64 // in the unit of Threshold.Value
	text  string  // for people
	none  bool    // there was nothing to measure: the threshold is not met
	few   string  // a warning, if there was too little to measure
}

// evaluate holds the run against one threshold. warning is empty or says why the
// outcome is doubtful.
func (d *demand) evaluate(r *Result, t *Tally) (row ThresholdRow, warning string) {
	if d.scoped() {
		return d.row()
	}
	j := judgeBy(&d.Threshold, r, t)
	return ThresholdRow{Text: d.Text, Value: j.text, OK: j.ok(), Doubt: j.doubt}, j.few
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

// judgeBy holds the books of r, which t has in full, against a threshold.
//
// The generator's own faults must not decide. So each threshold is held against t
// and against what t would have been at best without them. If the two come out
// differently, or if the threshold is met but more than a tenth of the time that it
// allows is the generator's own, nothing is known: the threshold is in doubt.
func judgeBy(d *scenario.Threshold, r *Result, t *Tally) judgement {
	m := measure(*d, r, t)
	j := judgement{measured: m, met: !m.none && holds(m.value, d.Op, d.Value)}
	best := t.faultless()
	if best == t {
		return j
	}
	books := *r
	keepBooks(&books, best)
	n := measure(*d, &books, best)
	met := !n.none && holds(n.value, d.Op, d.Value)
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
func (t *Tally) faultless() *Tally {
	best := t.AtBest()
	if best.ownLate() == 0 {
		return best
	}
	same := *best
	for _, own := range []Cause{LateBuild, LatePace, LateStall} {
		same.Late[OnTime], same.Late[own] = same.Late[OnTime].plus(same.Late[own]), Count{}
	}
	for _, own := range []capture.Reason{capture.NotBuiltInTime, capture.NotSentInTime, capture.GeneratorStalled} {
		skipped := same.Refusals[Refusal{Reason: own}]
		same.Fates[capture.FateUnsent] = same.Fates[capture.FateUnsent].minus(skipped)
		same.Fates[capture.FateAccepted] = same.Fates[capture.FateAccepted].plus(skipped)
	}
	return &same
}

// measure finds the value of a threshold's metric.
func measure(d scenario.Threshold, r *Result, t *Tally) measured {
	switch d.Metric.Name {
	case "latency":
		return duration(d, t.Latency)
	case "service":
		return duration(d, t.Service)
	case "lag":
		return duration(d, t.Lag)
	}
	count, known := countOf(d.Metric, r, t)
	switch {
	case !known:
		return measured{none: true, text: "unknown metric"}
	case !d.Share:
		return measured{value: float64(count.Events), text: plural(count.Events, "event")}
	}
	return share(count.Requests, base(d.Metric.Name, r))
}

// duration measures a time. A quantile asks for ten times beyond it at least:
// with fewer, one slow request more or less decides.
func duration(d scenario.Threshold, h *Histogram) measured {
	n := h.Count()
	if n == 0 {
		return measured{none: true, text: "nothing measured"}
	}
	value := h.Mean()
	if !d.Metric.Mean {
		value = h.Quantile(d.Metric.Quantile)
	}
	m := measured{value: milliseconds(value), text: durationText(value)}
	if q := d.Metric.Quantile; !d.Metric.Mean && q < 1 && float64(n)*(1-q) < 9.999 {
		m.few = fmt.Sprintf("%s rests on %s; it takes %s to trust it",
			d.Text, plural(n, "request"), number(int64(10/(1-q)+0.5)))
	}
	return m
}

// countOf is how many requests and events a metric counts.
func countOf(m scenario.Metric, r *Result, t *Tally) (c Count, known bool) {
	switch m.Name {
	case "accepted":
		return Count{r.Requests.Accepted, r.Events.Accepted}, true
	case "rejected":
		if m.Status != "" {
			return t.rejectedWith(m.Status), true
		}
		return Count{r.Requests.Rejected, r.Events.Rejected}, true
	case "ambiguous":
		return Count{r.Requests.Ambiguous, r.Events.Ambiguous}, true
	case "unsent":
		return Count{r.Requests.Unsent, r.Events.Unsent}, true
	case "dropped":
		return Count{r.Requests.refused(), r.Events.refused()}, true
	case "late":
		return t.AllLate(), true
	}
	return Count{}, false
}

// rejectedWith counts the rejections with a status such as 429 or 5xx.
func (t *Tally) rejectedWith(status string) (sum Count) {
	for kind, count := range t.Refusals {
		if kind.Reason.Fate() == capture.FateRejected && ofStatus(kind.Status, status) {
			sum = sum.plus(count)
		}
	}
	return sum
}

// base is what a share is a share of, in requests: what was planned for those
// that ask whether requests left, what was sent for the others.
func base(metric string, r *Result) int64 {
	if metric == "late" || metric == "unsent" || metric == "dropped" {
		return r.Planned.Requests
	}
	return r.Requests.Sent
}

// share measures part of all.
func share(part, all int64) measured {
	if all == 0 {
		return measured{none: true, text: "nothing measured"}
	}
	value := float64(part) / float64(all)
	return measured{value: value, text: fmt.Sprintf("%s (%s)", percent(value), number(part))}
}

// holds says whether value op limit.
func holds(value float64, op string, limit float64) bool {
	switch op {
	case "<":
		return value < limit
	case "<=":
		return value <= limit
	case ">":
		return value > limit
	case ">=":
		return value >= limit
	case "==":
		return value == limit
	case "!=":
		return value != limit
	}
	return false
}
