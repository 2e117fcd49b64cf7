package preflight

import (
	"fmt"
	"math"
	"time"

	"rehearse/generator/traffic"
	"rehearse/internal/capture/pipeline"
	"rehearse/internal/preflight/backlog"
	"rehearse/internal/preflight/storage"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// level follows a bucket along a load that is linear by stretches. Its level is
// what came in over the limit and has not drained yet; what would lift it over
// the burst overflows. The bucket of the service counts the same way, event by
// event (pipeline.Limit).
//
//	excess(t) = share · rate(t) − limit       the level rises by its integral,
//	level     ∈ [0, burst]                    and what is cut off above is over
//
// With a burst without end it is the backlog of a pipeline with a capacity.
type level struct {
	limits
	level, top float64 // now, and the highest so far
	over       float64 // events over the burst
	global     float64 // of them, over the global limit: without a key and without persons
	first      float64 // second at which the first of them came; -1: none
}

// follow runs the level along the stages of a load of which it gets a share.
func follow(stages []schedule.Stage, share float64, m limits) level {
	l := level{limits: m, first: -1}
	at := 0.0
	for _, s := range stages {
		seconds := s.Over.Seconds()
		l.stage(share*s.From-m.perSecond, share*s.To-m.perSecond, seconds, at)
		at += seconds
	}
	return l
}

// stage runs through a stage of which the excess at both ends is known.
func (l *level) stage(from, to, seconds, at float64) {
	if from*to >= 0 {
		l.run(from, to, seconds, at)
		return
	}
	zero := seconds * from / (from - to)
	l.run(from, 0, zero, at)
	l.run(0, to, seconds-zero, at+zero)
}

// run runs through a stretch in which the excess keeps its sign.
func (l *level) run(from, to, seconds, at float64) {
	area := (from + to) / 2 * seconds
	room := l.burst - l.level
	if area <= room {
		l.level = max(l.level+area, 0)
		l.top = max(l.top, l.level)
		return
	}
	if l.first < 0 {
		slope := (to - from) / seconds
		l.first = at + 2*room/(from+math.Sqrt(max(from*from+2*slope*room, 0)))
	}
	if math.IsNaN(l.first) { // no room and no excess yet: at once
		l.first = at
	}
	l.over += area - room
	l.level, l.top = l.burst, l.burst
}

// batchedLevel is for an id whose part of one batch is larger than the burst, so that
// every batch overflows by itself: of each, at most the burst passes, and no more
// than drains from one to the next.
func batchedLevel(stages []schedule.Stage, share, batch float64, m limits) level {
	l := level{limits: m, first: -1}
	at, left := 0.0, batch // events until the first batch is full
	for _, s := range stages {
		seconds, events := s.Over.Seconds(), (s.From+s.To)/2*s.Over.Seconds()
		if l.first < 0 && events >= left {
			slope := (s.To - s.From) / seconds
			l.first = at + 2*left/(s.From+math.Sqrt(max(s.From*s.From+2*slope*left, 0)))
		}
		left -= events
		passes := integral(s, func(rate float64) float64 {
			return min(m.perSecond,
				rate*m.burst/batch)
		})
		l.over += share*events - passes
		at += seconds
	}
	return l
}

// integral sums a function of the rate over a stage, by Simpson's rule over
// pieces.
func integral(s schedule.Stage, f func(float64) float64) float64 {
	const pieces = 16
	width := s.Over.Seconds() / pieces
	sum := 0.0
	for k := range pieces {
		rate := func(x float64) float64 { return s.From + (s.To-s.From)*(float64(k)+x)/pieces }
		sum += width / 6 * (f(rate(0)) + 4*f(rate(0.5)) + f(rate(1)))
	}
	return sum
}

// minutes is the global limit for an id in a run that begins at a time, and the bucket m of
// what is not over it. The model of the limit is led through the beginning of the curve in
// steps, because what it sees depends on when it looks. In the long run an id is over the
// limit whenever its rate is: all of its events count, those that are over as well.
func minutes(curve *schedule.Curve, share float64, limit pipeline.GlobalLimit, begin time.Time, p pace,
	m limits) level {
	l := level{limits: m, first: -1}
	model := pipeline.Minute{Limit: limit}
	end := min(curve.Span(), p.steps*p.step)
	taken := int64(0)
	for t := p.step; t < end+p.step; t += p.step {
		due := int64(math.Round(share * curve.Count(min(t, end))))
		over := model.Take(due-taken, begin.Add(t))
		if over > 0 {
			l.add(float64(over), (t - p.step/2).Seconds())
		}
		l.pass(float64(due-taken-over)/p.step.Seconds(), p.step.Seconds(), (t - p.step).Seconds())
		taken = due
	}
	at := 0.0
	for _, s := range curve.Stages() {
		from, to := at, at+s.Over.Seconds()
		at = to
		if from = max(from, end.Seconds()); from < to {
			l.steady(s, to-s.Over.Seconds(), from, share, limit.PerSecond(limit.Events))
		}
	}
	return l
}

// pass leads what is not over the global limit through the bucket, at a rate for so many
// seconds. Of a batch that is larger than the burst, at most the burst passes; when the
// first is full is for the caller to say.
func (l *level) pass(rate, seconds, at float64) {
	switch {
	case l.perSecond == 0:
	case l.lump > l.burst:
		l.over += max((rate-min(l.perSecond, rate*l.burst/l.lump))*seconds, 0)
	default:
		l.stage(rate-l.perSecond, rate-l.perSecond, seconds, at)
	}
}

// pace is how finely the beginning of a run is looked at, and how much of it.
type pace struct{ step, steps time.Duration }

// add notes events that are over the limit at a second.
func (l *level) add(over, at float64) {
	if l.first < 0 {
		l.first = at
	}
	l.over += over
	l.global += over
}

// steady adds what of a stage that begins at a second is over a steady limit, from
// another second on, and leads the rest through the bucket.
func (l *level) steady(s schedule.Stage, begin, from, share, limit float64) {
	seconds := s.Over.Seconds()
	slope := (s.To - s.From) / seconds
	rate := func(at float64) float64 { return share * (s.From + slope*(at-begin)) }
	to := begin + seconds
	below, above := [2]float64{from, from}, [2]float64{from, to} // when the rate is below the limit, and above
	switch crossing := begin + (limit/share-s.From)/slope; {
	case rate(from) < limit && rate(to) < limit:
		below, above = [2]float64{from, to}, [2]float64{}
	case rate(from) < limit:
		below, above = [2]float64{from, crossing}, [2]float64{crossing, to}
	case rate(to) < limit:
		below, above = [2]float64{crossing, to}, [2]float64{from, crossing}
	}
	if long := below[1] - below[0]; long > 0 {
		l.pass((rate(below[0])+rate(below[1]))/2, long, below[0])
	}
	if long := above[1] - above[0]; long > 0 {
		l.add((rate(above[0])+rate(above[1]))/2*long, above[0])
		l.pass(0, long, above[0])
	}
}

// worse is the harder of two limits that hold at the same time: what one of them
// reroutes, the other does not see.
func worse(a, b level) level {
	a.over, a.global = max(a.over, b.over), max(a.global, b.global)
	if a.first < 0 || b.first >= 0 && b.first < a.first {
		a.first = b.first
	}
	return a
}

// limits are what holds for one id on the lane that it takes.
type limits struct {
	perSecond, burst float64 // of as many buckets as an id's events are spread over; 0: any
	lump             float64 // events of the id that come with one batch
	global           pipeline.GlobalLimit
	consumer         pipeline.Limit // of one bucket, whatever the replicas; zero: any
}

// mostLate is how many of the busiest ids are asked how late they are.
const mostLate = 16

// late works out how late the latest of some ids, the busiest partition and everything is.
func (l *checker) late(keys []key) {
	f, part := l.facts, &l.report.Partitions
	in := backlog.Facts{
		Load: l.report.curve, Capacity: f.Capacity, Stages: f.Stages,
		Partition: backlog.Partition{Name: fmt.Sprintf("partition %d", part.Hottest),
			Share: float64(part.Max) / float64(max(l.load.Events, 1)), Off: part.MaxError,
			Rate: f.Costs.Partition, Ordinary: l.meanly},
	}
	for i := range keys[:min(len(keys), mostLate)] {
		if k := &keys[i]; !l.keyless(k) {
			in.IDs = append(in.IDs, l.lateID(k))
		}
	}
	l.report.Lag = backlog.Foretell(&in)
	for i := range in.IDs {
		if q := l.report.Lag.ID; q != nil && q.Name == in.IDs[i].Name {
			l.latest = in.IDs[i].PerEvent
		}
	}
}

// keyless tells whether no event of an id waits for another of it: they are dropped, or
// have no key.
func (l *checker) keyless(k *key) bool {
	main := !l.s.Target.HistoricalMigration
	token, key := []byte(k.token), k.bytes()
	return l.overQuota(k.token) || l.facts.Import && main || l.facts.Restricted(pipeline.Drop, token, key) ||
		main && l.facts.Restricted(pipeline.SkipPersons, token, key) || l.forced(k)
}

// lateID is an id with what decides how long its events wait.
func (l *checker) lateID(k *key) backlog.ID {
	m := l.limitsOf(k)
	whole, lane := HotID{DistinctID: k.id, Project: k.project}, pipeline.Main
	switch {
	case l.restricts(pipeline.Redirect, k):
		lane = pipeline.Redirected
	case l.s.Target.HistoricalMigration:
		lane = pipeline.Historical
	}
	return backlog.ID{
		Name: whole.named(), Share: k.share * l.taken, Off: k.off, PerEvent: l.perEvent(k),
		Bucket:  pipeline.Limit{PerSecond: int(m.perSecond), Burst: int(m.burst)},
		InOrder: l.facts.Overflow.KeepsOrder, Lane: lane,
		Global: pipeline.Limit{PerSecond: int(math.Ceil(m.global.PerSecond(m.global.Events))),
			Burst: int(m.global.Events)},
	}
}

// lateCounted is how late counted traffic is, as the model of the pipeline saw it event by
// event; everything follows from the curve.
func (l *checker) lateCounted(stats *pipeline.LagStats, origin time.Time) {
	l.late(nil)
	c := &l.report.Lag
	if w := stats.ID; w != nil {
		c.ID = &backlog.Queued{Name: w.DistinctID, Lane: w.Lane, Lag: counted(&w.Lag, origin)}
		l.latest = l.perEvent(nil)
		c.ID.Events = w.Worst / l.latest
	}
	if w := stats.Partition; w != nil {
		c.Partition = &backlog.Queued{Name: fmt.Sprintf("partition %d", w.Partition), Lane: w.Lane,
			Lag: counted(&w.Lag, origin)}
		c.Partition.Events = w.Worst * l.facts.Costs.Partition
	}
	for i := range stats.Stages {
		w, rate := &stats.Stages[i], l.facts.Stages[i].Capacity
		c.Stages[i] = backlog.Queued{Name: w.Stage, Lag: counted(&w.Lag, origin)}
		c.Stages[i].Events = w.Worst * rate
	}
}

// stored works out what synthesized traffic leaves in databases and on disks.
func (l *checker) stored(model *traffic.Model, p *pairs, due func(int64) time.Duration) {
	s, t, total := &l.report.Storage, l.s.Traffic, l.load.Events
	joined := p.persons.Joined()
	if !l.census.Whole {
		joined = l.crowdOf(model).Joined(l.facts.Merges, p.before/float64(max(p.single, 1)))
	}
	stamp := func(at time.Duration) time.Time {
		if t.Timestamps.Now {
			return l.start.Add(at)
		}
		return model.Stamped(min(int64(l.load.Curve.Count(at)), total-1), due)
	}
	s.Months = storage.Walk(l.load.Curve.Span(), t.Timestamps.Disorder, stamp, 60*l.load.Curve.Peak())
	// Of a person who is moved as a whole, events under the person's own ids were not followed.
	l.storage(joined, l.census.Whole && joined.Moved.Max <= 1)
}

// crowdOf is who gets the merges of synthesized traffic.
func (l *checker) crowdOf(model *traffic.Model) *storage.Crowd {
	persons, share := model.Crowd()
	all := float64(l.census.Merges) / float64(max(l.census.Events, 1)) * float64(l.load.Events)
	m, merges, dangerous := &l.s.Traffic.Merges, 0.0, 0.0
	for _, e := range l.s.Traffic.Events {
		if scenario.IsMerge(e.Name) {
			merges += e.Weight
		}
		if e.Name == scenario.EventMergeDangerously {
			dangerous += e.Weight
		}
	}
	may := dangerous / max(merges, 1e-300) // share of the merges that are never refused
	return &storage.Crowd{Persons: persons, Share: share, FanIn: m.FanIn * all, Wide: m.Wide * may * all,
		Merges: all * (1 - m.FanIn - m.Repeated() + (m.Reused+m.Identified)*may)}
}

// storedCounted is the same of what was counted.
func (l *checker) storedCounted(b *leftBehind) {
	l.report.Storage.Months = b.months.Months(l.load.Curve.Span())
	l.storage(b.persons.Joined(), true)
}

// storage fills in what merges come to, what waits at its worst, and when a quota ends.
func (l *checker) storage(j pipeline.MergeTotals, exact bool) {
	s, limit := &l.report.Storage, l.facts.Merges
	s.Persons = storage.Persons{IDs: j.IDs, Moved: j.Moved, Limit: limit.IDs, Async: limit.Async, Beyond: j.Beyond,
		Overrides: j.Moves, Rewritten: j.Rewritten, Exact: exact}
	for _, q := range l.report.Lag.All() {
		events := q.Events
		if q == l.report.Lag.Partition {
			events /= max(l.meanly, 1e-9) // which is told in ordinary events
		}
		each := float64(l.load.Body) / float64(max(l.load.Events, 1))
		if b := storage.Waiting(q.Name, events, q.WorstAt, each); q.Begins != nil && b.Bytes > s.Broker.Bytes {
			s.Broker = b
		}
	}
	if l.ruled.ended {
		ends := l.ruled.ends.Seconds()
		s.QuotaEnds = &ends
	}
}
