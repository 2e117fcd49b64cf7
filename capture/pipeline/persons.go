package pipeline

import "sync"

// persons knows which ids belong to one person, as far as merges have told. It
// remembers ids that occur in merges only, up to a bound.
type persons struct {
	mu      sync.Mutex
	most    int
	members map[uint64]*member
	counts  MergeCounts
}

// member is an id in the tree of its person; a person is the root of a tree.
type member struct {
	parent     *member // nil: the root
	identified bool    // of the root: the person has been identified
}

// MergeCounts say what became of merge events. Refused ones are kept as events,
// but nothing is merged, and the client never hears of it.
type MergeCounts struct {
	Total      int64 `json:"total"`
	Merged     int64 `json:"merged"`
	Same       int64 `json:"same"`       // both ids were one person's already
	Illegal    int64 `json:"illegal"`    // refused: one of the ids is a word such as "anonymous"
	Identified int64 `json:"identified"` // refused: the id to be merged belongs to another identified person
	Overtook   int64 `json:"overtook"`   // came before an event of one of its ids that is older
	Untracked  int64 `json:"untracked"`  // not judged, for want of memory
}

// merge joins the person of source to that of target, unless that is refused
// (person-merge-service.ts). force is $merge_dangerously.
func (p *persons) merge(e *Event, target, source uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts.Total++
	if Illegal(e.DistinctID) || Illegal(e.Link) {
		p.counts.Illegal++
		return
	}
	a, b := p.find(target), p.find(source)
	switch {
	case a == nil || b == nil:
		p.counts.Untracked++
	case a == b:
		p.counts.Same++
	case b.identified && string(e.Name) != "$merge_dangerously":
		p.counts.Identified++
	default:
		b.parent, a.identified = a, true
		p.counts.Merged++
	}
}

// find returns the person of an id, whom it makes if there is room; nil: none.
func (p *persons) find(id uint64) *member {
	m := p.members[id]
	if m == nil {
		if len(p.members) >= p.most {
			return nil
		}
		m = &member{}
		p.members[id] = m
		return m
	}
	for m.parent != nil {
		if m.parent.parent != nil {
			m.parent = m.parent.parent // halves the path for the next time
		}
		m = m.parent
	}
	return m
}

// overtook counts a merge that came too early.
func (p *persons) overtook() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts.Overtook++
}

func (p *persons) stats() MergeCounts {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts
}
