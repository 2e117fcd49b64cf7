package generator

import "rehearse/scenario"

// The event names that mean something to the pipeline
// (reference: "Identifying users" and "Group analytics" of the PostHog docs).
const (
	identify         = "$identify"
	createAlias      = "$create_alias"
	mergeDangerously = "$merge_dangerously"
	groupIdentify    = "$groupidentify"
	setProperties    = "$set"
)

// mix is which events there are and how often each occurs.
type mix struct {
	kinds []kind
	draw  alias
	plain uint16 // an ordinary kind, taken where a merge finds nothing to merge
}

// kind is one entry of the mix.
type kind struct {
	name  []byte
	merge bool // joins an id that has earlier events to the person
	shape shape
}

// newMix compiles the event shares of a scenario.
func newMix(shares []scenario.EventShare) mix {
	var m mix
	var weights []float64
	for _, s := range shares {
		k := kind{name: []byte(s.Name), merge: merges(s.Name), shape: shapeOf(s.Name)}
		if !k.merge {
			m.plain = uint16(len(m.kinds))
		}
		m.kinds = append(m.kinds, k)
		weights = append(weights, s.Weight)
	}
	m.draw = newAlias(weights)
	return m
}

// merges tells whether events of this name join two ids.
func merges(name string) bool {
	return name == identify || name == createAlias || name == mergeDangerously
}
