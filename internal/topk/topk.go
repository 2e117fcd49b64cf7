// Package topk finds the keys that occur most often in a stream, in fixed memory.
package topk

import "iter"

// Sketch counts the most frequent keys of a stream: the Space-Saving algorithm
// (A. Metwally, D. Agrawal and A. El Abbadi, "Efficient computation of frequent and
// top-k elements in data streams", ICDT 2005). Of n occurrences and room for k keys,
// a key that occurs more than n/k times is sure to be there; a count is too high by
// at most its Error, and a key that is not there occurred at most [Sketch.Least]
// times. V is what the user keeps beside each key.
type Sketch[V any] struct {
	entries []Entry[V]
	places  map[uint64]int32 // of a hash among the entries
	heap    []int32          // entries, the smallest count first
	at      []int32          // of an entry in the heap
}

// Entry is a key that is counted.
type Entry[V any] struct {
	Hash  uint64
	Count int64 // at most this many
	Error int64 // how many of them may have been of other keys
	Value V
}

// New returns a sketch with room for so many keys, at least one.
func New[V any](room int) *Sketch[V] {
	room = max(room, 1)
	return &Sketch[V]{
		entries: make([]Entry[V], 0, room),
		places:  make(map[uint64]int32, room),
		heap:    make([]int32, 0, room),
		at:      make([]int32, 0, room),
	}
}

// Add counts one occurrence of a key by its hash and returns its entry, which is
// valid until the next call of Add, and whether the key was there already. A key
// that is new takes the place of the one with the smallest count, whose Value it
// finds there: it may reuse its memory.
func (s *Sketch[V]) Add(hash uint64) (e *Entry[V], known bool) { return s.AddN(hash, 1) }

// AddN is as good as n calls of Add.
func (s *Sketch[V]) AddN(hash uint64, n int64) (e *Entry[V], known bool) {
	i, known := s.places[hash]
	switch {
	case known:
	case len(s.entries) < cap(s.entries):
		i = int32(len(s.entries))
		s.entries = append(s.entries, Entry[V]{Hash: hash})
		s.heap, s.at = append(s.heap, i), append(s.at, i)
		s.places[hash] = i
		s.up(int(i))
	default:
		i = s.heap[0]
		least := &s.entries[i]
		delete(s.places, least.Hash)
		least.Hash, least.Error = hash, least.Count
		s.places[hash] = i
	}
	s.entries[i].Count += n
	s.down(int(s.at[i]))
	return &s.entries[i], known
}

// All lists the entries, in no order.
func (s *Sketch[V]) All() iter.Seq[*Entry[V]] {
	return func(yield func(*Entry[V]) bool) {
		for i := range s.entries {
			if !yield(&s.entries[i]) {
				return
			}
		}
	}
}

// Least is how often a key that is not listed occurred at most.
func (s *Sketch[V]) Least() int64 {
	if len(s.entries) < cap(s.entries) {
		return 0
	}
	return s.entries[s.heap[0]].Count
}

// up moves a new entry towards the top of the heap: its count is still nought.
func (s *Sketch[V]) up(i int) {
	for i > 0 && s.less(i, (i-1)/2) {
		s.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
}

// down restores the heap when the count at i has grown.
func (s *Sketch[V]) down(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(s.heap); child++ {
			if s.less(child, least) {
				least = child
			}
		}
		if least == i {
			return
		}
		s.swap(i, least)
		i = least
	}
}

func (s *Sketch[V]) less(i, j int) bool {
	return s.entries[s.heap[i]].Count < s.entries[s.heap[j]].Count
}

func (s *Sketch[V]) swap(i, j int) {
	s.heap[i], s.heap[j] = s.heap[j], s.heap[i]
	s.at[s.heap[i]], s.at[s.heap[j]] = int32(i), int32(j)
}
