package traffic

import (
	"math"
	"sort"

	"rehearse/internal/rng"
	"rehearse/scenario"
)

// rankedCrowd is the persons who are drawn by rank: by Zipf's law, or from a list of how
// many events the ids of each rank have.
type rankedCrowd struct {
	law    zipf
	listed *listed // nil: by the law
}

// newRankedCrowd prepares the draws that d describes.
func newRankedCrowd(d *scenario.Population, seed uint64) rankedCrowd {
	if len(d.Ranks) == 0 {
		return rankedCrowd{law: newZipf(d.Count, d.Skew)}
	}
	return rankedCrowd{listed: newListed(d.Ranks, seed)}
}

// draw takes one rank from s, whoever was drawn before.
func (c *rankedCrowd) draw(s *rng.Stream) int64 {
	if c.listed == nil {
		return c.law.draw(s)
	}
	return c.listed.at(s.Float64() * c.listed.whole)
}

// share is the probability of a rank.
func (c *rankedCrowd) share(rank int64) float64 {
	if c.listed == nil {
		return c.law.share(rank)
	}
	return c.listed.of(rank).each / c.listed.whole
}

// different is how many different ranks n draws are expected to meet.
func (c *rankedCrowd) different(n float64) float64 {
	if c.listed == nil {
		return c.law.different(n)
	}
	return c.listed.different(n)
}

// once is how many ranks n draws are expected to meet once.
func (c *rankedCrowd) once(n float64) float64 {
	if c.listed == nil {
		return c.law.once(n)
	}
	return c.listed.once(n)
}

// listed deals ranks out by a list of how many events each has. The draws of a run
// take turns, numbered from 0; each id owns as many of the turns as its share, and a
// permutation scatters them over the run. So every id comes as often as the list
// says, not about as often, whatever the list is like: chance would make one of a
// thousand equal ids a hot one.
type listed struct {
	groups []rankGroup
	guide  [1024]uint16 // by the part of all events: the group in which it begins
	whole  float64      // events of all ids
	turns  int64        // of the run
	each   float64      // turns of a block
	key    uint64       // of the order
	order  rng.Permutation
}

// rankGroup is neighbouring ranks with as many events each.
type rankGroup struct {
	first, ids   int64 // ranks from 0
	each, before float64
}

// newListed prepares the draws.
func newListed(ranks []scenario.RankGroup, seed uint64) *listed {
	l := &listed{key: seed ^ rankSalt}
	first := int64(0)
	for _, r := range ranks {
		l.groups = append(l.groups, rankGroup{first, r.IDs, r.Events, l.whole})
		first += r.IDs
		l.whole += float64(r.IDs) * r.Events
	}
	for i := range l.guide {
		place := float64(i) * l.whole / float64(len(l.guide))
		l.guide[i] = uint16(sort.Search(len(l.groups), func(g int) bool { return l.groups[g].before > place })) - 1
	}
	return l
}

// allot says how many draws there will be in a run of total events.
func (c *rankedCrowd) allot(draws float64, total int64) {
	if c.listed == nil {
		return
	}
	c.listed.each = draws * blockEvents / float64(max(total, 1))
	c.listed.turns = int64(draws)
	c.listed.order = rng.NewPermutation(c.listed.key, c.listed.turns)
}

// turns are those of a block.
type turns struct{ next, left int64 }

// turns returns the turns of a block.
func (c *rankedCrowd) turns(block int64) turns {
	l := c.listed
	if l == nil {
		return turns{}
	}
	first := min(int64(float64(block)*l.each), l.turns)
	return turns{first, min(int64(float64(block+1)*l.each), l.turns) - first}
}

// rank is whose turn it is.
func (l *listed) rank(turn int64) int64 {
	return l.at((float64(l.order.At(turn)) + 0.5) * l.whole / float64(l.turns))
}

// at returns the rank that owns a place among all events.
func (l *listed) at(place float64) int64 {
	i := int(l.guide[min(int(place*float64(len(l.guide))/l.whole), len(l.guide)-1)])
	for i+1 < len(l.groups) && l.groups[i+1].before <= place {
		i++
	}
	g := &l.groups[i]
	return g.first + min(int64((place-g.before)/g.each), g.ids-1)
}

// of returns the group of a rank.
func (l *listed) of(rank int64) *rankGroup {
	i := sort.Search(len(l.groups), func(i int) bool { return l.groups[i].first > rank })
	return &l.groups[max(i-1, 0)]
}

// different is how many different ranks n of the turns are expected to meet.
func (l *listed) different(n float64) float64 {
	return l.sum(n, func(turns, missed float64) float64 { return 1 - math.Pow(missed, turns) })
}

// once is how many ranks n of the turns are expected to meet once.
func (l *listed) once(n float64) float64 {
	return l.sum(n, func(turns, missed float64) float64 {
		if turns == 0 {
			return 0
		}
		return turns * (1 - missed) * math.Pow(missed, turns-1)
	})
}

// sum adds up what becomes of the ranks, by how many turns each has and how likely a
// turn is missed by n. An id whose share is not a whole number of turns has one more
// or less.
func (l *listed) sum(n float64, part func(turns, missed float64) float64) (sum float64) {
	missed := 1 - min(n/float64(max(l.turns, 1)), 1)
	for _, g := range l.groups {
		whole, more := math.Modf(g.each * float64(l.turns) / l.whole)
		sum += float64(g.ids) * ((1-more)*part(whole, missed) + more*part(whole+1, missed))
	}
	return sum
}
