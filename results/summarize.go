package results

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"rehearse/capture"
	"rehearse/scenario/schedule"
)

// newResult is the Result of a run that came to t after elapsed. How it ended
// and what it is worth is left open.
func newResult(m *Manifest, t *Tally, elapsed time.Duration) *Result {
	r := &Result{
		Format: Format,
		Run: RunFacts{
			ID: m.RunID, Scenario: m.Scenario, SHA256: m.SHA256, Seed: m.Seed,
			StartedAt: m.StartedAt.UTC().Format(time.RFC3339Nano),
			Seconds:   elapsed.Round(time.Millisecond).Seconds(),
			Target:    m.Target, Shard: m.Shard, Merged: len(m.Starts), Permit: m.Permit,
		},
		Planned:    m.Planned,
		Bytes:      Bytes{Body: t.BodyBytes, Wire: t.WireBytes},
		Rejections: rowsOf(t.Refusals),
		Latency:    summary(t.Latency),
		Service:    summary(t.Service),
		Lag:        summary(t.Lag),
		Generator:  Generator{ScheduleKept: ratio(t.Late[OnTime].Requests, t.Due())},
	}
	for _, start := range m.Starts {
		r.Run.Starts = append(r.Run.Starts, start.UTC().Format(time.RFC3339Nano))
	}
	if m.Resolved != nil {
		sum := sha256.Sum256(m.Resolved)
		r.Run.Resolved = hex.EncodeToString(sum[:])
	}
	r.Requests.Retried = t.Retries
	keepBooks(r, t)
	r.addAnswers(t)
	r.addConnections(t)
	if accepted := t.accepted(); accepted != nil {
		s := summary(accepted)
		r.AcceptedLatency = &s
	}
	return r
}

// StageRows are the stages as the result lists them: none if there are too many
// to tell anybody anything.
func StageRows(stages []schedule.StageSpan) []StageRow {
	rows := []StageRow{}
	if len(stages) > MaxStages {
		return rows
	}
	for _, s := range stages {
		rows = append(rows, StageRow{Name: s.Name, From: s.From.Seconds(), To: s.To.Seconds(), Start: s.Start, End: s.End})
	}
	return rows
}

// keepBooks writes every fate on both sides of the books.
func keepBooks(r *Result, t *Tally) {
	for _, entry := range []struct {
		count            Count
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
func (r *Result) project(inFlight Count) {
	r.Requests.project(&r.Planned.Requests, inFlight.Requests)
	r.Events.project(&r.Planned.Events, inFlight.Events)
}

// project does one side of the books.
func (b *Books) project(planned *int64, inFlight int64) {
	b.Ambiguous += inFlight
	b.Sent += inFlight
	*planned = max(*planned, b.Sent+b.Unsent)
	b.Unsent = *planned - b.Sent
}
