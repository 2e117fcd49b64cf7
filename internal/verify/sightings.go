package verify

import "rehearse/generator/traffic"

// blockEvents is how many consecutive events share a bitmap and sums.
const blockEvents = traffic.BlockEvents

// bitmap has a bit for each event of a block.
type bitmap [blockEvents / 64]uint64

// mark sets a bit and tells whether it was set before.
func (b *bitmap) mark(i int64) (before bool) {
	word, bit := &b[i/64], uint64(1)<<(i%64)
	before = *word&bit != 0
	*word |= bit
	return before
}

// has tells whether a bit is set.
func (b *bitmap) has(i int64) bool { return b[i/64]>>(i%64)&1 != 0 }

// sighted is what was seen of a block's events.
type sighted struct {
	once  *bitmap // which were seen; nil: none, or all if full
	twice *bitmap // which were seen more than once; nil: none
	left  int32   // events of the block that were not seen
	sums  sums    // over all sightings
}

// full tells whether every event of the block was seen.
func (s *sighted) full() bool { return s.left == 0 }

// sightings is how often which events were seen: two bits an event at most, and an
// entry for each of those that were seen more than twice, up to mostRepeated.
type sightings struct {
	blocks    []sighted
	repeated  map[int64]int64 // sightings beyond the second
	forgotten int64           // that had no room in repeated
}

// mostRepeated bounds the events that are counted beyond their second sighting.
const mostRepeated = 1 << 19

// newSightings prepares to see events below total.
func newSightings(total int64) *sightings {
	s := &sightings{blocks: make([]sighted, (total+blockEvents-1)/blockEvents), repeated: map[int64]int64{}}
	for b := range s.blocks {
		s.blocks[b].left = int32(min(blockEvents, total-int64(b)*blockEvents))
	}
	return s
}

// note notes a sighting of event i, and tells whether it is the first.
func (s *sightings) note(i int64, h *sums) (first bool) {
	b := &s.blocks[i/blockEvents]
	b.sums.add(h)
	if !b.full() {
		if b.once == nil {
			b.once = new(bitmap)
		}
		if !b.once.mark(i % blockEvents) {
			b.left--
			if b.left == 0 {
				b.once = nil // the whole block was seen, and takes no more memory
			}
			return true
		}
	}
	if b.twice == nil {
		b.twice = new(bitmap)
	}
	if !b.twice.mark(i % blockEvents) {
		return false
	}
	if _, known := s.repeated[i]; known || len(s.repeated) < mostRepeated {
		s.repeated[i]++
	} else {
		s.forgotten++
	}
	return false
}

// of is how often event i was seen.
func (s *sightings) of(i int64) int64 {
	b := &s.blocks[i/blockEvents]
	switch {
	case !b.full() && (b.once == nil || !b.once.has(i%blockEvents)):
		return 0
	case b.twice == nil || !b.twice.has(i%blockEvents):
		return 1
	}
	return 2 + s.repeated[i]
}
