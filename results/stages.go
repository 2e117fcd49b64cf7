package results

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"rehearse/scenario"
)

// StageBooks say what came of a stage of the load, from the requests that were
// answered while it lasted: what an endpoint that fell behind still owes from the
// stage before is among them.
type StageBooks struct {
	Requests int64    `json:"requests"`              // sent, and come to their end
	Answered float64  `json:"answered_events_per_s"` // on average
	Rejected float64  `json:"rejected"`              // share of the requests, ambiguous ones included
	Late     float64  `json:"late"`                  // share of those that were due
	Latency  Summary  `json:"latency_ms"`
	Broke    []string `json:"broke"`           // thresholds that the stage did not meet, and to what they came
	Doubt    string   `json:"doubt,omitempty"` // why it may not have been the endpoint that broke them
}

// walk follows a run through the stages of its load, one tally for all of them.
type walk struct {
	stages     []scenario.Stretch
	thresholds []scenario.Threshold
	books      []*StageBooks // of the stages that are over; nil: nothing was answered
	tally      *Tally        // of the stage that goes on, the first without books
}

// newWalk prepares to follow a run; too many stages are not followed.
func newWalk(m *Manifest) *walk {
	w := &walk{tally: NewTally()}
	if len(m.Stages) <= MaxStages && m.Shard.Of <= 1 {
		w.stages = m.Stages
	}
	for _, t := range m.Thresholds {
		if ofParts(&t) {
			w.thresholds = append(w.thresholds, t)
		}
	}
	return w
}

// ofParts says whether what a threshold demands of the run can be demanded of a
// part of it. A number of events cannot, nor that something is refused.
func ofParts(t *scenario.Threshold) bool {
	switch t.Metric.Name {
	case "latency", "service", "lag", "accepted":
		return t.Every == 0 && (t.Metric.Name != "accepted" || t.Share)
	}
	bounded := t.Op == "<" || t.Op == "<=" || t.Op == "=="
	return t.Every == 0 && bounded && (t.Share || t.Value == 0)
}

// observe takes in an interval, which belongs to the stage in which its middle
// lies.
func (w *walk) observe(from, to time.Duration, t *Tally) {
	middle := from + (to-from)/2
	for len(w.books) < len(w.stages) && middle >= w.stages[len(w.books)].To {
		w.books = append(w.books, w.now())
		w.tally.reset()
	}
	if len(w.books) < len(w.stages) {
		w.tally.Add(t)
	}
}

// now sums up the stage that goes on; nil if nothing was answered in it.
func (w *walk) now() *StageBooks {
	if len(w.books) == len(w.stages) || w.tally.Due() == 0 {
		return nil
	}
	stage, t := &w.stages[len(w.books)], w.tally
	r := Result{}
	keepBooks(&r, t)
	r.Planned.Requests = t.Due()
	b := &StageBooks{
		Requests: r.Requests.Sent,
		Answered: share64(float64(r.Events.Sent), (stage.To - stage.From).Seconds()),
		Rejected: ratio(r.Requests.Rejected+r.Requests.Ambiguous, r.Requests.Sent),
		Late:     ratio(t.AllLate().Requests, t.Due()),
		Latency:  summary(t.Latency),
		Broke:    w.broken(stage, &r),
	}
	if own := t.Late[LateBuild].Requests + t.Late[LatePace].Requests; len(b.Broke) > 0 && tooMany(own, t.Due()) {
		b.Doubt = fmt.Sprintf("%s of its requests left late by the generator's own fault", percent(ratio(own, t.Due())))
	}
	return b
}

// broken are the thresholds that the stage that goes on does not meet.
func (w *walk) broken(stage *scenario.Stretch, r *Result) []string {
	broken := []string{}
	for _, t := range w.thresholds {
		if t.Stage != "" && !stage.Called(t.Stage) {
			continue
		}
		if m := measure(t, r, w.tally); m.none || !holds(m.value, t.Op, t.Value) {
			broken = append(broken, t.Text+" was "+m.text)
		}
	}
	return broken
}

// rows are the stages with what came of them so far.
func (w *walk) rows(stages []scenario.Stretch) []StageRow {
	rows := StageRows(stages)
	for i, b := range append(slices.Clip(w.books), w.now()) {
		if i < len(rows) {
			rows[i].Came = b
		}
	}
	return rows
}

// steady says that the stage holds one rate.
func (row *StageRow) steady() bool { return row.Start == row.End && row.Start > 0 }

// Climbs says whether the load holds more than one rate, so that its stages tell
// how much the endpoint takes.
func (r *Result) Climbs() bool {
	first := 0.0
	for i := range r.Stages {
		row := &r.Stages[i]
		switch {
		case !row.steady() || row.Came == nil:
		case first == 0:
			first = row.Start
		case row.Start != first:
			return true
		}
	}
	return false
}

// Capacity says in a sentence how high a rate the endpoint took: the highest at
// which, and below which, every stage that holds one rate met the thresholds.
// Empty if the run cannot tell: no thresholds, or not two rates.
func (r *Result) Capacity() string {
	if len(r.Thresholds) == 0 || !r.Climbs() {
		return ""
	}
	steady := slices.DeleteFunc(slices.Clone(r.Stages), func(row StageRow) bool { return !row.steady() || row.Came == nil })
	slices.SortStableFunc(steady, func(a, b StageRow) int { return cmp.Compare(a.Start, b.Start) })
	best := 0.0
	for _, row := range steady {
		if len(row.Came.Broke) == 0 {
			best = row.Start
			continue
		}
		text := fmt.Sprintf("%s, and broke at %s/s: %s", heldUpTo(best), rate(row.Start), strings.Join(row.Came.Broke, "; "))
		if row.Came.Doubt != "" {
			text += "; but " + row.Came.Doubt
		}
		return text
	}
	return heldUpTo(best) + ", the highest that was asked for"
}

// heldUpTo begins the sentence.
func heldUpTo(best float64) string {
	if best == 0 {
		return "the thresholds held at none of the rates"
	}
	return fmt.Sprintf("the thresholds held up to %s events/s", rate(best))
}

// SameLoad says whether two runs were asked for the same.
func SameLoad(a, b *Result) bool {
	return a.Planned == b.Planned && slices.EqualFunc(a.Stages, b.Stages, func(x, y StageRow) bool {
		x.Came, y.Came = nil, nil
		return x == y
	})
}
