package learn

import (
	"cmp"
	"math"
	"slices"

	"github.com/zeebo/xxh3"
)

// ids counts events by distinct_id. Up to three million ids are counted each.
// Beyond that a sample of them is: those whose hash ends in level zero bits, each
// standing for 2^level ids; and the busiest are kept beside it.
type ids struct {
	slots []slot // open addressing, a power of two of them
	used  int
	level uint
	hot   *hot // nil as long as everybody is counted
	most  int  // slots
}

// slot is one id.
type slot struct {
	hash  uint64 // 0: the slot is free
	count uint32
	first uint32 // its earliest time, in tenths of a second
}

// mostSlots bounds the memory to 64 MiB.
const mostSlots = 1 << 22

// newIDs returns an empty count.
func newIDs(most int) *ids { return &ids{slots: make([]slot, 1<<12), most: most} }

// hashID hashes an id; never to 0.
func hashID(id []byte) uint64 { return xxh3.Hash(id) | 1<<63 }

// sampled reports whether an id of this hash is counted.
func (t *ids) sampled(hash uint64) bool { return hash&(1<<t.level-1) == 0 }

// touch has the place of an id brought near.
func (t *ids) touch(hash uint64) uint64 { return t.slots[hash>>20&uint64(len(t.slots)-1)].hash }

// add counts one event of an id at a time, and reports whether the id is known already
// as one that is counted.
func (t *ids) add(hash uint64, tenth uint32) (known bool) {
	if t.hot != nil {
		t.hot.add(hash)
	}
	if !t.sampled(hash) {
		return false
	}
	s := t.find(hash)
	if s.hash == 0 {
		*s = slot{hash, 1, tenth}
		t.used++
		if t.used*4 > len(t.slots)*3 {
			t.grow()
		}
		return false
	}
	s.first = min(s.first, tenth)
	s.count++
	if s.count == 0 {
		s.count-- // It stays at 2^32-1.
	}
	return true
}

// find returns the slot of an id, or the free one where it belongs.
func (t *ids) find(hash uint64) *slot {
	mask := uint64(len(t.slots) - 1)
	for i := hash >> 20 & mask; ; i = (i + 1) & mask {
		if s := &t.slots[i]; s.hash == hash || s.hash == 0 {
			return s
		}
	}
}

// grow doubles the table, or halves the sample if it is as large as can be.
func (t *ids) grow() {
	if len(t.slots) < t.most {
		old := t.slots
		t.slots = make([]slot, 2*len(old))
		t.fill(old)
		return
	}
	if t.hot == nil {
		t.hot = newHot(t.busiest(hotSize))
	}
	t.level++
	kept := make([]slot, 0, t.used/2+t.used/8)
	for _, s := range t.slots {
		if s.hash != 0 && t.sampled(s.hash) {
			kept = append(kept, s)
		}
	}
	clear(t.slots)
	t.fill(kept)
}

// fill puts slots into the empty table.
func (t *ids) fill(slots []slot) {
	t.used = 0
	for _, s := range slots {
		if s.hash != 0 {
			*t.find(s.hash) = s
			t.used++
		}
	}
}

// sampling says how exact the counts are.
func (t *ids) sampling() Sampling {
	if t.hot == nil {
		return Sampling{OneIn: 1, ExactRanks: int64(t.used)}
	}
	each := int64(1) << t.level
	return Sampling{each, t.hot.exact(), 2 * math.Sqrt(float64(each-1)/float64(int64(t.used)*each))}
}

// has reports whether an id was seen, of those that are counted.
func (t *ids) has(hash uint64) bool { return t.find(hash).hash != 0 }

// joinsOf is how many of the events of each of the n busiest ids join persons. Among
// millions of ids, of which a sample is counted, nobody asks: there it says none.
func (t *ids) joinsOf(j *joins, n int) []int64 {
	if t.hot != nil {
		return make([]int64, n)
	}
	var counts []int64
	for _, s := range t.busiest(n) {
		counts = append(counts, int64(j.mergers.find(s.hash).count))
	}
	return counts
}

// busiest returns the n busiest of the counted ids, the busiest first.
func (t *ids) busiest(n int) []slot {
	var top []slot
	least := uint32(0) // what is below it is not among them
	keep := func() {
		slices.SortFunc(top, func(a, b slot) int {
			return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.hash, b.hash))
		})
		top = top[:min(n, len(top))]
	}
	for _, s := range t.slots {
		if s.hash == 0 || s.count < least {
			continue
		}
		if top = append(top, s); len(top) >= 2*n {
			keep()
			least = top[n-1].count
		}
	}
	keep()
	return top
}

// ranking is events by rank, the busiest first, in runs of equal counts.
type ranking []run

// run is so many ids with so many events each.
type run struct{ events, ids int64 }

// ranking sorts the ids by their counts.
func (t *ids) ranking() ranking {
	var counts []int64
	least := int64(0) // what is above it, hot knows better
	if t.hot != nil {
		counts, least = t.hot.sure()
	}
	r := newRanking(counts, 1)
	counts = make([]int64, 0, t.used)
	for _, s := range t.slots {
		if s.hash != 0 && (t.hot == nil || int64(s.count) <= least) {
			counts = append(counts, int64(s.count))
		}
	}
	return append(r, newRanking(counts, 1<<t.level)...)
}

// newRanking sorts counts, each of which stands for so many ids.
func newRanking(counts []int64, each int64) ranking {
	slices.SortFunc(counts, func(a, b int64) int { return cmp.Compare(b, a) })
	var r ranking
	for _, n := range counts {
		if last := len(r) - 1; last >= 0 && r[last].events == n {
			r[last].ids += each
			continue
		}
		r = append(r, run{n, each})
	}
	return r
}

// totals returns how many ids there are, and how many events.
func (r ranking) totals() (ids, events int64) {
	for _, u := range r {
		ids += u.ids
		events += u.ids * u.events
	}
	return ids, events
}

// top returns the counts of the n busiest.
func (r ranking) top(n int) []int64 {
	var counts []int64
	for _, u := range r {
		for range u.ids {
			if len(counts) == n {
				return counts
			}
			counts = append(counts, u.events)
		}
	}
	return counts
}

// sum is how many events the n busiest have.
func (r ranking) sum(n int64) (events int64) {
	for _, u := range r {
		k := min(n, u.ids)
		events += k * u.events
		n -= k
	}
	return events
}
