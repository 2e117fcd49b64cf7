package judge

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/scenario/schedule"
)

// Judge follows a run, interval by interval, and says what it comes to.
type Judge struct {
	manifest   results.Manifest
	thresholds []*evaluator
	stages     *stageTracker
	monitor    *healthMonitor

	total        *results.Tally // of the last interval
	elapsed      time.Duration  // until its end
	before, used process        // what the process had used at the beginning, and at its end
	backlog      backlog
}

// NewJudge begins to follow a run. The generator is this process, unless the manifest
// has what others measured of theirs.
func NewJudge(m *results.Manifest) *Judge {
	j := &Judge{
		manifest:   *m,
		thresholds: newEvaluators(m.Thresholds, m.Stages),
		stages:     newStageTracker(m),
		total:      results.NewTally(),
		backlog:    backlog{stages: m.Stages, planned: float64(m.Planned.Events)},
	}
	if j.manifest.Shard.Of == 0 {
		j.manifest.Shard.Of = 1
	}
	if m.SHA256 == "" {
		sum := sha256.Sum256(m.ScenarioYAML)
		j.manifest.SHA256 = hex.EncodeToString(sum[:])
	}
	if m.Generator == nil {
		j.before, j.monitor = measureProcess(), newHealthMonitor()
		j.used = j.before
	}
	return j
}

// Observe takes in an interval.
func (j *Judge) Observe(iv *results.Interval) {
	j.total, j.elapsed = iv.Total, iv.To
	if j.monitor != nil {
		j.used = measureProcess()
		j.monitor.observe(iv)
	}
	for _, demand := range j.thresholds {
		demand.observe(iv.From, iv.To, &iv.Tally)
	}
	j.stages.observe(iv.From, iv.To, &iv.Tally)
	j.backlog.observe(iv)
}

// Evidence is what only those know of a run who write it down.
type Evidence struct {
	Failure  error                   // what could not be written; nil: nothing
	LeftOut  int64                   // refused requests whose details were removed for want of room
	Endpoint *results.EndpointCounts // what the endpoint counted; nil: it was not asked
}

// Result is what the run has come to, and how it was judged.
func (j *Judge) Result(f results.Final, inFlight results.Count, e *Evidence) *results.Result {
	r := newResult(&j.manifest, j.total, j.elapsed)
	r.Stages = j.stages.rows(j.manifest.Stages)
	r.Run.Ended, r.Run.Why, r.Run.Rule = f.Ended, f.Why, f.Rule
	if f.Planned != (results.Planned{}) {
		r.Planned = f.Planned
	}
	if f.Ended == results.Running {
		project(r, inFlight)
	}
	j.measured(&r.Generator)
	r.Run.Lost = f.Lost
	doubts := slices.Concat(lostShards(f.Lost, len(j.manifest.Starts)), f.Doubts)
	if e.Failure != nil {
		doubts = append(doubts, e.Failure.Error())
	}
	if r.EndpointSum = f.EndpointSum; r.EndpointSum != nil && r.EndpointSum.Verdict == results.SumDiffers {
		doubts = append(doubts, ChecksumText(r.EndpointSum))
	}
	if r.Background = f.Background; r.Background != nil && r.Background.Verdict == results.Invalid {
		doubts = append(doubts, "background: "+r.Background.Because)
	}
	r.Breakdown = f.Breakdown
	r.Metrics, r.ClockAhead = f.Metrics, f.ClockAhead.Round(time.Millisecond).Seconds()
	if f.Ended == results.Completed && j.manifest.Generator == nil && j.manifest.Shard.Of == 1 && !r.Run.ClosedLoop {
		r.Backlog = j.backlog.result(j.elapsed)
		r.Backlog.Queue = f.Queue
	}
	notes := j.manifest.Warnings
	if f.Note != "" {
		notes = append(slices.Clone(notes), f.Note)
	}
	judge(r, evidence{
		tally:      j.total,
		thresholds: j.thresholds,
		doubts:     doubts,
		notes:      notes,
		leftOut:    e.LeftOut,
		endpoint:   e.Endpoint,
		failures:   f.Failures,
	})
	return r
}

