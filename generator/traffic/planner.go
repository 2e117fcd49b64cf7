package traffic

import (
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// planner plans blocks: block b is a function of (seed, b).
type planner struct {
	people population
	mix    mix
	rules  rules
	quotas []quota
	join   quota   // of those, the one that counts who joins
	delays *delays // nil: a merge ends a session that goes on
	seed   uint64
	total  int64 // events of the run
	blocks blocks
}

// newPlanner prepares the plans of a run along a curve.
func newPlanner(t *scenario.Traffic, curve *schedule.Curve) *planner {
	total := curve.Total()
	p := &planner{
		people: newPopulation(t), mix: newMix(t), rules: newRules(t),
		quotas: quotasOf(t, total), seed: t.Seed, total: total,
	}
	for _, q := range p.quotas {
		if q.assigns.trait == traitJoin {
			p.join = q
		}
	}
	room, waiting := p.room(), 0.0
	if p.delays = newDelays(t, curve, p.mix.merges(), room); p.delays != nil {
		waiting = p.delays.begun / blockEvents
	}
	p.rules.allow(room, t.DistinctIDs.Growth, waiting)
	p.people.crowd.allot(p.draws(room)*float64(total), total)
	return p
}

// draws is the share of the events whose person is drawn while their block is
// planned: neither of a merge or an assignment that knows its own, nor of a session that goes
// on, of which room may be part.
func (p *planner) draws(room float64) float64 {
	known := p.mix.merges() + room*p.rules.goOn
	for _, q := range p.quotas {
		switch q.assigns.trait {
		case traitHot, traitJoin, traitResent, traitCopied:
			known += float64(q.want) / float64(max(p.total, 1))
		}
	}
	return max(1-known, 0)
}

// room is the share of the events that sessions may be made of: no merges, from no
// server, and without an assignment.
func (p *planner) room() float64 {
	room := 0.0
	for i, k := range p.mix.kinds {
		if !k.merge && !k.server {
			room += p.mix.shares[i]
		}
	}
	special := 0.0
	for _, q := range p.quotas {
		special += float64(q.want) / float64(max(p.total, 1))
	}
	return room * max(1-special/max(1-p.mix.merges(), 1e-300), 0)
}

// at returns the block in which event i lies, planned. It takes back old, the
// block that the caller had before.
func (p *planner) at(i int64, old *block) *block {
	b := p.blocks.swap(old, i/blockEvents)
	b.ready(p)
	return b
}
