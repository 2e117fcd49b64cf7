package results

import (
	"fmt"
	"math"
	"time"

	"rehearse/scenario"
)

// demand is a threshold on its way through a run. One that holds for a stage or
// for every window gathers what it needs as intervals come in: a request counts
// where it was answered, and an interval belongs to the stage or window in which
// its middle lies, or to the last stage if that is after the load.
type demand struct {
	scenario.Threshold
	stage  scenario.Stretch
	tally  *Tally        // of the stage, or of the open window
	from   time.Duration // where the open window begins
	to     time.Duration // where its last interval ended
	worst  *judgement    // of the windows that closed
	failed int           // windows that did not meet the demand
	closed int           // windows in all
}

// newDemands prepares to follow the thresholds of a run with these stages.
func newDemands(thresholds []scenario.Threshold, stages []scenario.Stretch) []*demand {
	var demands []*demand
	for _, t := range thresholds {
		d := &demand{Threshold: t}
		if d.scoped() {
			d.tally = NewTally()
			d.stage, _ = scenario.FindStretch(stages, t.Stage)
			if n := len(stages); n > 0 && d.stage == stages[n-1] {
				d.stage.To = math.MaxInt64 // what is answered after the load was asked for in its last stage
			}
		}
		demands = append(demands, d)
	}
	return demands
}

// scoped says whether the demand is not on the run as a whole.
func (d *demand) scoped() bool { return d.Stage != "" || d.Every > 0 }

// observe takes in an interval.
func (d *demand) observe(from, to time.Duration, t *Tally) {
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
func (d *demand) close() {
	if j := d.judge(); j != nil {
		d.closed++
		if j.failed() {
			d.failed++
		}
		if d.worst == nil || d.worse(j, d.worst) {
			d.worst = j
		}
	}
	d.tally.reset()
}

// judge holds the tally against the demand; nil if it holds no request.
func (d *demand) judge() *judgement {
	if d.tally.Due() == 0 {
		return nil
	}
	r := Result{}
	keepBooks(&r, d.tally)
	r.Planned.Requests = d.tally.Due()
	j := judgeBy(&d.Threshold, &r, d.tally)
	j.at = d.from
	return &j
}

// worse says whether a is further from the demand than b. What is in doubt is worse
// than what is met, and better than what is not.
func (d *demand) worse(a, b *judgement) bool {
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

// row is how the demand stands now. The window that is open counts once it is
// half as long as it should be, or if it is all there is. warning is empty or
// says why the outcome is doubtful.
func (d *demand) row() (row ThresholdRow, warning string) {
	row = ThresholdRow{Text: d.Text, Value: "nothing measured"}
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
		return row, ""
	}
	row.Value, row.OK, row.Doubt = j.text, j.ok(), j.doubt
	if d.Every > 0 {
		row.Value = fmt.Sprintf("%s at worst, from %v on; not met in %d of %s",
			j.text, j.at.Round(time.Second), failed, plural(int64(closed), "window"))
	}
	return row, j.few
}