// backlog follows how many events were due and not answered yet.
type backlog struct {
	stages  []schedule.StageSpan // of the load; none: it is recorded, and only its rate is known
	planned float64              // events
	due     float64
	ended   int64
	most    float64
	end     time.Duration // when the load ended, as far as was seen
	atEnd   float64       // what was not answered then
}

// observe takes in an interval.
func (b *backlog) observe(iv *results.Interval) {
	for _, fate := range iv.Fates {
		b.ended += fate.Events
	}
	before := b.due
	if len(b.stages) > 0 {
		b.due = dueBy(b.stages, iv.To)
		b.end = b.stages[len(b.stages)-1].To
	} else {
		b.due = min(b.due+iv.Target*(iv.To-max(iv.From, 0)).Seconds(), b.planned)
		if b.due > before {
			b.end = iv.To
		}
	}
	waiting := max(b.due-float64(b.ended), 0)
	b.most = max(b.most, waiting)
	if b.due > before {
		b.atEnd = waiting
	}
}

// dueBy is how many events the stages of a load offer until a time: the area below them.
func dueBy(stages []schedule.StageSpan, at time.Duration) (events float64) {
	for _, s := range stages {
		if at <= s.From || s.To <= s.From {
			continue
		}
		part := min((at-s.From).Seconds()/(s.To-s.From).Seconds(), 1)
		events += (s.Start + (s.End-s.Start)*part/2) * part * (s.To - s.From).Seconds()
	}
	return events
}

// result is what piled up in a run that took so long.
func (b *backlog) result(elapsed time.Duration) *results.Backlog {
	return &results.Backlog{
		Most: int64(math.Round(b.most)), AtEnd: int64(math.Round(b.atEnd)),
		Drained: max(elapsed-b.end, 0).Round(time.Millisecond).Seconds(),
	}
}

// Background is what a result says of the stream beside, whose result is r.
func Background(r *results.Result) *results.Background {
	return &results.Background{
		Scenario: r.Run.Scenario, Verdict: r.Verdict, Because: Because(r), Planned: r.Planned,
		Requests: r.Requests, Events: r.Events, Latency: r.Latency, Thresholds: r.Thresholds,
	}
}

// measured fills in how the generator fared.
func (j *Judge) measured(g *results.Generator) {
	if told := j.manifest.Generator; told != nil {
		g.CPUSeconds, g.RSSBytes = told.CPUSeconds, told.RSSBytes
		g.Health, g.Connections = told.Health, told.Connections
		return
	}
	g.CPUSeconds = (j.used.cpu - j.before.cpu).Round(time.Millisecond).Seconds()
	g.RSSBytes = j.used.peak
	g.Connections = int64(j.manifest.Connections)
	g.Health = rounded(j.monitor.Health)
}

// addAnswers writes down what was said event by event, and what was sent again.
func addAnswers(r *results.Result, t *results.Tally) {
	for answer, events := range t.Said {
		r.Said = append(r.Said, results.EventAnswerRow{
			Result: answer.Verdict.String(),
			Detail: answer.Detail.String(),
			Events: events,
		})
	}
	slices.SortFunc(r.Said, func(a, b results.EventAnswerRow) int {
		return cmp.Or(strings.Compare(a.Result, b.Result), strings.Compare(a.Detail, b.Detail))
	})
	if t.Retries == 0 {
		return
	}
	sent := t.Sent().Requests
	r.Retries = &results.Retries{
		Amplification: results.Share(sent+t.Retries, sent),
		Settled:       t.Settled.Round(time.Millisecond).Seconds(),
		Twice:         t.Twice,
		Refused:       rowsOf(t.Attempts),
	}
}

// rowsOf lists refusals in their order.
func rowsOf(refusals map[results.Refusal]results.Count) []results.RejectionRow {
	rows := make([]results.RejectionRow, 0, len(refusals))
	for _, kind := range slices.SortedFunc(maps.Keys(refusals), compareRefusals) {
		count := refusals[kind]
		rows = append(rows, results.RejectionRow{
			Reason: kind.Reason.String(), Side: kind.Reason.Side().String(), Status: kind.Status,
			MayBeStored: kind.MayBeStored, Requests: count.Requests, Events: count.Events,
		})
	}
	return rows
}

