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
	parent map[uint64]uint64 // of groups of ids, by hash (union-find)
	ahead  map[int][]int64   // by the number of the part: those whose clock is ahead, counted from 0
	events int               // of them
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
	if l.parent == nil {
		l.parent = map[uint64]uint64{}
	}
	a, b := l.root(xxh3.Hash(e.DistinctID)), l.root(xxh3.Hash(l.other))
	l.parent[max(a, b)] = min(a, b)
}

// Group returns the hash that stands for an id and all those that merges join to it,
// however many steps lie between them.
func (l *Learned) Group(id []byte) uint64 {
	h := xxh3.Hash(id)
	if l == nil || len(l.parent) == 0 {
		return h
	}
	return l.root(h)
}

// root follows the parents and shortens the way for the next time.
func (l *Learned) root(h uint64) uint64 {
	for {
		p, ok := l.parent[h]
		if !ok || p == h {
			return h
		}
		if grand, ok := l.parent[p]; ok && grand != p {
			l.parent[h] = grand
		}
		h = p
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
