package traffic

import (
	"sync"

	"rehearse/internal/rng"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// planner plans blocks: block b is a function of (seed, b).
type planner struct {
	people population
	mix    mix
	rules  rules
	quotas []quota
	join   quota   // of those, the one that counts who joins
	delays *delays // nil: a merge ends a session that goes on
	seed   uint64
	total  int64       // events of the run
	values rng.Streams // of what is drawn for each event
	blocks blocks
	names  nameCounts
}

// newPlanner prepares the plans of a run along a curve.
func newPlanner(t *scenario.Traffic, curve *schedule.Curve) *planner {
	total := curve.Total()
	p := &planner{
		people: newPopulation(t), mix: newMix(t), rules: newRules(t),
		quotas: quotasOf(t, total), seed: t.Seed, total: total, values: rng.NewStreams(t.Seed ^ eventSalt),
	}
	for _, q := range p.quotas {
		if q.assigns.trait == traitJoin {
			p.join = q
		}
	}
	room, waiting := p.room(), 0.0
	if p.delays = newDelays(t, curve, p.mix.merges(), room); p.delays != nil {
		waiting = p.delays.begun / blockEvents
	}
	p.rules.allow(room, t.DistinctIDs.Growth, waiting)
	p.people.crowd.allot(p.draws(room)*float64(total), total)
	return p
}

// draws is the share of the events whose person is drawn while their block is
// planned: neither of a merge or an assignment that knows its own, nor of a session that goes
// on, of which room may be part.
func (p *planner) draws(room float64) float64 {
	known := p.mix.merges() + room*p.rules.goOn
	for _, q := range p.quotas {
		switch q.assigns.trait {
		case traitHot, traitJoin, traitResent, traitCopied:
			known += float64(q.want) / float64(max(p.total, 1))
		}
	}
	return max(1-known, 0)
}

// room is the share of the events that sessions may be made of: no merges, from no
// server, and without an assignment.
func (p *planner) room() float64 {
	room := 0.0
	for i, k := range p.mix.kinds {
		if !k.merge && !k.server {
			room += p.mix.shares[i]
		}
	}
	special := 0.0
	for _, q := range p.quotas {
		special += float64(q.want) / float64(max(p.total, 1))
	}
	return room * max(1-special/max(1-p.mix.merges(), 1e-300), 0)
}

// at returns the block in which event i lies, planned. It takes back old, the
// block that the caller had before.
func (p *planner) at(i int64, old *block) *block {
	b := p.blocks.swap(old, i/blockEvents)
	b.ready(p)
	return b
}

// blockEvents is how many consecutive events are planned together. A merge and
// the events that it depends on lie in one block, or in two that know of each other
// by arithmetic alone (see delays), so a block can be planned without any other.
const blockEvents = 1 << 14

// block is the plan of blockEvents consecutive events. It is planned once, by
// whoever needs it first, and not changed as long as anybody uses it.
type block struct {
	number int64
	events []planned

	users   int // guarded by the blocks that it belongs to
	mu      sync.Mutex
	planned bool // guarded by mu
	planner blockPlanner
}

// planned says who sends an event and which one. Places within the block are
// counted from 1, so that 0 is none.
type planned struct {
	who  person
	kind uint16
	// anon is what makes the anonymous id, of the event or the one that a merge joins:
	// the number of this place; beyond the places, a session across blocks.
	anon uint16
	// via is of a merge the place that makes the id joined to, instead of the person's;
	// of a copy its original; of an early merge and what it changed places with the
	// other's place.
	via   uint16
	trait trait
	kept  bool   // other events refer to this place: it may not change
	other person // of a merge of two persons: who is joined
}

// ofPersons tells whether a merge joins two persons by their own ids.
func (e *planned) ofPersons() bool { return e.trait == traitIdentified || e.trait == traitWide }

// anonymous returns the number that makes an anonymous id, given as in planned.
func (b *block) anonymous(anon uint16) int64 {
	if anon > blockEvents {
		return b.planner.crossing[anon-blockEvents-1]
	}
	return b.number*blockEvents + int64(anon) - 1
}

// blocks keeps those that are being worked on, and their memory for those that
// come next.
type blocks struct {
	mu  sync.Mutex
	all []*block
}

// swap gives back the block that its caller no longer needs, nil for none, and
// returns block number n, planned or about to be.
func (r *blocks) swap(old *block, n int64) *block {
	r.mu.Lock()
	defer r.mu.Unlock()
	if old != nil {
		old.users--
	}
	var idle *block
	for _, b := range r.all {
		if b.number == n {
			b.users++
			return b
		}
		if b.users == 0 && (idle == nil || b.number < idle.number) {
			idle = b
		}
	}
	if idle == nil {
		idle = &block{}
		r.all = append(r.all, idle)
	}
	idle.number, idle.planned, idle.users = n, false, 1
	return idle
}

// ready plans b unless another sender has.
func (b *block) ready(p *planner) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.planned {
		p.plan(b)
		p.names.add(b, p.mix.names())
		b.planned = true
	}
}

// name is the number of the name of an event of b in Model.Names.
func (b *block) name(e *planned, names int) int {
	switch e.trait {
	case traitLongName:
		return names - 1
	case traitResent, traitCopied:
		e = &b.events[e.via-1]
	}
	return int(e.kind)
}

// nameCounts are how many events of blocks that were planned have each name, so that
// they need not be planned once more to know.
type nameCounts struct {
	mu      sync.Mutex
	byBlock map[int64][]uint16
	kept    int // bytes, about
}

// What is kept of blocks, in bytes: besides its counts each takes a place in a map. Those
// beyond are planned again.
const (
	mostKept = 1 << 20
	eachKept = 64
)

// add counts the events of a block that was planned, unless they were counted before or there
// is no room. Builders that plan other blocks do not wait for it.
func (c *nameCounts) add(b *block, names int) {
	if !c.hasRoom(b.number, names) {
		return
	}
	counts := make([]uint16, names)
	for j := range b.events {
		counts[b.name(&b.events[j], names)]++
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.byBlock == nil {
		c.byBlock = map[int64][]uint16{}
	}
	c.byBlock[b.number] = counts
	c.kept += eachKept + 2*names
}

// hasRoom tells whether the counts of a block are to be kept.
func (c *nameCounts) hasRoom(number int64, names int) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.kept+eachKept+2*names <= mostKept && c.byBlock[number] == nil
}

// of returns the counts of a block, if they are kept.
func (c *nameCounts) of(number int64) (counts []uint16, kept bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	counts, kept = c.byBlock[number]
	return counts, kept
}

// The salts keep the draws for different purposes apart.
const (
	blockSalt   = 0x9fb21c651e98df25
	eventSalt   = 0xd6e8feb86659fd93
	anonSalt    = 0xa0761d6478bd642f
	sessionSalt = 0xe7037ed1a0b428db
	deviceSalt  = 0x8ebc6af09c88c6e3
	groupSalt   = 0x589965cc75374cc3
	clockSalt   = 0x1d8e4e27c47d124f
	rankSalt    = 0x3c6ef372fe94f82b
	delaySalt   = 0x51afd7ed558ccd6d
)
