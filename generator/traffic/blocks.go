package traffic

import (
	"sync"
)

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
	kept  bool // other events refer to this place: it may not change
}

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

// ready plans b unless somebody has.
func (b *block) ready(p *planner) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.planned {
		p.plan(b)
		b.planned = true
	}
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
