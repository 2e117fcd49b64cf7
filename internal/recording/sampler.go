package recording

import (
	"encoding/binary"

	"github.com/zeebo/xxh3"

	"rehearse/internal/recording/event"
	"rehearse/scenario"
)

// sampler decides which events are replayed: whole persons, a share of the
// events, or some kinds of them. What it takes depends on the event alone, so
// that two readings take the same.
type sampler struct {
	persons, share float64
	groups         *Learned
	kinds          map[string]bool
}

// newSampler prepares a sample.
func newSampler(s scenario.Sample, groups *Learned) sampler {
	p := sampler{persons: s.Persons, share: s.Share, groups: groups}
	if len(s.Events) > 0 {
		p.kinds = map[string]bool{}
		for _, name := range s.Events {
			p.kinds[name] = true
		}
	}
	return p
}

// takes reports whether e is in the sample.
func (p *sampler) takes(e *event.Event) bool {
	if p.kinds != nil && !p.kinds[string(e.Name)] {
		return false
	}
	if p.persons > 0 && p.person(e.DistinctID) >= p.persons {
		return false
	}
	return p.share == 0 || fraction01(xxh3.HashSeed(e.UUID[:], shareSeed)) < p.share
}

// person places the person of an id in [0, 1): ids that merges join at one place.
func (p *sampler) person(id []byte) float64 {
	var group [8]byte
	binary.LittleEndian.PutUint64(group[:], p.groups.Group(id))
	return fraction01(xxh3.HashSeed(group[:], personSeed))
}

// The seeds keep the two draws apart, and apart from the choice of lanes.
const (
	personSeed = 0x70657273
	shareSeed  = 0x73686172
)

// fraction01 spreads a hash evenly over [0, 1).
func fraction01(hash uint64) float64 { return float64(hash>>11) * 0x1p-53 }
