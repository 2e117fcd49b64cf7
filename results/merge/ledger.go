package merge

import (
	"container/heap"
	"iter"
	"slices"

	"rehearse/internal/capture"
	"rehearse/results"
)

// waitingRanges is how many ranges wait to be joined with those of other shards, at
// least. Shards send neighbouring batches at about the same time, so that few ranges
// are left of all that were read up to one time.
const waitingRanges = 1 << 14

// eachRange calls do with what became of which events by the ledgers of all inputs, joined as
// far as they are neighbours. Each call has sorted ranges, valid until do returns. No
// more is held of the ledgers than was sent at about the same time. The error is of an
// event with two fates among these, too.
func (m *merger) eachRange(do func([]results.Range) error) error {
	u := &uniter{limit: waitingRanges, do: do}
	defer func() {
		for _, l := range u.ledgers {
			l.stop()
		}
	}()
	for _, s := range m.inputs {
		l := &openLedger{shard: s}
		l.next, l.stop = iter.Pull2(s.LedgerSegments(s.ledgerBytes))
		u.ledgers = append(u.ledgers, l)
	}
	for len(u.ledgers) > 0 {
		if err := u.advance(); err != nil {
			return err
		}
	}
	return u.flush(true)
}

// uniter reads ledgers side by side, always on in the one that is furthest behind.
type uniter struct {
	ledgers openLedgers
	waiting []results.Range // those that may have neighbours that were not read yet
	limit   int
	do      func([]results.Range) error
}

// openLedger is a ledger that is being read.
type openLedger struct {
	shard *input
	next  func() ([]results.Range, error, bool)
	stop  func()
	at    int64 // where the last segment ends, in events
}

// openLedgers are a heap, the one that is furthest behind first.
type openLedgers []*openLedger

func (h openLedgers) Len() int           { return len(h) }
func (h openLedgers) Less(i, j int) bool { return h[i].at < h[j].at }
func (h openLedgers) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *openLedgers) Push(x any)        { *h = append(*h, x.(*openLedger)) }

// Pop takes out the last one.
func (h *openLedgers) Pop() any {
	n := len(*h) - 1
	last := (*h)[n]
	*h = (*h)[:n]
	return last
}

// advance reads a segment.
func (u *uniter) advance() error {
	l := u.ledgers[0]
	ranges, err, more := l.next()
	switch {
	case err != nil:
		return err
	case !more:
		l.stop()
		heap.Pop(&u.ledgers)
		return nil
	}
	for _, r := range ranges {
		l.at = max(l.at, r.End())
		if r.Fate == capture.FateAccepted || !l.shard.superseded {
			u.waiting = append(u.waiting, r)
		}
	}
	heap.Fix(&u.ledgers, 0)
	if len(u.waiting) < u.limit {
		return nil
	}
	return u.flush(false)
}

// flush joins what waits, and passes on what is behind all ledgers, or all of it.
func (u *uniter) flush(all bool) (err error) {
	if u.waiting, err = results.Disjoint(u.waiting); err != nil {
		return err
	}
	n := len(u.waiting)
	if !all {
		at := u.ledgers[0].at
		n = 0
		for n < len(u.waiting) && u.waiting[n].End() < at {
			n++
		}
	}
	err = u.do(u.waiting[:n])
	u.waiting = slices.Delete(u.waiting, 0, n)
	u.limit = max(waitingRanges, 2*len(u.waiting))
	return err
}

// covered are the events that some ledger has.
type covered struct {
	ranges []results.Range // sorted and joined
	stray  []results.Range // that came later than others behind them
}

// add adds ranges. The error is of an event that was there already.
func (c *covered) add(ranges []results.Range) error {
	for _, r := range ranges {
		r.Fate = 0
		n := len(c.ranges)
		switch {
		case n > 0 && r.First < c.ranges[n-1].End():
			c.stray = append(c.stray, r)
		case n > 0 && r.First == c.ranges[n-1].End():
			c.ranges[n-1].Count += r.Count
		default:
			c.ranges = append(c.ranges, r)
		}
	}
	if len(c.stray) > max(len(c.ranges), waitingRanges) {
		return c.fold()
	}
	return nil
}

// fold joins the stray ones with the others.
func (c *covered) fold() (err error) {
	c.ranges, err = results.Disjoint(append(c.ranges, c.stray...))
	c.stray = c.stray[:0]
	return err
}
