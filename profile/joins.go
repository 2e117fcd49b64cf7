package profile

import (
	"github.com/zeebo/xxh3"

	"rehearse/recording"
)

// joins counts the events that join persons, and how they do it.
type joins struct {
	events  int64 // all of them
	fresh   int64 // those whose other id was not joined before
	known   int64 // those of whose other id it is known whether it was seen before
	early   int64 // of those, such whose other id was seen only later
	reused  int64 // the other id was joined to somebody else before
	chained int64 // the person is an id that an earlier event joined
	seen    recording.Recent
	mergers *ids                // by the person that they join to
	waiting map[uint64]struct{} // other ids that were not seen yet
	delays  tally               // from an anonymous id's first event to its identification, in tenths of a second
	id      []byte
}

// mostMergers and mostWaiting bound the memory.
const (
	mostMergers = 1 << 18
	mostWaiting = 1 << 18
)

// newJoins returns an empty count.
func newJoins() joins {
	return joins{mergers: newIDs(mostMergers), waiting: map[uint64]struct{}{}}
}

// add takes in an event of the person with this hash, if it is one that joins.
func (j *joins) add(e *recording.Event, person uint64, all *ids, tenth uint32) {
	if _, early := j.waiting[person]; early {
		delete(j.waiting, person)
		j.early++
	}
	j.id = e.Joins(j.id[:0])
	if len(j.id) == 0 {
		return
	}
	j.events++
	j.mergers.add(person, tenth)
	other := hashID(j.id)
	if j.seen.Has(joinedHash(person, 0)) {
		j.chained++
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
	first, seen := all.firstSeen(other)
	switch {
	case seen && string(e.Name) == recording.Identify:
		j.delays.add(float64(tenth) - float64(first))
	case !seen && len(j.waiting) < mostWaiting:
		j.waiting[other] = struct{}{}
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
// events, so that somebody who is busy anyway does not count.
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

// merges sums up, of so many events of all ids.
func (j *joins) merges(all *ids, events int64) Merges {
	share := func(n, of int64) float64 { return float64(n) / float64(max(of, 1)) }
	return Merges{
		Events: j.events, Share: share(j.events, events), Fresh: j.fresh,
		Early: share(j.early, j.known), Reused: share(j.reused, j.events), Chains: share(j.chained, j.events), FanIn: j.fanIn(all, events),
		DelaySeconds: j.delays.quantiles().over(tenths),
	}
}

// tellingJoins is how many joins it takes before their shares mean anything.
const tellingJoins = 100
