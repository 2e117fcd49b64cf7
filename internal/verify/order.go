package verify

import "github.com/zeebo/xxh3"

// order counts events that came behind a younger one of their distinct_id. It
// remembers the latest event of each id that came among the last rememberedIDs or
// twice as many different ones.
type order struct {
	latest, before map[uint64]int64 // by the hash of an id and its partition
}

// rememberedIDs is how many ids one of the two tables holds, about 10 MB.
const rememberedIDs = 1 << 18

// newOrder has seen nothing.
func newOrder() *order {
	return &order{latest: map[uint64]int64{}, before: map[uint64]int64{}}
}

// note notes that event i of an id came, and returns the younger one that came before
// it; -1: none did.
func (o *order) note(i int64, id []byte, partition int32) (younger int64) {
	key := xxh3.HashSeed(id, uint64(partition))
	last, known := o.latest[key]
	if !known {
		if last, known = o.before[key]; !known {
			last = -1
		}
		if len(o.latest) >= rememberedIDs {
			o.latest, o.before = o.before, o.latest
			clear(o.latest)
		}
	}
	o.latest[key] = max(last, i)
	if last > i {
		return last
	}
	return -1
}
