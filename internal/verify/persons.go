package verify

import (
	"context"
	"errors"
	"io"
	"sync"

	"github.com/zeebo/xxh3"

	"rehearse/internal/capture"
	"rehearse/internal/capture/pipeline"
)

// mostJoined is how many ids that merges name are followed, about 50 MB.
const mostJoined = 1 << 19

// merge is an event of the run that joins two ids, by their hashes.
type merge struct {
	index          int64
	target, source uint64
	dangerous      bool
}

// merges follows the merges that are there, in the order of their events, and knows
// which ids are one person's after them.
type merges struct {
	mu      sync.Mutex
	next    int64             // block whose merges come next
	waiting map[int64][]merge // of blocks behind it
	persons *pipeline.Persons
	all     []merge  // that were followed
	open    []uint64 // ids of which a merge was not followed, for want of room
	missed  int64    // merges that were not followed
}

// newMerges prepares to follow merges.
func newMerges() *merges {
	return &merges{waiting: map[int64][]merge{}, persons: pipeline.NewPersons(mostJoined)}
}

// mergeOf returns the merge that an event is; ok is false if it is none, or one that is
// always refused.
func mergeOf(e *capture.Event, index int64) (m merge, ok bool) {
	link := pipeline.Link(e.Name, e.Properties)
	if link == nil || pipeline.Illegal(link) || pipeline.Illegal(e.DistinctID) {
		return merge{}, false
	}
	return merge{index, xxh3.Hash(e.DistinctID), xxh3.Hash(link), string(e.Name) == "$merge_dangerously"}, true
}

// take takes the merges of a block. They are followed as soon as those of all blocks
// before it were.
func (m *merges) take(block int64, some []merge) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.waiting[block] = some
	for {
		some, here := m.waiting[m.next]
		if !here {
			return
		}
		delete(m.waiting, m.next)
		m.next++
		for _, one := range some {
			m.follow(one)
		}
	}
}

// follow follows one merge.
func (m *merges) follow(one merge) {
	if m.persons.Join(one.target, one.source, one.dangerous) {
		m.all = append(m.all, one)
		return
	}
	m.missed++
	for _, id := range []uint64{one.target, one.source} {
		if _, known := m.persons.Of(id); known {
			m.open = append(m.open, id)
		}
	}
}

// personSource says which person the ids have at the other end.
type personSource struct {
	*Source
	of      map[uint64]uint64 // by the hash of an id that merges name
	version map[uint64]int64  // of these, if the source has versions
	whole   bool
}

// read reads which person each id has: of several rows of an id the one of the latest
// version, or the last.
func (s *personSource) read(ctx context.Context, m *merges) error {
	r, err := s.Open()
	if err != nil {
		return err
	}
	defer r.Close()
	var row Row
	for n := 0; ; n++ {
		if n%interruptedEvery == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		switch err := r.Next(&row); {
		case errors.Is(err, io.EOF):
			s.whole = true
			return nil
		case err != nil:
			return err
		}
		s.take(&row, m)
	}
}

// take takes a row in.
func (s *personSource) take(r *Row, m *merges) {
	if r.DistinctID == nil || r.Person == nil || r.Unusable != "" && r.Unusable != NoUUID {
		return
	}
	id := xxh3.Hash(r.DistinctID)
	if _, ours := m.persons.Of(id); !ours {
		return
	}
	if r.Version < s.version[id] {
		return
	}
	if r.Version > 0 {
		s.version[id] = r.Version
	}
	if r.Deleted {
		delete(s.of, id)
		return
	}
	s.of[id] = xxh3.Hash(r.Person)
}

// holdPersons holds the persons at the other end against those that the merges which
// are there make.
func (c *check) holdPersons(ctx context.Context, from *Source) *Persons {
	m := c.merges
	s := &personSource{Source: from, of: map[uint64]uint64{}, version: map[uint64]int64{}}
	report := &Persons{Source: from.Name, IDs: int64(m.persons.IDs()), Merges: int64(len(m.all)), NotFollowed: m.missed}
	if err := s.read(ctx, m); err != nil {
		report.Why = err.Error()
		return report
	}
	report.Complete = true
	unsure := map[uint64]bool{} // persons of whom a merge was not followed
	for _, id := range m.open {
		person, _ := m.persons.Of(id)
		unsure[person] = true
	}
	c.compare(m, s, unsure, report)
	return report
}

// compare compares the persons both ways.
func (c *check) compare(m *merges, s *personSource, unsure map[uint64]bool, report *Persons) {
	has, of := map[uint64]uint64{}, map[uint64]uint64{} // theirs by ours, and ours by theirs
	split, joined := map[uint64]bool{}, map[uint64]bool{}
	m.persons.Each(func(id uint64) {
		ours, _ := m.persons.Of(id)
		theirs, there := s.of[id]
		switch {
		case unsure[ours]:
			return
		case !there:
			report.Missing++
			return
		}
		report.Judged++
		if other, known := has[ours]; known && other != theirs {
			split[ours] = true
		}
		if other, known := of[theirs]; known && other != ours {
			joined[theirs] = true
		}
		has[ours], of[theirs] = theirs, ours
	})
	report.Split, report.Joined = int64(len(split)), int64(len(joined))
	for i := range m.all {
		if ours, _ := m.persons.Of(m.all[i].target); !unsure[ours] {
			c.nameMerge(&m.all[i], m, s, joined)
		}
	}
}

// nameMerge names a merge whose ids are not one person's at the other end, though they
// should be, or are one person's with others.
func (c *check) nameMerge(one *merge, m *merges, s *personSource, joined map[uint64]bool) {
	target, _ := m.persons.Of(one.target)
	source, _ := m.persons.Of(one.source)
	a, hasTarget := s.of[one.target]
	b, hasSource := s.of[one.source]
	switch {
	case !hasTarget || !hasSource:
		c.nameOne(KindMissing, one.index)
	case a != b && target == source:
		c.nameOne(KindSplit, one.index)
	case joined[a]:
		c.nameOne(KindJoined, one.index)
	}
}

// nameOne names an event of the run, if there is room.
func (p *pass) nameOne(kind Kind, i int64) {
	if p.named.full(kind) {
		return
	}
	var e capture.Event
	w := p.writer()
	if p.replay == nil {
		p.model.Write(&e, i, w)
	}
	p.named.add(Named{
		Kind:       kind,
		Index:      &i,
		UUID:       p.uuidOf(i).String(),
		Event:      string(e.Name),
		DistinctID: string(e.DistinctID),
		Due:        milliseconds(w.Due(i)),
	})
}
