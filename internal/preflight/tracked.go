package preflight

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/zeebo/xxh3"

	"rehearse/internal/capture/pipeline"
	"rehearse/internal/preflight/backlog"
	"rehearse/internal/preflight/storage"
	"rehearse/scenario"
)

// tracked is what is known about the ids of a run, in bounded memory. As long as
// they are few, all of them are followed. When there is no more room, the half with
// the fewest events is forgotten, and among equals those that have been quiet for
// longest (lossy counting: G. Manku and R. Motwani, "Approximate frequency counts
// over data streams", VLDB 2002). So an id that is busy is found however late it
// comes; what may be missing of its events is at most missed.
type tracked struct {
	ids    map[uint64]*seen // by id and project
	most   int
	missed int64 // events that an id has at most beyond those counted
	over   int64 // events that overflowed, of ids that are forgotten

	// the hashes of all ids, or of one in 2^level; nil: all ids are tracked
	met   map[uint64]struct{}
	level uint
}

// seen is what is known about one id.
type seen struct {
	id       string
	events   int64 // since it is tracked
	missed   int64 // before that, at most
	over     int64
	global   int64 // of them, without persons
	merged   bool  // into another
	overflow bool
	forced   bool // by the embedded endpoint
	unkeyed  bool
	key      pipeline.KeyHash
	arrivals
}

// arrivals are when and how fast the events of an id come.
type arrivals struct {
	first    time.Duration // when it overflowed first
	second   int64         // of the run, that rate counts
	rate     int64
	peak     int64
	latest   time.Duration
	earliest time.Duration
	together int64 // events of the request at latest
}

// newTracked returns room for most ids.
func newTracked(most int) tracked { return tracked{ids: map[uint64]*seen{}, most: most} }

// add begins to follow an id that is not followed yet.
func (f *tracked) add(hash uint64, s *seen) {
	if len(f.ids) >= f.most {
		f.forget()
	}
	s.missed, s.latest = f.missed, -1
	f.ids[hash] = s
	f.meet(hash)
}

// meet counts an id among the different ones, once they are not all followed.
func (f *tracked) meet(hash uint64) {
	if f.met == nil || !f.sampled(hash) {
		return
	}
	if f.met[hash] = struct{}{}; len(f.met) <= f.most {
		return
	}
	f.level++
	for hash := range f.met {
		if !f.sampled(hash) {
			delete(f.met, hash)
		}
	}
}

func (f *tracked) sampled(hash uint64) bool { return hash&(1<<f.level-1) == 0 }

// forget makes room.
func (f *tracked) forget() {
	if f.met == nil {
		f.met = make(map[uint64]struct{}, f.most)
		for hash := range f.ids {
			f.met[hash] = struct{}{}
		}
	}
	type place struct {
		hash   uint64
		events int64
		latest time.Duration
	}
	places := make([]place, 0, len(f.ids))
	for hash, s := range f.ids {
		places = append(places, place{hash, s.events + s.missed, s.latest})
	}
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.events, b.events), cmp.Compare(a.latest, b.latest),
			cmp.Compare(a.hash, b.hash))
	})
	for _, p := range places[:(len(places)+1)/2] {
		f.missed = max(f.missed, p.events)
		f.over += f.ids[p.hash].over
		delete(f.ids, p.hash)
	}
}

// different is how many different ids there were, and half of the 95 % interval of
// that as a share of it; 0: it is exact.
func (f *tracked) different() (ids int64, err float64) {
	if f.met == nil {
		return int64(len(f.ids)), 0
	}
	each := int64(1) << f.level
	ids = max(int64(len(f.met)), 1) * each
	return ids, 1.96 * math.Sqrt(float64(each-1)/float64(ids))
}

// busiest lists the ids that are followed, the busiest first.
func (f *tracked) busiest() []*seen {
	all := make([]*seen, 0, len(f.ids))
	for _, s := range f.ids {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *seen) int {
		return cmp.Or(cmp.Compare(b.events, a.events), cmp.Compare(a.id, b.id))
	})
	return all
}

