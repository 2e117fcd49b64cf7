package recording

// Recent remembers the last few million hashes, to notice one that comes again, in
// 32 MiB at most. A set of four makes room for a new one by forgetting its oldest.
// The empty one is ready for use.
type Recent struct {
	sets  [][4]uint64 // by the first bits of the hash
	bits  int         // how many
	added int
}

// The numbers of bits that a Recent begins with and ends with.
const (
	fewestBits = 10
	mostBits   = 20
)

// Seen reports whether the hash was added before, and adds it.
func (r *Recent) Seen(hash uint64) bool {
	if r.Has(hash) {
		return true
	}
	r.added++
	if r.added > 2*len(r.sets) && r.bits < mostBits {
		r.grow()
	}
	r.put(hash)
	return false
}

// Touch has the place of a hash brought near, so that to ask for it soon costs less.
func (r *Recent) Touch(hash uint64) uint64 {
	if r.sets == nil {
		return 0
	}
	return r.sets[hash>>(64-r.bits)][0]
}

// Has reports whether the hash was added before.
func (r *Recent) Has(hash uint64) bool {
	if r.sets == nil {
		return false
	}
	for _, h := range r.sets[hash>>(64-r.bits)] {
		if h == hash {
			return true
		}
	}
	return false
}

// put adds a hash that is not there.
func (r *Recent) put(hash uint64) {
	set := &r.sets[hash>>(64-r.bits)]
	copy(set[1:], set[:3])
	set[0] = hash
}

// grow makes four sets of each.
func (r *Recent) grow() {
	old := r.sets
	r.bits = min(max(r.bits+2, fewestBits), mostBits)
	r.sets = make([][4]uint64, 1<<r.bits)
	for _, set := range old {
		for i := range set {
			if h := set[len(set)-1-i]; h != 0 { // the oldest first
				r.put(h)
			}
		}
	}
}
