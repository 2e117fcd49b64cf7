package traffic

import (
	"math/bits"

	"rehearse/internal/rng"
)

// tallies are values by the number of an id: a hash table with linear probing, of which a
// look-up costs a third of that of a map. The zero value is empty.
type tallies[V any] struct {
	slots []tallySlot[V]
	used  int
	shift int // of a hash, to a place among the slots
}

// tallySlot is a number and its value; key is one more than the number, 0 is no number.
type tallySlot[V any] struct {
	key   uint64
	value V
}

// of returns the value of a number, until the next number is added; it is added if it is
// not there.
func (t *tallies[V]) of(number uint64) *V {
	if 4*t.used >= 3*len(t.slots) {
		t.grow()
	}
	s := t.slot(number)
	if s.key == 0 {
		s.key = number + 1
		t.used++
	}
	return &s.value
}

// get returns the value of a number, and whether it is there.
func (t *tallies[V]) get(number uint64) (value V, known bool) {
	if t.used == 0 {
		return value, false
	}
	s := t.slot(number)
	return s.value, s.key != 0
}

// slot is where a number stands, or would.
func (t *tallies[V]) slot(number uint64) *tallySlot[V] {
	for i := rng.Mix(number) >> t.shift; ; i++ {
		s := &t.slots[i&uint64(len(t.slots)-1)]
		if s.key == number+1 || s.key == 0 {
			return s
		}
	}
}

// grow makes room for more numbers.
func (t *tallies[V]) grow() {
	old := t.slots
	t.slots = make([]tallySlot[V], max(1<<10, 2*len(old)))
	t.shift = 64 - bits.TrailingZeros(uint(len(t.slots)))
	for i := range old {
		if old[i].key != 0 {
			*t.slot(old[i].key - 1) = old[i]
		}
	}
}

// each shows the numbers and their values, in no order that tells anything.
func (t *tallies[V]) each(show func(number uint64, value *V)) {
	for i := range t.slots {
		if s := &t.slots[i]; s.key != 0 {
			show(s.key-1, &s.value)
		}
	}
}

// clear removes all numbers and keeps the memory.
func (t *tallies[V]) clear() {
	clear(t.slots)
	t.used = 0
}
