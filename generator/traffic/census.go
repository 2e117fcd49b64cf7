package traffic

import (
	"time"

	"rehearse/scenario"
)

// Census is under which ids the events of some blocks are sent: what chance
// leaves open in a scenario.
type Census struct {
	Blocks, Events int64
	Whole          bool // all events were looked at: nothing is left open
	CensusEvents
	CensusMerges
	CensusIDs

	head      *rankedCrowd
	ranks     int64 // of the crowd
	people    tallies[personTally]
	anonymous []bearer
	illegal   [len(illegalIDs)]int64
	draws     float64 // by the law of the crowd, that meet as many different ranks as each block does
}

// IDEvents counts events by the kind of their id. They add up to all.
type CensusEvents struct {
	Crowd         int64 // under the id of a ranked person
	Joined        int64 // of a person who joined during the run
	Hot           int64 // of the hot list
	FanIn         int64 // of the one person that fan-in merges join to
	Anonymous     int64 // under an anonymous id
	Illegal, None int64 // under an id that is never merged, and under none at all
}

// MergeCounts counts merges.
type CensusMerges struct {
	Merges  int64
	Refused int64 // of an id that is another person's already
}

// IDCounts counts ids, and events that follow one another.
type CensusIDs struct {
	New       int64 // different anonymous ids
	Joins     int64 // persons who joined
	MetNew    int64 // and have an event under their id in the block in which they did
	MetJoined int64 // different persons of each block who had joined before it, added up
	Followed  int64 // events that have another of their id in a later batch, soon after
}

// personTally is how many events a person has, and the sum of the squares of what they are
// in each block.
type personTally struct{ events, squares float64 }

// bearer is an anonymous id, by the number that makes it, and how many events have it.
type bearer struct {
	number int64
	events int64
}

// Pair is the two ids of a merge. Its slices are valid until the next.
type Pair struct {
	Target, Source []byte

	// Ahead: the first event of Source is still to come.
	Ahead bool
	// Apart is the time since the latest event of Source. In a block that was not looked
	// at it is taken to be where it is on average.
	Apart time.Duration
	// Since is the time since the first event of Source; 0: it is still to come, or
	// Source was merged before it, or to another person.
	Since time.Duration
	// Before is how many events of Source come before it; those of blocks that were not
	// looked at are expected.
	Before    float64
	Dangerous bool // it is $merge_dangerously
	Person    bool // Source is a person's own id
}

// Census plans as many blocks, evenly spread over the run, and counts them; at
// most all. due says when an event is due, at the same time as all of its batch; soon
// is how soon after it another of its id is counted. merge, if not nil, is shown every
// merge.
func (m *Model) Census(blocks int64, due func(int64) time.Duration, soon time.Duration, merge func(*Pair)) *Census {
	p := m.planner
	all := (p.total + blockEvents - 1) / blockEvents
	n := min(blocks, all)
	c := &Census{
		Blocks: n, Whole: n == all,
		head: &p.people.crowd, ranks: p.people.count,
	}
	t := &taker{
		Census: c, m: m, due: due, merge: merge,
		latest: map[int64]time.Duration{}, before: map[int64]int64{}, follower: follower{soon: soon},
	}
	if c.head.listed == nil {
		t.inverse.rankMisses = c.head.law.misses()
	}
	var b *block
	for k := range n {
		number := int64((float64(k) + 0.5) * float64(all) / float64(n))
		b = p.at(number*blockEvents, b)
		t.take(b)
	}
	return c
}

// taker goes through blocks.
type taker struct {
	*Census
	m     *Model
	due   func(int64) time.Duration
	merge func(*Pair)
	pair  Pair
	last  [1 << 16]uint16 // by the anonymous id as in planned: the place after its latest event
	met   tallies[int64]  // events of the block, by person
	named [1 << 16]uint16 // and by the anonymous id, as in planned
	follower
	latest  map[int64]time.Duration // of anonymous ids across blocks: when their latest event is due
	before  map[int64]int64         // and how many they have
	inverse drawsOfRanks
}

// follower counts what of an id follows soon after a batch with others of it.
type follower struct {
	soon time.Duration
	sent tallies[sentBatch] // by id: what it had in the batch before
}

// drawsOfRanks tells how many draws from the crowd have met some ranks.
type drawsOfRanks struct {
	rankMisses         // nil: the draws of the crowd are known
	guess      float64 // what the block before took
}

// take counts the events of a block.
func (t *taker) take(b *block) {
	clear(t.last[:])
	clear(t.named[:])
	t.met.clear()
	for j := range b.events {
		e := &b.events[j]
		if e.trait == traitResent || e.trait == traitCopied {
			e = &b.events[e.via-1]
		}
		t.Events++
		t.follow(e, b, j)
		if t.m.planner.mix.kinds[e.kind].merge {
			t.merged(e, b, j)
		} else {
			t.count(e, b, j)
		}
	}
	t.sumUp(b)
}

// sentBatch is what an id has in a batch.
type sentBatch struct {
	due    time.Duration
	events int64
}

// follow counts the events of an id's batch before if that at j follows soon.
func (t *taker) follow(e *planned, b *block, j int) {
	id := uint64(e.who)
	switch {
	case e.trait == traitNoID:
		return
	case t.m.planner.mix.kinds[e.kind].merge && (e.via == 0 || e.trait == traitEarly):
	case t.m.planner.mix.kinds[e.kind].merge:
		id = anonymousBit | uint64(b.anonymous(e.via))
	case e.anon != 0:
		id = anonymousBit | uint64(b.anonymous(e.anon))
	}
	t.Followed += t.follower.add(id, t.due(b.number*blockEvents+int64(j)))
}

