package recording

import (
	"slices"

	"github.com/zeebo/xxh3"

	"rehearse/internal/capture/pipeline"
	"rehearse/internal/recording/event"
)

// Learned is what readings of a recording find out for those that follow: which
// distinct_ids merges join ([Files.LearnJoins]), and which events have a clock that is
// ahead (any reading, until it is frozen). It holds hashes of the ids that occur in
// merges, and nothing of the others.
type Learned struct {
	groups groups
	ahead  map[int][]int64 // by the number of the part: those whose clock is ahead, counted from 0
	events int             // of them
	frozen bool
	other  []byte
}

// Freeze ends learning which clocks are ahead: later readings only look up. It reports
// whether there are any that a reading would put elsewhere now.
func (l *Learned) Freeze() (matters bool) {
	matters = !l.frozen && l.events > 0
	l.frozen = true
	return matters
}

// join notes which ids e joins, unless the service refuses to.
func (l *Learned) join(e *event.Event) {
	l.other = e.Joins(l.other[:0])
	if len(l.other) == 0 || pipeline.Illegal(l.other) {
		return
	}
	l.groups.join(xxh3.Hash(e.DistinctID), xxh3.Hash(l.other))
}

// Group returns the hash that stands for an id and all those that merges join to it,
// however many steps lie between them.
func (l *Learned) Group(id []byte) uint64 {
	h := xxh3.Hash(id)
	if l == nil || l.groups.used == 0 {
		return h
	}
	return l.groups.root(h)
}

// groups are sets of hashes, each with its smallest as the root of a tree (union-find):
// a table of those that are in a set with others. The empty one is ready for use.
type groups struct {
	slots []link // open addressing, a power of two of them
	used  int
}

// link is the way from a hash to its root; 0: the slot is free.
type link struct{ hash, parent uint64 }

// join makes the groups of two hashes one.
func (g *groups) join(a, b uint64) {
	if 4*(g.used+2) > 3*len(g.slots) {
		g.grow()
	}
	a, b = g.root(a), g.root(b)
	g.put(max(a, b), min(a, b))
	g.put(min(a, b), min(a, b))
}

// put sets the parent of a hash.
func (g *groups) put(hash, parent uint64) {
	s := g.find(hash)
	if s.hash == 0 {
		g.used++
	}
	*s = link{hash, parent}
}

// find returns the slot of a hash, or the free one where it belongs.
func (g *groups) find(hash uint64) *link {
	mask := uint64(len(g.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		if s := &g.slots[i]; s.hash == hash || s.hash == 0 {
			return s
		}
	}
}

// root follows the parents and shortens the way for the next time.
func (g *groups) root(hash uint64) uint64 {
	s := g.find(hash)
	if s.hash == 0 {
		return hash
	}
	for s.parent != s.hash {
		next := g.find(s.parent)
		s.parent, s = next.parent, next
	}
	return s.hash
}

// grow doubles the table.
func (g *groups) grow() {
	old := g.slots
	g.slots = make([]link, max(2*len(old), 64))
	for _, s := range old {
		if s.hash != 0 {
			*g.find(s.hash) = s
		}
	}
}

// mostAhead bounds how many events are remembered; those beyond it are taken as they
// are.
const mostAhead = 1 << 20

// markAhead notes that the clock of an event of a part is ahead.
func (l *Learned) markAhead(part int, event int64) {
	if l == nil || l.frozen || l.events == mostAhead {
		return
	}
	if l.ahead == nil {
		l.ahead = map[int][]int64{}
	}
	l.ahead[part] = append(l.ahead[part], event)
	l.events++
}

// isAhead reports whether the clock of an event of a part was found to be ahead.
func (l *Learned) isAhead(part int, event int64) bool {
	if l == nil || !l.frozen || l.events == 0 {
		return false
	}
	_, found := slices.BinarySearch(l.ahead[part], event)
	return found
}
