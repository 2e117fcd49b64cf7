package pipeline

import (
	"math"
	"slices"
	"sync"
	"time"
)

// Lag is how long events waited in a queue before they were worked off.
type Lag struct {
	Worst   float64   `json:"worst_s"`             // seconds that one waited at most
	WorstAt time.Time `json:"worst_at,omitzero"`   // when it came
	Begins  time.Time `json:"begins_at,omitzero"`  // when the first came that waited for a second; zero: none
	Drained time.Time `json:"drained_at,omitzero"` // when all that came so far is worked off
	Events  int64     `json:"late_events"`         // that waited for a second or longer
	Now     float64   `json:"now_s"`               // how long one would wait that came at the time of the count

	trace trace
}

// LagPoint is how long an event waits that comes at a time.
type LagPoint struct {
	At   time.Time
	Wait time.Duration
}

// Trace is the wait over time, the longest of each stretch; empty: nothing waited yet.
func (l *Lag) Trace() []LagPoint { return slices.Clone(l.trace.points) }

// trace keeps the wait over time, in bounded memory: stretches of a second at first, and
// twice as long whenever there are too many.
type trace struct {
	every  time.Duration
	points []LagPoint
}

// mostPoints is how many stretches are kept.
const mostPoints = 1024

// add notes a wait. Nothing is kept before the first that is not zero.
func (t *trace) add(now time.Time, wait time.Duration) {
	n := len(t.points)
	if n == 0 && wait == 0 {
		return
	}
	t.every = max(t.every, time.Second)
	if n > 0 && now.Sub(t.points[n-1].At) < t.every {
		t.points[n-1].Wait = max(t.points[n-1].Wait, wait)
		return
	}
	t.points = append(t.points, LagPoint{now, wait})
	if len(t.points) < mostPoints {
		return
	}
	t.every *= 2
	half := t.points[:0]
	for i := 0; i+1 < len(t.points); i += 2 {
		a, b := t.points[i], t.points[i+1]
		half = append(half, LagPoint{a.At, max(a.Wait, b.Wait)})
	}
	t.points = half
}

// late is from when on a wait counts.
const late = time.Second

// note counts an event that came at a time and waits so long.
func (l *Lag) note(now time.Time, wait time.Duration, done int64) {
	l.trace.add(now, wait)
	if s := wait.Seconds(); s > l.Worst {
		l.Worst, l.WorstAt = s, now
	}
	if wait >= late {
		l.Events++
		if l.Begins.IsZero() {
			l.Begins = now
		}
	}
	if at := time.Unix(0, done); at.After(l.Drained) {
		l.Drained = at
	}
}

// IDLag is the lag of the id that is the latest.
type IDLag struct {
	DistinctID string `json:"distinct_id"`
	Lane       string `json:"lane"`
	Lag
}

// PartitionLag is the lag of the partition that is the latest.
type PartitionLag struct {
	Lane      string `json:"lane"`
	Partition int    `json:"partition"`
	Lag
}

// StageLag is the lag of a stage behind the pipeline.
type StageLag struct {
	Stage string `json:"stage"`
	Lag
}

// LagStats say how late the events are: those of the latest id, of the latest partition,
// and of each stage. What is not known to take time is not told.
type LagStats struct {
	ID        *IDLag        `json:"distinct_id,omitempty"`
	Partition *PartitionLag `json:"partition,omitempty"`
	Stages    []StageLag    `json:"stages,omitempty"`

	// Waiting is how many events wait in partitions and stages at the time of the count, those of
	// partitions in ordinary events; 0 where nothing is known to take time.
	Waiting int64 `json:"waiting_events"`
}

// queue works off one event after another. It is when it will be done with all that it
// has, in nanoseconds since 1970.
type queue int64

// take adds an event that takes so many nanoseconds, and returns how long it waits.
func (q *queue) take(now, cost int64) (wait time.Duration) {
	begin := max(int64(*q), now)
	*q = queue(begin + cost)
	return time.Duration(begin - now)
}

// lagging is one queue with what is known of it.
type lagging struct {
	queue queue
	lag   Lag
}

func (l *lagging) take(now time.Time, cost int64) {
	wait := l.queue.take(now.UnixNano(), cost)
	l.lag.note(now, wait, int64(l.queue))
}

