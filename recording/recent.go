package recording

// Recent remembers the last few million hashes, to notice one that comes again, in
// 32 MiB. A set of four makes room for a new one by forgetting its oldest. The
// empty one is ready for use.
type Recent struct{ sets [][4]uint64 }

// Seen reports whether the hash was added before, and adds it.
func (r *Recent) Seen(hash uint64) bool {
	if r.sets == nil {
		r.sets = make([][4]uint64, 1<<20)
	}
	if r.Has(hash) {
		return true
	}
	set := &r.sets[hash>>44]
	copy(set[1:], set[:3])
	set[0] = hash
	return false
}

// Has reports whether the hash was added before.
func (r *Recent) Has(hash uint64) bool {
	if r.sets == nil {
		return false
	}
	for _, h := range r.sets[hash>>44] {
		if h == hash {
			return true
		}
	}
	return false
}
