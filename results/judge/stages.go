package judge

import (
	"cmp"
	"math"
	"slices"
	"time"

	"rehearse/results"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// stageTracker follows a run through the stages of its load, one tally for all of them.
type stageTracker struct {
	stages     []schedule.StageSpan
	thresholds []scenario.Threshold
	batch      float64               // events of a request, on average; 0: not all of the load is to be sent
	stats      []*results.StageStats // of the stages that are over; nil: nothing was answered
	tally      *results.Tally        // of the stage that goes on, the first without books
	answered   int64                 // events of the tally that were answered before the stage was over
	elapsed    time.Duration
}

// newStageTracker prepares to follow a run; too many stages are not followed.
func newStageTracker(m *results.Manifest) *stageTracker {
	w := &stageTracker{tally: results.NewTally()}
	if len(m.Stages) <= results.MaxStages && m.Shard.Of <= 1 {
		w.stages = m.Stages
	}
	for _, t := range scenario.WithImplied(m.Thresholds) {
		if ofParts(&t) {
			w.thresholds = append(w.thresholds, t)
		}
	}
	load := 0.0
	for i := range w.stages {
		load += offered(&w.stages[i])
	}
	if planned := float64(m.Planned.Events); planned > 0.99*load { // less is that of a resumed run
		w.batch = results.Share(m.Planned.Events, m.Planned.Requests)
	}
	return w
}

// offered is how many events a stage asks for.
func offered(s *schedule.StageSpan) float64 { return (s.Start + s.End) / 2 * (s.To - s.From).Seconds() }

// ofParts says whether what a threshold thresholds of the run can be demanded of a
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
// lies, and to the last one if that is after the load.
func (w *stageTracker) observe(from, to time.Duration, t *results.Tally) {
	middle := from + (to-from)/2
	for len(w.stats) < len(w.stages)-1 && middle >= w.stages[len(w.stats)].To {
		w.elapsed = max(w.elapsed, w.stages[len(w.stats)].To)
		w.stats = append(w.stats, w.current())
		w.tally.Reset()
		w.answered = 0
	}
	w.elapsed = to
	if len(w.stages) == 0 {
		return
	}
	if middle < w.stages[len(w.stats)].To {
		w.answered += t.Sent().Events
	}
	w.tally.Add(t)
}

// current sums up the stage that goes on; nil if nothing was answered in it, and
// nothing had to be.
func (w *stageTracker) current() *results.StageStats {
	if len(w.stats) == len(w.stages) {
		return nil
	}
	stage, t := &w.stages[len(w.stats)], w.tally
	short := w.tooFewAnswered(stage)
	if t.Due() == 0 && short == "" {
		return nil
	}
	part := scopeOf(t, w.thresholds)
	b := &results.StageStats{
		Requests: part.Requests.Sent,
		Answered: w.rate(stage),
		Rejected: results.Share(part.Requests.Rejected+part.Requests.Ambiguous, part.Requests.Sent),
		Late:     results.Share(t.AllLate().Requests, t.Due()),
		Latency:  results.Summarize(t.Latency),
		Broken:   []string{},
	}
	doubt := ""
	if t.Due() > 0 {
		b.Broken, doubt = w.broken(stage, part)
	}
	if short != "" {
		b.Broken = append(b.Broken, short)
	}
	if own := ownLate(t); len(b.Broken) > 0 && tooMany(own, t.Due()) {
		b.Doubt = lateByOwnFault(results.Share(own, t.Due()))
	} else if len(b.Broken) > 0 && doubt != "" {
		b.Doubt = "there were faults of the generator's own: " + doubt
	}
	return b
}

// tooFewAnswered says that far less was answered in a stage that is over than it asked for:
// an endpoint that stands still breaks no other threshold until it answers, which
// may be in the stages to come. What takes as long as the thresholds allow, and a
// second more, is not missed, nor are a few batches, or what chance explains.
func (w *stageTracker) tooFewAnswered(stage *schedule.StageSpan) string {
	if w.batch == 0 || w.elapsed < stage.To {
		return ""
	}
	allowed := time.Second
	for _, t := range w.thresholds {
		if t.Metric.Name == "latency" || t.Metric.Name == "service" {
			allowed = max(allowed, time.Second+time.Duration(t.Value*float64(time.Millisecond)))
		}
	}
	asked := offered(stage)
	spare := max(stage.Start, stage.End)*allowed.Seconds() + 3*w.batch*(1+math.Sqrt(asked/w.batch))
	if float64(w.answered) >= asked-spare {
		return ""
	}
	return answeredTooFew(w.answered, asked)
}

// rate is how many events a second were answered while a stage lasted; nil of one
// that was cut too short to tell.
func (w *stageTracker) rate(stage *schedule.StageSpan) *float64 {
	lasted := min(stage.To, w.elapsed) - stage.From
	if lasted < results.ShortestRate {
		return nil
	}
	rate := float64(w.answered) / lasted.Seconds()
	return &rate
}

// broken are the thresholds that the stage that goes on does not meet, the implied
// one among them, and why one of them says nothing of the endpoint, if that is so.
// Whatever they are, nothing holds at a rate at which nothing was accepted.
func (w *stageTracker) broken(stage *schedule.StageSpan, part *scope) (broken []string, doubt string) {
	broken = []string{}
	for i := range w.thresholds {
		d := &w.thresholds[i]
		if d.Stage != "" && !stage.Called(d.Stage) {
			continue
		}
		if j := part.judge(d); !j.met {
			broken = append(broken, d.Text+" was "+j.text)
			doubt = cmp.Or(doubt, j.doubt)
		}
	}
	if len(broken) == 0 && part.Events.Accepted == 0 {
		broken = append(broken, "nothing was accepted")
	}
	return broken, doubt
}

// rows are the stages with what came of them so far.
func (w *stageTracker) rows(stages []schedule.StageSpan) []results.StageRow {
	rows := results.StageRows(stages)
	for i, b := range append(slices.Clip(w.stats), w.current()) {
		if i < len(rows) {
			rows[i].Stats = b
		}
	}
	return rows
}
