package generator

import (
	"github.com/zeebo/xxh3"

	"rehearse/recording"
)

// kinship knows which distinct_ids the merges of a recording join, however many
// steps lie between them. The events of all of them go to one lane, so that a
// merge never overtakes the events of either id, nor they it: known before the
// first event is sent, because the recording has been read once. It holds hashes
// of the ids that occur in merges and nothing of the others.
type kinship struct {
	parent map[uint64]uint64
	frozen bool // complete: later readings only look up
	other  []byte
}

// learn notes what e joins.
func (k *kinship) learn(e *recording.Event) {
	if k.frozen {
		return
	}
	k.other = e.Joins(k.other[:0])
	if len(k.other) == 0 {
		return
	}
	if k.parent == nil {
		k.parent = map[uint64]uint64{}
	}
	a, b := k.root(xxh3.Hash(e.DistinctID)), k.root(xxh3.Hash(k.other))
	k.parent[max(a, b)] = min(a, b)
}

// of returns the hash that stands for an id and all its kin.
func (k *kinship) of(id []byte) uint64 {
	h := xxh3.Hash(id)
	if len(k.parent) == 0 {
		return h
	}
	return k.root(h)
}

// root follows the parents and shortens the way for the next time.
func (k *kinship) root(h uint64) uint64 {
	for {
		p, ok := k.parent[h]
		if !ok || p == h {
			return h
		}
		if grand, ok := k.parent[p]; ok && grand != p {
			k.parent[h] = grand
		}
		h = p
	}
}
