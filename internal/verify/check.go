package verify

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"

	"rehearse/internal/capture"
)

// check holds what was seen against what was sent, block by block, on all cores.
// complete says that what was not seen is not there.
type check struct {
	*pass
	complete bool
	merges   *merges      // nil: persons are not asked for
	told     *Told        // what the source told in sums; nil: nothing
	compared [parts]bool  // parts that the source has
	next     atomic.Int64 // the next block

	mu      sync.Mutex // guards what follows
	events  Events
	planned int64 // further sightings that were planned
	doubled int64 // and those that were not
	content Content
	unequal []unequal
}

// unequal is a block whose content is not as it was sent.
type unequal struct {
	block int64
	parts [parts]bool
}

// checker is what one core has found.
type checker struct {
	*check
	*walker
	hasher hasher

	events  Events
	planned int64
	doubled int64
	content Content
	unequal []unequal
	named   named
}

// checkAll checks every block. ctx ends it early.
func (c *check) checkAll(ctx context.Context) error { return c.eachBlock(ctx, (*checker).checkBlock) }

// eachBlock does something about every block, on all cores. ctx ends it early.
func (c *check) eachBlock(ctx context.Context, do func(*checker, int64)) error {
	c.next.Store(0)
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			k := &checker{check: c, walker: c.newWalker(), hasher: c.hasher, named: named{}}
			k.hasher.text = nil
			for ctx.Err() == nil {
				block := c.next.Add(1) - 1
				if block >= int64(len(c.seen.blocks)) {
					break
				}
				do(k, block)
			}
			k.give()
		})
	}
	group.Wait()
	return ctx.Err()
}

// give adds what a core has found to the whole.
func (k *checker) give() {
	c := k.check
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events.add(&k.events)
	c.planned += k.planned
	c.doubled += k.doubled
	c.content.Events += k.content.Events
	c.content.Summed += k.content.Summed
	c.unequal = append(c.unequal, k.unequal...)
	c.pass.named.join(k.named)
}

// checkBlock checks the events of one block.
func (k *checker) checkBlock(block int64) {
	first := block * blockEvents
	n := min(blockEvents, k.total-first)
	k.fill(first, n)
	var want sums
	var found []merge
	for j := range n {
		switch {
		case k.own[j]:
		case k.uuidOf(first+j) == capture.UUID{}:
			k.events.Unmarked++
		default:
			k.events.Repeated++
		}
		seen, told := k.sighted(first+j, j)
		k.sort(first+j, k.slots[j], seen)
		if seen == 0 || told && k.check.merges == nil {
			continue
		}
		k.write(first + j)
		if !told {
			h := k.sumsOf(first+j, &k.hasher)
			h = h.scaled(seen)
			want.add(&h)
			k.content.Events++
		}
		if c := k.check; c.merges != nil {
			if m, is := k.mergeOf(first + j); is {
				found = append(found, m)
			}
		}
	}
	if k.check.merges != nil {
		k.check.merges.take(block, found)
	}
	k.events.Planned += n
	u := unequal{block: block}
	for part, got := range k.seen.blocks[block].sums {
		u.parts[part] = k.compared[part] && got != want[part]
	}
	if u.parts != ([parts]bool{}) {
		k.unequal = append(k.unequal, u)
	}
}

// sighted is how often event i, number j of the block, was seen. told says that its
// content was compared with that of others in a sum, which was as it should be.
func (k *checker) sighted(i, j int64) (seen int64, told bool) {
	if k.told == nil || !k.told.Holds(k.uuidOf(i)) {
		return k.seen.of(i), false
	}
	if seen = int64(k.slots[j].accepted); seen > 0 && k.isDropped(i) {
		seen = 0
	}
	if seen > 0 {
		k.content.Summed++
	}
	return seen, true
}

// sort puts an event into the row where it belongs, by how its uuid was sent and how
// often it was seen.
func (k *checker) sort(i int64, sent sendings, seen int64) {
	e := &k.events
	may := int64(sent.accepted + sent.doubtful)
	switch {
	case seen == 0 && k.own[i%blockEvents]:
		k.sortAbsent(i, sent)
		return
	case seen == 0:
		return
	case sent.accepted > 0:
		e.Accepted.Present++
	case sent.doubtful > 0:
		e.Unsure.Arrived++
		k.name(KindArrived, i, may, seen)
	case sent.rejected > 0:
		e.Rejected.Taken++
		may = 1
		k.name(KindTaken, i, 0, seen)
	default:
		e.Unsent.Seen++
		may = seen
		k.name(KindOtherRun, i, 0, seen)
	}
	extra := max(seen-may, 0)
	k.doubled += extra
	k.planned += seen - 1 - extra
	if extra > 0 {
		e.Duplicated++
		k.name(KindDuplicated, i, may, seen)
	}
	if seen < int64(sent.accepted) {
		e.Merged++
	}
}

// sortAbsent is sort for an event that was not seen.
func (k *checker) sortAbsent(i int64, sent sendings) {
	e := &k.events
	switch {
	case sent == sendings{}:
		e.Unsent.Absent++
	case !k.complete:
		e.Unread++
	case sent.accepted > 0 && k.isDropped(i):
		e.Accepted.Dropped++
		k.name(KindDropped, i, int64(sent.accepted), 0)
	case sent.accepted > 0:
		e.Accepted.Lost++
		k.name(KindLost, i, int64(sent.accepted), 0)
	case sent.doubtful > 0:
		e.Unsure.NotArrived++
		k.name(KindNotArrived, i, int64(sent.doubtful), 0)
	default:
		e.Rejected.Absent++
	}
}

// name names an event, if there is room.
func (k *checker) name(kind Kind, i, sent, seen int64) {
	if k.named.full(kind) {
		return
	}
	var e capture.Event // of a replay, what it is comes later
	if k.replay == nil {
		k.model.Write(&e, i, k.maker)
	}
	k.named.add(Named{
		Kind: kind, Index: &i, UUID: k.uuidOf(i).String(), Event: string(e.Name), DistinctID: string(e.DistinctID),
		Due: milliseconds(k.maker.Due(i)), Sent: sent, Seen: seen,
	})
}

// add adds what was counted of other events.
func (e *Events) add(o *Events) {
	e.Planned += o.Planned
	e.Repeated += o.Repeated
	e.Unmarked += o.Unmarked
	e.Accepted.Present += o.Accepted.Present
	e.Accepted.Lost += o.Accepted.Lost
	e.Accepted.Dropped += o.Accepted.Dropped
	e.Unsure.Arrived += o.Unsure.Arrived
	e.Unsure.NotArrived += o.Unsure.NotArrived
	e.Rejected.Absent += o.Rejected.Absent
	e.Rejected.Taken += o.Rejected.Taken
	e.Unsent.Absent += o.Unsent.Absent
	e.Unsent.Seen += o.Unsent.Seen
	e.Unread += o.Unread
	e.Duplicated += o.Duplicated
	e.Merged += o.Merged
}
