package generator

import (
	"sync"

	"rehearse/scenario"
)

// blockEvents is how many consecutive events are planned together. A merge and
// the earlier event that it depends on always lie in one block, so a block can
// be planned without knowing any other.
const blockEvents = 1 << 14

// window is how many events before a merge its anonymous event may lie.
const window = 1024

// block is the plan of blockEvents consecutive events. It is planned once, by
// whoever needs it first, and never changed afterwards.
type block struct {
	number int64
	once   sync.Once
	events []planned
}

// planned says who sends an event and which one.
type planned struct {
	who  person
	kind uint16
	link uint16 // a merge and its anonymous event point at each other: position + 1
}

// planner plans blocks: block b is a function of (seed, b).
type planner struct {
	people population
	mix    mix
	seed   uint64
	total  int64 // events of the run
	recent recent
}

// at returns the block in which event i lies, planned.
func (p *planner) at(i int64) *block {
	b := p.recent.block(i / blockEvents)
	b.once.Do(func() { p.plan(b) })
	return b
}

// plan draws kinds and persons, then pairs each merge with an earlier event.
func (p *planner) plan(b *block) {
	n := min(blockEvents, p.total-b.number*blockEvents)
	b.events = make([]planned, n)
	s := scenario.NewStream(p.seed^blockSalt, uint64(b.number))
	for j := range b.events {
		e := &b.events[j]
		e.kind = uint16(p.mix.draw.draw(&s))
		e.who = p.people.draw(&s)
	}
	for j := range b.events {
		if p.mix.kinds[b.events[j].kind].merge {
			p.pair(b.events, j, &s)
		}
	}
}

// pair links the merge at j to an earlier event, which becomes anonymous. Where
// there is none, at the beginning of a block, the merge changes places with a
// later ordinary event, so that the shares of the mix stay what they are.
func (p *planner) pair(events []planned, j int, s *scenario.Stream) {
	k := p.anonymous(events, j, s)
	if k >= 0 {
		events[j].link, events[k].link = uint16(k+1), uint16(j+1)
		return
	}
	for l := j + 1; l < len(events); l++ {
		if !p.mix.kinds[events[l].kind].merge {
			events[j].kind, events[l].kind = events[l].kind, events[j].kind
			return
		}
	}
	events[j].kind = p.mix.plain
}

// anonymous finds an event before j to be sent under an anonymous id: near a
// random place at most window events back, not of a hot id unless there is no
// other. -1: none.
func (p *planner) anonymous(events []planned, j int, s *scenario.Stream) int {
	if j == 0 {
		return -1
	}
	from := j - 1 - int(s.Below(uint64(min(j, window))))
	for _, hot := range [...]bool{false, true} {
		for k := from; k >= 0; k-- {
			if p.free(events[k], hot) {
				return k
			}
		}
		for k := from + 1; k < j; k++ {
			if p.free(events[k], hot) {
				return k
			}
		}
	}
	return -1
}

// free tells whether an event may become the anonymous one of a merge.
func (p *planner) free(e planned, hot bool) bool {
	return e.link == 0 && e.who.hot() == hot && !p.mix.kinds[e.kind].merge
}

// recent keeps the blocks that are being worked on.
type recent struct {
	mu     sync.Mutex
	blocks [8]*block
	next   int
}

// block returns block number n, planned or about to be.
func (r *recent) block(n int64) *block {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, b := range r.blocks {
		if b != nil && b.number == n {
			return b
		}
	}
	b := &block{number: n}
	r.blocks[r.next] = b
	r.next = (r.next + 1) % len(r.blocks)
	return b
}