// add adds an event of an id to its batch, and returns how many events of the batch
// before it follows soon.
func (f *follower) add(id uint64, due time.Duration) (followed int64) {
	last := f.sent.of(id)
	if last.events > 0 && last.due == due {
		last.events++
		return 0
	}
	if last.events > 0 && due-last.due <= f.soon {
		followed = last.events
	}
	*last = sentBatch{due, 1}
	return followed
}

// anonymousBit sets the numbers that make anonymous ids apart from persons. Those of
// sessions have bit 62, of the hot list bit 63.
const anonymousBit = 1 << 61

// sumUp adds a block to what is known of the ids.
func (t *taker) sumUp(b *block) {
	different, joined := 0, t.m.planner.join.upTo(b.number*blockEvents, t.m.planner.total)
	t.Joins += t.m.planner.join.upTo(b.number*blockEvents+int64(len(b.events)), t.m.planner.total) - joined
	t.met.each(func(number uint64, n *int64) {
		who, events := person(number), float64(*n)
		sum := t.people.of(number)
		sum.events, sum.squares = sum.events+events, sum.squares+events*events
		switch {
		case who.hot():
		case int64(who) < t.m.planner.people.count:
			different++
		case int64(who) < t.m.planner.people.count+joined:
			t.MetJoined++
		default:
			t.MetNew++
		}
	})
	if d := &t.inverse; different > 0 && d.rankMisses != nil {
		d.guess = d.draws(min(float64(different), float64(t.ranks)*0.999), d.guess)
		t.draws += d.guess
	}
	for anon, n := range t.named {
		if n > 0 {
			t.anonymous = append(t.anonymous, bearer{b.anonymous(uint16(anon)), int64(n)})
		}
	}
}

// count counts an event that is no merge.
func (t *taker) count(e *planned, b *block, j int) {
	switch {
	case e.trait == traitNoID:
		t.None++
	case e.trait == traitIllegalID:
		t.Illegal++
		t.illegal[(b.number*blockEvents+int64(j))%int64(len(illegalIDs))]++
	case e.anon != 0:
		t.Anonymous++
		if t.last[e.anon] == 0 {
			t.New++
		}
		t.named[e.anon]++
		if e.anon > blockEvents {
			t.latest[b.anonymous(e.anon)] = t.due(b.number*blockEvents + int64(j))
			t.before[b.anonymous(e.anon)]++
		}
		t.last[e.anon] = uint16(j + 1)
	default:
		t.person(e.who)
	}
}

// person counts an event under a person's id.
func (t *taker) person(who person) {
	people := &t.m.planner.people
	*t.met.of(uint64(who))++
	switch {
	case who == people.fanIn():
		t.FanIn++
	case who.hot():
		t.Hot++
	case int64(who) < people.count:
		t.Crowd++
	default:
		t.Joined++
	}
}

// merged counts the merge at j.
func (t *taker) merged(e *planned, b *block, j int) {
	kind := &t.m.planner.mix.kinds[e.kind]
	chained := e.via != 0 && e.trait != traitEarly
	t.Merges++
	if (e.trait == traitReused || e.ofPersons()) && string(kind.name) != scenario.EventMergeDangerously {
		t.Refused++
	}
	if chained {
		t.Anonymous++
		t.named[e.via]++
	} else {
		t.person(e.who)
	}
	if t.merge == nil {
		return
	}
	if chained {
		t.pair.Target = t.m.appendAnonymous(t.pair.Target[:0], b.anonymous(e.via))
	} else {
		t.pair.Target = t.m.planner.people.appendID(t.pair.Target[:0], e.who)
	}
	t.pair.Dangerous = string(kind.name) == scenario.EventMergeDangerously
	if t.pair.Person = e.ofPersons(); t.pair.Person {
		t.pairOfPersons(e, b, j)
		return
	}
	t.pair.Source = t.m.appendAnonymous(t.pair.Source[:0], b.anonymous(e.anon))
	t.apart(e.anon, b, j)
	t.pair.Since = t.m.waited(e, b, int64(j), t.due)
	switch number := b.anonymous(e.anon); {
	case e.anon <= blockEvents:
		t.pair.Before = float64(t.named[e.anon])
	case t.Whole:
		t.pair.Before = float64(t.before[number])
	default: // most of it lies in blocks that are not looked at
		t.pair.Before = float64(t.Anonymous) / float64(max(t.New, 1))
	}
	t.merge(&t.pair)
}

// pairOfPersons shows the merge at j of one person into another.
func (t *taker) pairOfPersons(e *planned, b *block, j int) {
	at := t.due(b.number*blockEvents + int64(j))
	t.pair.Source = t.m.planner.people.appendID(t.pair.Source[:0], e.other)
	t.pair.Since, t.pair.Ahead, t.pair.Apart = 0, false, at
	if last, known := t.sent.get(uint64(e.other)); known {
		t.pair.Apart = at - last.due
	}
	earlier, _ := t.people.get(uint64(e.other))
	met, _ := t.met.get(uint64(e.other))
	t.pair.Before = earlier.events + float64(met)
	t.merge(&t.pair)
}

// apart works out how long before the merge at j the latest event of its source lies.
func (t *taker) apart(anon uint16, b *block, j int) {
	first := b.number * blockEvents
	at := t.due(first + int64(j))
	t.pair.Apart, t.pair.Ahead = 0, false
	latest, met := t.latest[b.anonymous(anon)]
	switch before := t.last[anon]; {
	case before != 0:
		t.pair.Apart = at - t.due(first+int64(before)-1)
	case anon <= blockEvents:
		t.pair.Ahead = true
	case met:
		t.pair.Apart = at - latest
	default:
		block, began := t.m.planner.delays.origin(b.anonymous(anon))
		t.pair.Apart = at - t.due(min(began+t.m.planner.rules.lasts, (block+1)*blockEvents-1))
	}
}