// addConnections writes down what connections took, if any were tried.
func addConnections(r *results.Result, t *results.Tally) {
	if t.Connections == (results.Connections{}) {
		return
	}
	c := t.Connections
	r.Connections = &c
	if t.Connect != nil {
		s := results.Summarize(t.Connect)
		r.Connect = &s
	}
	if t.TLS != nil {
		s := results.Summarize(t.TLS)
		r.TLS = &s
	}
}

// newResult is the Result of a run that came to t after elapsed. How it ended
// and what it is worth is left open.
func newResult(m *results.Manifest, t *results.Tally, elapsed time.Duration) *results.Result {
	r := &results.Result{
		Format: results.Format,
		Run: results.RunInfo{
			ID: m.RunID, Scenario: m.Scenario, SHA256: m.SHA256, Seed: m.Seed,
			StartedAt: m.StartedAt.UTC().Format(time.RFC3339Nano),
			Seconds:   elapsed.Round(time.Millisecond).Seconds(),
			Target:    m.Target, Shard: m.Shard, Permit: m.Permit,
			MergeInfo: results.MergeInfo{Merged: len(m.Starts)}, Basis: m.Basis,
		},
		Planned:    m.Planned,
		Bytes:      results.Bytes{Body: t.BodyBytes, Wire: t.WireBytes},
		Rejections: rowsOf(t.Refusals),
		Latency:    results.Summarize(t.Latency),
		Service:    results.Summarize(t.Service),
		Lag:        results.Summarize(t.Lag),
		Generator:  results.Generator{ScheduleKept: results.Share(t.Late[results.OnTime].Requests, t.Due())},
	}
	for _, start := range m.Starts {
		r.Run.Starts = append(r.Run.Starts, start.UTC().Format(time.RFC3339Nano))
	}
	if m.Resolved != nil {
		sum := sha256.Sum256(m.Resolved)
		r.Run.Resolved = hex.EncodeToString(sum[:])
	}
	r.Requests.Retried = t.Retries
	setTotals(r, t)
	addAnswers(r, t)
	addConnections(r, t)
	if accepted := t.AcceptedLatency(); accepted != nil {
		s := results.Summarize(accepted)
		r.AcceptedLatency = &s
	}
	return r
}

// setTotals writes every fate on both sides of the books.
func setTotals(r *results.Result, t *results.Tally) {
	for _, entry := range []struct {
		count            results.Count
		requests, events *int64
	}{
		{t.Sent(), &r.Requests.Sent, &r.Events.Sent},
		{t.Fates[capture.FateAccepted], &r.Requests.Accepted, &r.Events.Accepted},
		{t.Fates[capture.FateRejected], &r.Requests.Rejected, &r.Events.Rejected},
		{t.Fates[capture.FateAmbiguous], &r.Requests.Ambiguous, &r.Events.Ambiguous},
		{t.Fates[capture.FateUnsent], &r.Requests.Unsent, &r.Events.Unsent},
	} {
		*entry.requests, *entry.events = entry.count.Requests, entry.count.Events
	}
	for kind, count := range t.Refusals {
		if kind.MayBeStored {
			r.Requests.MayBeStored += count.Requests
			r.Events.MayBeStored += count.Events
		}
	}
	r.Events.ExpectedRefused = t.ExpectedRefused
}

// project balances the books of a run that still goes on, as they would have to
// be read if it were killed now: what is in flight is ambiguous, what is left of
// the plan is unsent. Where batches were split, the plan grows with them.
func project(r *results.Result, inFlight results.Count) {
	projectTotals(&r.Requests.Totals, &r.Planned.Requests, inFlight.Requests)
	projectTotals(&r.Events, &r.Planned.Events, inFlight.Events)
}

// project does one side of the books.
func projectTotals(b *results.Totals, planned *int64, inFlight int64) {
	b.Ambiguous += inFlight
	b.Sent += inFlight
	*planned = max(*planned, b.Sent+b.Unsent)
	b.Unsent = *planned - b.Sent
}

// compareRefusals orders kinds by reason and status, those that are certain first.
func compareRefusals(k, other results.Refusal) int {
	order := cmp.Or(cmp.Compare(k.Reason, other.Reason), cmp.Compare(k.Status, other.Status))
	if order == 0 && k.MayBeStored != other.MayBeStored {
		order = 1
		if other.MayBeStored {
			order = -1
		}
	}
	return order
}
