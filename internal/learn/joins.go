package learn

import (
	"maps"
	"math"

	"github.com/zeebo/xxh3"

	"rehearse/internal/recording"
	"rehearse/internal/recording/event"
)

// joins counts the events that join persons, and how they do it.
type joins struct {
	events  int64 // all of them
	fresh   int64 // those whose other id was not joined before
	known   int64 // those of whose other id it is known whether it was seen before
	early   int64 // of those, such whose other id was seen only later
	reused  int64 // the other id was joined to somebody else before
	chained int64 // the person is an id that an event read earlier joined
	chains  int64 // the other id is one that an event read earlier joined others to
	seen    recording.Recent
	mergers *ids                // by the person that they join to
	waiting map[uint64]struct{} // other ids that were not seen yet
	first   map[uint64]uint32   // by the other id: its earliest identification, in tenths of a second
	level   uint                // of first: the bits that are zero in the hashes that it holds
	id      []byte
}

// mostMergers and mostWaiting bound the memory.
const (
	mostMergers = 1 << 18
	mostWaiting = 1 << 18
	mostFirst   = 1 << 18
)

// newJoins returns an empty count.
func newJoins() joins {
	return joins{mergers: newIDs(mostMergers), waiting: map[uint64]struct{}{}, first: map[uint64]uint32{}}
}

// other returns the id that an event joins to its person, good until the next call.
func (j *joins) other(e *event.Event) []byte {
	j.id = e.Joins(j.id[:0])
	return j.id
}

// add takes in an event, if it is one that joins; known says whether its person was
// among all of them before.
func (j *joins) add(e *identified, known bool, all *ids) {
	person, other, tenth := e.person, e.other, e.tenth
	if !known { // Who was seen before waits no more.
		if _, early := j.waiting[person]; early {
			delete(j.waiting, person)
			j.early++
		}
	}
	if other == 0 {
		return
	}
	j.events++
	j.mergers.add(person, tenth)
	if j.seen.Has(joinedHash(person, 0)) {
		j.chained++
	}
	if j.mergers.has(other) {
		j.chains++
	}
	again := j.seen.Seen(joinedHash(other, 0))
	if !again {
		j.fresh++
	}
	if same := j.seen.Seen(joinedHash(other, person)); again && !same {
		j.reused++
	}
	if !all.sampled(other) {
		return
	}
	j.known++
	if !all.has(other) && len(j.waiting) < mostWaiting {
		j.waiting[other] = struct{}{}
	}
	if e.isIdentify {
		j.identified(other, tenth)
	}
}

// identified notes when an id was identified, of all or of a sample of them.
func (j *joins) identified(id uint64, tenth uint32) {
	if id&(1<<j.level-1) != 0 {
		return
	}
	if before, known := j.first[id]; !known || tenth < before {
		j.first[id] = tenth
	}
	for len(j.first) > mostFirst {
		j.level++
		maps.DeleteFunc(j.first, func(id uint64, _ uint32) bool { return id&(1<<j.level-1) != 0 })
	}
}

// joinedHash is what is remembered of an id that was joined to a person; 0: to
// whomever.
func joinedHash(id, person uint64) uint64 {
	var pair [16]byte
	for i := range 8 {
		pair[i], pair[8+i] = byte(id>>(8*i)), byte(person>>(8*i))
	}
	return xxh3.Hash(pair[:])
}

// fanIn is the share of the joins that one person has beyond its share of the other
// events, so that a person who is active anyway does not count.
func (j *joins) fanIn(all *ids, events int64) (most float64) {
	if j.events < tellingJoins || j.events == events {
		return 0
	}
	for _, s := range j.mergers.busiest(16) {
		if !all.sampled(s.hash) {
			continue
		}
		joins, others := float64(s.count), float64(all.find(s.hash).count)-float64(s.count)
		most = max(most, joins/float64(j.events)-others/float64(events-j.events))
	}
	return most
}

// merges sums up the joins among so many events. Of a recording that is read from its
// end it is not known which came before the first event of an id.
func (o *Observer) merges(events int64, newestFirst bool) Merges {
	j := &o.joins
	share := func(n, of int64) float64 { return float64(n) / float64(max(of, 1)) }
	m := Merges{
		Events: j.events, Share: share(j.events, events), Fresh: j.fresh,
		Early: share(j.early, j.known), Reused: share(j.reused, j.events), Chains: share(j.chained, j.events),
		FanIn: j.fanIn(o.ids, events), DelaySeconds: o.delays().quantiles().over(tenths),
	}
	if newestFirst {
		m.Early, m.Chains = 0, share(j.chains, j.events)
	}
	return m
}

// delays are how long ids were anonymous, from their earliest event to their earliest
// identification, in tenths of a second and without the pauses between segments.
func (o *Observer) delays() *tally {
	var t tally
	for id, tenth := range o.joins.first {
		s := o.ids.find(id)
		if !o.ids.sampled(id) || s.hash == 0 || s.first > tenth {
			continue
		}
		between := o.segments.offset(o.at(tenth)) - o.segments.offset(o.at(s.first))
		t.add(math.Round(between * tenths))
	}
	return &t
}

// tellingJoins is how many joins it takes before their shares mean anything.
const tellingJoins = 100
