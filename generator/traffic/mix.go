package traffic

import "rehearse/scenario"

// mix is which events there are and how often each occurs.
type mix struct {
	kinds  []kind
	draw   alias
	shares []float64 // of each kind
	plain  uint16    // an ordinary kind, taken where a merge finds nothing to merge
}

// kind is one entry of the mix.
type kind struct {
	name   []byte
	merge  bool // joins an id that has earlier events to the person
	server bool // never anonymous
	alias  bool // names the id it joins as alias, not as $anon_distinct_id
	person bool // acts on the person or a group: never personless
	shape  shape
}

// newMix compiles the events of a scenario. Where all are merges, which no
// loader lets pass, the first stands for an ordinary one.
func newMix(t *scenario.Traffic) mix {
	var m mix
	var weights []float64
	sum := 0.0
	for _, s := range t.Events {
		k := kind{
			name: []byte(s.Name), merge: scenario.IsMerge(s.Name),
			server: s.From == scenario.FromServer, alias: s.Name != scenario.EventIdentify,
			shape: shapeOf(s, t.Groups, t.Client),
		}
		k.person = k.merge || s.Name == scenario.EventSet || s.Name == scenario.EventGroupIdentify
		if !k.merge {
			m.plain = uint16(len(m.kinds))
		}
		m.kinds = append(m.kinds, k)
		weights = append(weights, s.Weight)
		sum += s.Weight
	}
	m.draw = newAlias(weights)
	m.shares = weights
	for i := range weights {
		m.shares[i] /= sum
	}
	return m
}

// merges is the share of the events that are merges.
func (m *mix) merges() (share float64) {
	for i, k := range m.kinds {
		if k.merge {
			share += m.shares[i]
		}
	}
	return share
}
