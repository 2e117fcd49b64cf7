package results

import (
	"fmt"

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
	m := measure(d.Threshold, r, t)
	return ThresholdRow{Text: d.Text, Value: m.text, OK: !m.none && holds(m.value, d.Op, d.Value)}, m.few
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
		return t.Late[LateBuild].plus(t.Late[LatePace]).plus(t.Late[NoConnection]).plus(t.Late[Held]), true
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
