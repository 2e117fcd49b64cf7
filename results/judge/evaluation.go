package judge

import (
	"math"
	"slices"
	"time"

	"rehearse/results"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// evaluator is a threshold on its way through a run. One that holds for a stage or
// for every window gathers what it needs as intervals come in: a request counts
// where it was answered, and an interval belongs to the stage or window in which
// its middle lies, or to the last stage if that is after the load.
type evaluator struct {
	scenario.Threshold
	all    []scenario.Threshold // that are demanded beside it, and itself
	stage  schedule.StageSpan
	tally  *results.Tally // of the stage, or of the open window
	from   time.Duration  // where the open window begins
	to     time.Duration  // where its last interval ended
	worst  *judgement     // of the windows that closed
	failed int            // windows that did not meet the demand
	closed int            // windows in all
}

// newEvaluators prepares to follow the thresholds of a run with these stages, the
// implied one among them.
func newEvaluators(thresholds []scenario.Threshold, stages []schedule.StageSpan) []*evaluator {
	var demands []*evaluator
	all := scenario.WithImplied(thresholds)
	for _, t := range all {
		d := &evaluator{Threshold: t, all: all}
		if d.scoped() {
			d.tally = results.NewTally()
			d.stage, _ = schedule.FindStageSpan(stages, t.Stage)
			if n := len(stages); n > 0 && d.stage == stages[n-1] {
				d.stage.To = math.MaxInt64 // what is answered after the load was asked for in its last stage
			}
		}
		demands = append(demands, d)
	}
	return demands
}

// scoped says whether the demand is not on the run as a whole.
func (d *evaluator) scoped() bool { return d.Stage != "" || d.Every > 0 }

// observe takes in an interval.
func (d *evaluator) observe(from, to time.Duration, t *results.Tally) {
	middle := from + (to-from)/2
	switch {
	case d.Every > 0:
		if middle >= d.from+d.Every {
			d.close()
			d.from += (middle - d.from) / d.Every * d.Every
		}
		d.to = to
	case d.Stage == "" || middle < d.stage.From || middle >= d.stage.To:
		return
	}
	d.tally.Add(t)
}

// close judges the open window, if it held anything, and empties it.
func (d *evaluator) close() {
	if j := d.judge(); j != nil {
		d.closed++
		if j.failed() {
			d.failed++
		}
		if d.worst == nil || d.worse(j, d.worst) {
			d.worst = j
		}
	}
	d.tally.Reset()
}

// judge holds the tally against the demand; nil if it holds no request.
func (d *evaluator) judge() *judgement {
	if d.tally.Due() == 0 {
		return nil
	}
	j := scopeOf(d.tally, d.all).judge(&d.Threshold)
	j.at = d.from
	return &j
}

// worse says whether a is further from the demand than b. What is in doubt is worse
// than what is met, and better than what is not.
func (d *evaluator) worse(a, b *judgement) bool {
	switch {
	case a.failed() != b.failed():
		return a.failed()
	case a.ok() != b.ok():
		return b.ok()
	case d.Op == "<" || d.Op == "<=":
		return a.value > b.value
	}
	return a.value < b.value
}

// evaluation is how a demand came out: its row, and what a reader should know.
type evaluation struct {
	results.ThresholdRow
	few    string // there was too little to measure
	unsent string // it is not met for want of requests that never left, and not by the endpoint
}

// evaluate holds a run against the demand.
func (d *evaluator) evaluate(r *results.Result, t *results.Tally) evaluation {
	if d.Metric.Name == scenario.MetricOfTarget {
		return d.ofTarget(r.Metrics)
	}
	if d.scoped() {
		return d.now()
	}
	s := &scope{r, t, d.all}
	j := s.judge(&d.Threshold)
	return d.evaluation(&j, j.text)
}

// ofTarget holds a metric of the target against the demand, each time that it was asked
// for. Where a question was not answered, it is not known whether it was met then: that is a
// doubt, unless it was not met at another time.
func (d *evaluator) ofTarget(metrics []results.TargetMetric) evaluation {
	at := slices.IndexFunc(metrics, func(m results.TargetMetric) bool { return m.Name == d.Metric.Of })
	if at < 0 {
		e := evaluation{ThresholdRow: d.row(nothingMeasured)}
		e.Doubt = neverAsked
		return e
	}
	m := &metrics[at]
	if m.Samples == 0 {
		e := evaluation{ThresholdRow: d.row(nothingMeasured)}
		e.Doubt = notAnswered(m)
		return e
	}
	met := d.Holds(m.Min) && d.Holds(m.Max) // the others lie between
	if d.Op == "!=" || d.Op == "==" {
		met = met && (d.Op == "!=" || m.Min == m.Max)
	}
	e := evaluation{ThresholdRow: d.row(metricText(m))}
	switch {
	case met && m.Failed > 0:
		e.Doubt = notAnswered(m)
	default:
		e.OK = met
	}
	return e
}

// evaluation tells a judgement, with what the demand came to in words.
func (d *evaluator) evaluation(j *judgement, value string) evaluation {
	e := evaluation{ThresholdRow: d.row(value), few: j.few}
	if e.OK, e.Doubt = j.ok(), j.doubt; !j.met {
		e.unsent = j.unsent
	}
	return e
}

// row is the demand with what it came to, as long as it is not met.
func (d *evaluator) row(value string) results.ThresholdRow {
	return results.ThresholdRow{Text: d.Text, Value: value, Implied: d.Implied}
}

// now is how a demand on a part of the run stands now. The window that is open
// counts once it is half as long as it should be, or if it is all there is.
func (d *evaluator) now() evaluation {
	j, closed, failed := d.worst, d.closed, d.failed
	if d.Stage != "" || j == nil || d.to-d.from >= d.Every/2 {
		if open := d.judge(); open != nil {
			closed++
			if open.failed() {
				failed++
			}
			if j == nil || d.worse(open, j) {
				j = open
			}
		}
	}
	if j == nil {
		return evaluation{ThresholdRow: d.row(nothingMeasured)}
	}
	value := j.text
	if d.Every > 0 {
		value = atWorst(j.text, j.at, failed, closed)
	}
	return d.evaluation(j, value)
}
