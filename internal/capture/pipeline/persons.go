package pipeline

import (
	"bytes"
	"maps"
	"slices"
	"sync"
)

// persons knows which ids belong to one person, as far as merges have told. It
// remembers ids that occur in merges only, up to a bound.
type persons struct {
	mu      sync.Mutex
	most    int
	limit   MergeLimit
	members map[uint64]*member
	counts  MergeCounts

	moves     map[int64]int64 // merges, by how many ids they moved; nil: that is not counted
	rewritten int64           // events that came under the ids which were moved, before that
}

// member is an id in the tree of its person; a person is the root of a tree.
type member struct {
	parent     *member // nil: the root
	id         uint64
	identified bool  // of the root: the person has been identified
	ids        int64 // of the root: how many the person has
	events     int64 // of the root: how many came under them
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

	Beyond  int64 `json:"beyond_limit"` // moved more ids than the limit: dead letters, or done later
	Moved   int64 `json:"ids_moved"`    // by all merges: a row each in person_distinct_id_overrides
	Largest int64 `json:"largest_move"` // ids that one merge moved
	Widest  int64 `json:"widest"`       // ids of the person that has the most
}

// merge joins the person of source to that of target, unless that is refused
// (person-merge-service.ts). force is $merge_dangerously.
func (p *persons) merge(e *Event, target, source uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts.Total++
	switch {
	case bytes.Equal(e.DistinctID, e.Link):
		p.counts.Same++
		return
	case Illegal(e.DistinctID) || Illegal(e.Link):
		p.counts.Illegal++
		return
	}
	p.join(target, source, string(e.Name) == "$merge_dangerously")
}

// join joins the person of source to that of target, unless that is refused or there is
// no room for them.
func (p *persons) join(target, source uint64, dangerous bool) {
	a, b := p.find(target), p.find(source)
	switch {
	case a == nil || b == nil:
		p.counts.Untracked++
	case a == b:
		p.counts.Same++
	case b.identified && !dangerous:
		p.counts.Identified++
	default:
		p.move(a, b)
	}
}

// move moves the ids of one person to another, unless they are more than the limit.
func (p *persons) move(a, b *member) {
	if p.limit.IDs > 0 && b.ids > p.limit.IDs {
		p.counts.Beyond++
		if !p.limit.Async {
			return
		}
	}
	b.parent, a.identified = a, true
	if p.moves != nil {
		p.moves[b.ids]++
	}
	p.rewritten += b.events
	a.ids, a.events = a.ids+b.ids, a.events+b.events
	c := &p.counts
	c.Merged++
	c.Moved += b.ids
	c.Largest, c.Widest = max(c.Largest, b.ids), max(c.Widest, a.ids)
}

// Persons follows merges of ids that are known by a hash, by the rules of the pipeline.
// It is for one goroutine.
type Persons struct{ persons persons }

// NewPersons returns persons of whom nothing is known. It remembers so many ids, about
// 100 bytes each.
func NewPersons(most int) *Persons {
	return &Persons{persons{most: most, members: map[uint64]*member{}, moves: map[int64]int64{}}}
}

// Within holds the merges that follow to a limit.
func (p *Persons) Within(limit MergeLimit) { p.persons.limit = limit }

// Send counts events that come under an id, if a merge has named it or it is to be
// remembered for one that is about to.
func (p *Persons) Send(id uint64, events int64, remember bool) {
	if p.persons.members[id] == nil && !remember {
		return
	}
	if m := p.persons.find(id); m != nil {
		m.events += events
	}
}

// Knows tells whether an id is remembered.
func (p *Persons) Knows(id uint64) bool { return p.persons.members[id] != nil }

// IDSizes are how many ids something has: half of all have no more than P50, and all but one
// in a hundred no more than P99.
type IDSizes struct {
	P50 int64 `json:"p50"`
	P99 int64 `json:"p99"`
	Max int64 `json:"max"`
}

// MergeTotals are what merges came to.
type MergeTotals struct {
	IDs       IDSizes // of the persons that have more than one
	Moved     IDSizes // ids that one merge moved
	Moves     int64   // ids that were moved, in all: a row each in person_distinct_id_overrides
	Rewritten int64   // events that came under these ids before they were moved
	Beyond    int64   // merges that were to move more than the limit
}

// Joined tells what the merges so far came to.
func (p *Persons) Joined() MergeTotals {
	widths := map[int64]int64{}
	for _, m := range p.persons.members {
		if m.parent == nil && m.ids > 1 {
			widths[m.ids]++
		}
	}
	return MergeTotals{
		IDs: sizesOf(widths), Moved: sizesOf(p.persons.moves), Moves: p.persons.counts.Moved,
		Rewritten: p.persons.rewritten, Beyond: p.persons.counts.Beyond,
	}
}

// sizesOf are the percentiles of what was counted by size.
func sizesOf(counts map[int64]int64) (s IDSizes) {
	all := int64(0)
	for _, n := range counts {
		all += n
	}
	below := int64(0)
	for _, size := range slices.Sorted(maps.Keys(counts)) {
		below += counts[size]
		if s.P50 == 0 && 2*below >= all {
			s.P50 = size
		}
		if s.P99 == 0 && 100*below >= 99*all {
			s.P99 = size
		}
		s.Max = size
	}
	return s
}

// Join joins the person of source to that of target, unless the pipeline refuses that.
// Merges of ids that are illegal, see [Illegal], are for the caller to leave out;
// dangerous is $merge_dangerously. known is false if there is no room for the ids.
func (p *Persons) Join(target, source uint64, dangerous bool) (known bool) {
	before := p.persons.counts.Untracked
	p.persons.join(target, source, dangerous)
	return p.persons.counts.Untracked == before
}

// Of returns one of the ids of the person to whom an id belongs, the same for all of
// them; known is false of an id that no merge has named.
func (p *Persons) Of(id uint64) (person uint64, known bool) {
	if p.persons.members[id] == nil {
		return 0, false
	}
	return p.persons.find(id).id, true
}

// IDs is how many ids are remembered.
func (p *Persons) IDs() int { return len(p.persons.members) }

// Each calls do with every id that is remembered.
func (p *Persons) Each(do func(id uint64)) {
	for id := range p.persons.members {
		do(id)
	}
}

// find returns the person of an id, whom it makes if there is room; nil: none.
func (p *persons) find(id uint64) *member {
	m := p.members[id]
	if m == nil {
		if len(p.members) >= p.most {
			return nil
		}
		m = &member{id: id, ids: 1}
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