// take counts an event of the id.
func (s *seen) take(due time.Duration, route pipeline.Route) {
	if second := int64(due / time.Second); second != s.second {
		s.second, s.rate = second, 0
	}
	if s.events == 0 {
		s.earliest = due
	}
	s.events++
	if s.latest != due {
		s.together = 0
	}
	s.together++
	s.rate++
	s.peak = max(s.peak, s.rate)
	s.latest = due
	if route.Over != pipeline.NotOver && !route.Dropped {
		if !s.overflow {
			s.overflow, s.first = true, due
		}
		s.over++
		if route.Over == pipeline.OverGlobal {
			s.global++
		}
	}
}

// ruled is what rules of the deployment and the quota do to a run.
type ruled struct {
	skipped, redirected, dropped float64 // events
	quotaUse
	missing []string // places of rules that match no event
	listed  int64    // events of projects that are over their quota from the start
}

// quotaUse is what becomes of the quotas of projects.
type quotaUse struct {
	ended  bool          // one is used up
	ends   time.Duration // when the first of them is
	beyond float64       // events that are dropped then
	others float64       // and of what else is sent to these projects; 0: nothing is
}

// take counts an event of a tally.
func (c *ruled) take(due time.Duration, r *pipeline.Route) {
	switch {
	case r.Over == pipeline.OverQuota:
		if !c.ended {
			c.ended, c.ends = true, due
		}
		c.beyond++
	case r.Dropped:
	case r.Lane == pipeline.Redirected:
		c.redirected++
	case !r.Persons && r.Over != pipeline.OverGlobal && r.Over != pipeline.OverRule:
		c.skipped++
	}
}

// weightOfAll is what shares of projects are shares of.
func weightOfAll(projects []scenario.TokenShare) (sum float64) {
	for _, t := range projects {
		sum += t.Weight
	}
	return sum
}

// projectsOf are those that a scenario sends to.
func projectsOf(s *scenario.Scenario) []scenario.TokenShare {
	if t := s.Traffic; t != nil && len(t.Tokens) > 0 {
		return t.Tokens
	}
	return []scenario.TokenShare{{Token: s.Target.Token, Weight: 1}}
}

// leftBehind is what a tally knows of what a run leaves in databases.
type leftBehind struct {
	persons *pipeline.Persons
	months  storage.Calendar
}

// take counts an event of an id, if a merge has named that before.
func (b *leftBehind) take(t *Tally, id []byte, route pipeline.Route) {
	if !route.Dropped {
		b.persons.Send(xxh3.HashSeed(id, xxh3.Hash(t.event.Token)), 1, false)
	}
}

// join joins the persons of two ids, of which the source may have had no event yet.
func (b *leftBehind) join(t *Tally, source, target *seen) {
	e := &t.event
	if pipeline.Illegal(e.DistinctID) || pipeline.Illegal(e.Link) || string(e.DistinctID) == string(e.Link) {
		return
	}
	token := xxh3.Hash(e.Token)
	from, to := xxh3.HashSeed(e.Link, token), xxh3.HashSeed(e.DistinctID, token)
	for hash, known := range map[uint64]*seen{from: source, to: target} {
		if known != nil && !b.persons.Knows(hash) {
			b.persons.Send(hash, known.events, true)
		}
	}
	b.persons.Join(to, from, string(e.Name) == scenario.EventMergeDangerously)
}

// counted is a lag that was counted, by seconds of the run.
func counted(w *pipeline.Lag, origin time.Time) backlog.Lag {
	var points []backlog.Point
	for _, p := range w.Trace() {
		points = append(points, backlog.Point{At: p.At.Sub(origin).Seconds(), Wait: p.Wait.Seconds()})
	}
	lag := backlog.Lag{Points: points, Worst: w.Worst, AtEnd: w.Now, Drained: w.Drained.Sub(origin).Seconds()}
	if !w.WorstAt.IsZero() {
		lag.WorstAt = w.WorstAt.Sub(origin).Seconds()
	}
	if !w.Begins.IsZero() {
		begins := w.Begins.Sub(origin).Seconds()
		lag.Begins = &begins
		lag.Points = append(lag.Points, backlog.Point{At: lag.Drained})
	}
	return lag
}