// at is the lag as it is at a time.
func (l *lagging) at(now time.Time) Lag {
	lag := l.lag
	lag.Now = max(time.Duration(int64(l.queue)-now.UnixNano()), 0).Seconds()
	return lag
}

// consumers are the partitions and the stages that work events off.
type consumers struct {
	mu         sync.Mutex
	partitions [lanes][]lagging
	stages     []stageQueue
}

// stageQueue is a stage, which takes its share of the events.
type stageQueue struct {
	lagging
	owed float64 // share of an event that it is still to get
}

// work leads an event through what works it off. An id without its key is worked off
// wherever it lies, beside others of the same id.
func (p *Pipeline) work(v *visit, r *Route) {
	c := &p.facts.Costs
	weight := c.Of(string(v.Name))
	lane := r.Lane
	if r.Moved {
		lane = Overflow
	}
	if v.id != nil && c.PerEvent > 0 && r.Keyed && (!r.Moved || r.KeepsOrder) {
		q := &v.id.main
		if lane == Overflow {
			q = &v.id.aside
		}
		wait := q.take(v.now.UnixNano(), int64(weight*float64(c.PerEvent)))
		v.shard.noteID(v, lane, wait, int64(*q))
	}
	if c.Partition > 0 || len(p.facts.Stages) > 0 {
		p.consumers.take(p.facts, v.now, weight, lane, r.Partition)
	}
}

// noteID notes the wait of an id, if it is one of the latest, or waits longer than one of
// them ever did.
func (s *shard) noteID(v *visit, lane Lane, wait time.Duration, done int64) {
	least := &s.slowest[0]
	for i := range s.slowest {
		w := &s.slowest[i]
		if w.id != nil && w.hash == v.hash && w.lane == lane {
			w.lag.note(v.now, wait, done)
			w.done = done
			return
		}
		if w.lag.Worst < least.lag.Worst {
			least = w
		}
	}
	if wait.Seconds() <= least.lag.Worst {
		return
	}
	*least = slowest{hash: v.hash, lane: lane, id: append(least.id[:0], v.DistinctID...), done: done}
	least.lag.note(v.now, wait, done)
}

// mostSlow is how many of the latest ids a shard follows: one that becomes the latest is
// known from when it began to be late.
const mostSlow = 8

// slowest is one of the ids that waited longest, of a shard.
type slowest struct {
	hash uint64
	lane Lane
	id   []byte
	lag  Lag
	done int64
}

func (c *consumers) take(f *Facts, now time.Time, weight float64, lane Lane, partition int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f.Costs.Partition > 0 {
		c.partitions[lane][partition].take(now, int64(weight/f.Costs.Partition*1e9))
	}
	for i := range c.stages {
		s, stage := &c.stages[i], &f.Stages[i]
		s.owed += stage.Share
		if s.owed >= 1-1e-9 {
			s.owed--
			s.take(now, int64(1e9/stage.Capacity))
		}
	}
}

// addTo adds what the partitions and stages are late by.
func (c *consumers) addTo(stats *LagStats, f *Facts, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	waiting := 0.0
	for lane := range c.partitions {
		for i := range c.partitions[lane] {
			lag := c.partitions[lane][i].at(now)
			waiting += lag.Now * f.Costs.Partition
			if worst := stats.Partition; worst == nil || lag.Worst > worst.Worst {
				stats.Partition = &PartitionLag{Lane(lane).String(), i, lag}
			}
		}
	}
	for i := range c.stages {
		lag := c.stages[i].at(now)
		waiting += lag.Now * f.Stages[i].Capacity
		stats.Stages = append(stats.Stages, StageLag{f.Stages[i].Name, lag})
	}
	stats.Waiting = int64(math.Ceil(waiting))
}

// addTo adds the id that waited longest, if it is one of this shard.
func (w *slowest) addTo(stats *LagStats, now time.Time) {
	if w.id == nil || stats.ID != nil && stats.ID.Worst >= w.lag.Worst {
		return
	}
	lag := w.lag
	lag.Now = max(time.Duration(w.done-now.UnixNano()), 0).Seconds()
	stats.ID = &IDLag{string(w.id), w.lane.String(), lag}
}
