package traffic

import (
	"fmt"

	"rehearse/internal/rng"
	"rehearse/scenario"
)

// person names who sends an event: a rank of the skewed crowd; from the crowd's
// count on, somebody who joined during the run, in order of joining; or, with
// hotBit set, an entry of the hot list.
type person uint64

const hotBit person = 1 << 63

// hot tells whether the person is on the hot list.
func (p person) hot() bool { return p&hotBit != 0 }

// population draws persons and names them. It takes the same memory for a
// thousand persons and for a thousand million.
type population struct {
	crowd crowd
	count int64
	seed  uint64
	style scenario.IDStyle
	hot   []string // names of the hot list, and of whom fan-in merges join to
	group []scenario.Group
}

// newPopulation prepares the draws that t describes.
func newPopulation(t *scenario.Traffic) population {
	d := t.DistinctIDs
	p := population{crowd: newCrowd(&d, t.Seed), count: d.Count, seed: t.Seed, style: d.Style, group: t.Groups}
	for i, h := range d.Hot {
		name := h.ID
		if name == "" {
			name = fmt.Sprintf("hot-%d", i+1)
		}
		p.hot = append(p.hot, name)
	}
	p.hot = append(p.hot, "fan-in")
	return p
}

// fanIn is the person that fan-in merges join everybody to.
func (p *population) fanIn() person { return hotBit | person(len(p.hot)-1) }

// draw takes one person from s, of the crowd or of those who joined before.
func (p *population) draw(s *rng.Stream, joined int64) person {
	if joined > 0 {
		if k := int64(s.Below(uint64(p.count + joined))); k >= p.count {
			return person(k)
		}
	}
	return person(p.crowd.draw(s))
}
