package verify

import (
	"context"
	"errors"
	"io"
	"time"

	"rehearse/generator/traffic"
	"rehearse/internal/capture"
	"rehearse/scenario/schedule"
)

// plan is what a run was to send, and what became of it.
type plan struct {
	run      *Run
	model    *traffic.Model
	uuids    traffic.UUIDs
	schedule *schedule.Schedule
	total    int64
	fates    fates
	replay   *replayed // nil: events are synthesized, and what stands above is not
}

// newPlan makes the events of a run again.
func newPlan(run *Run) plan {
	s := run.Scenario
	if r := run.replayed; r != nil {
		return plan{run: run, replay: r, total: r.Len(), fates: fatesOf(run.Attempts, r.Len())}
	}
	p := plan{
		run:      run,
		model:    traffic.New(s.Traffic, s.Load.Curve),
		schedule: schedule.New(s.Load.Curve, s.Load.Arrivals, s.Traffic.Seed),
	}
	p.uuids, p.total = p.model.UUIDs(), p.schedule.Total()
	if run.Closed {
		p.total = min(p.total, run.reach())
	}
	p.fates = fatesOf(run.Attempts, p.total)
	return p
}

// uuidOf is the uuid that event i has of its own.
func (p *plan) uuidOf(i int64) capture.UUID {
	if p.replay != nil {
		return p.replay.entry(i).UUID
	}
	return p.uuids.Of(i)
}

// writer is what writes events of the run. It is for one goroutine.
func (p *plan) writer() *traffic.Writer {
	if p.replay != nil {
		return &traffic.Writer{Start: p.run.Attempts[0].start(), Due: func(i int64) time.Duration {
			return p.replay.entry(i).Due
		}}
	}
	return &traffic.Writer{Start: p.run.Attempts[0].start(), Due: p.schedule.Cursor().Due}
}

// pass is one reading of a source, and what it has come to.
type pass struct {
	plan
	source *Source
	hasher hasher

	seen  *sightings
	rows  Rows
	has   [parts]int64 // rows of the run that have a part
	times times
	order *order
	named named

	progress func(read, all int64)

	misordered, ordered int64
	last                int64 // the event that was seen last
}

// newPass prepares to read a source.
func newPass(run *Run, source *Source) *pass {
	p := &pass{
		plan: newPlan(run), source: source, named: named{}, last: -1, rows: Rows{Unusable: map[Unusable]int64{}},
	}
	p.seen, p.order = newSightings(p.total), newOrder()
	p.times = newTimes(p)
	if p.replay != nil {
		p.hasher = p.replay.hasher()
	} else {
		p.hasher = newHasher(p, source.Sent)
	}
	return p
}

// newHasher returns a hasher that compares the properties which the run sends.
func newHasher(p *pass, sent bool) hasher {
	h := hasher{sent: sent, known: map[uint64]struct{}{}}
	if sent {
		return h
	}
	writer := p.writer()
	var e capture.Event
	for i := range min(p.total, learned) {
		p.model.Write(&e, i, writer)
		h.learn(e.Properties, 0)
	}
	p.model.EachKind(eachKind, func(e *capture.Event, _ float64) { h.learn(e.Properties, 0) })
	return h
}

// From how many events the paths of properties are learned: the first ones, and so
// many of each kind.
const (
	learned  = 4096
	eachKind = 64
)

// interruptedEvery is after how many rows the pass looks whether it is to end, and
// tells how far it has come.
const interruptedEvery = 4096

// read reads the rows to the end of the source. The error says why it did not get
// there.
func (p *pass) read(ctx context.Context, r Reader) error {
	var row Row
	for {
		if p.rows.All%interruptedEvery == 0 {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if p.progress != nil {
				p.progress(p.source.Position())
			}
		}
		err := r.Next(&row)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		p.rows.All++
		p.take(&row)
	}
}

// take takes a row in.
func (p *pass) take(r *Row) {
	if r.Unusable != "" {
		p.rows.Unusable[r.Unusable]++
		return
	}
	i, ours := p.index(r.UUID)
	if !ours {
		p.rows.Foreign++
		if !p.named.full(KindForeign) {
			p.named.add(Named{Kind: KindForeign, UUID: r.UUID.String()})
		}
		return
	}
	p.last = i
	if p.times.elsewhen(i, r.Time) {
		p.rows.OtherRun++
		if !p.named.full(KindOtherRun) {
			p.named.add(Named{Kind: KindOtherRun, Index: &i, UUID: r.UUID.String()})
		}
		return
	}
	for part, value := range [parts][]byte{r.Name, r.DistinctID, r.Properties} {
		if value != nil {
			p.has[part]++
		}
	}
	h := p.hasher.of(&r.UUID, r.Name, r.DistinctID, r.Properties)
	if p.replay != nil && p.replay.uneven[i] {
		h = sums{}
	}
	if p.seen.note(i, &h) {
		p.rows.First++
		p.times.note(i, r.Time)
		p.line(i, r)
	}
}

// index finds the event of a uuid. As a rule it is the one behind the last.
func (p *pass) index(u capture.UUID) (i int64, ours bool) {
	if p.replay != nil {
		return p.indexReplayed(u)
	}
	if next := p.last + 1; next < p.total && p.uuids.Of(next) == u {
		return next, true
	}
	return p.uuids.Index(u)
}

// line looks whether event i came behind a younger one of its distinct_id.
func (p *pass) line(i int64, r *Row) {
	if !p.source.InOrder || r.DistinctID == nil {
		return
	}
	p.ordered++
	younger := p.order.note(i, r.DistinctID, r.Partition)
	if younger < 0 {
		return
	}
	p.misordered++
	if !p.named.full(KindMisordered) {
		p.named.add(Named{
			Kind:       KindMisordered,
			Index:      &i,
			UUID:       r.UUID.String(),
			DistinctID: string(r.DistinctID),
			Younger:    &younger,
		})
	}
}
