package preflight

import (
	"math"
	"slices"

	"rehearse/capture"
	"rehearse/capture/pipeline"
	"rehearse/generator/traffic"
)

// spread works out what falls on each partition of the main lane: the ids that are
// known lie where they hash to, and all others spread evenly. What overflows has no
// key; it travels on another lane, or as in 2024 on the same one, anywhere.
func (l *look) spread(model *traffic.Model, keys []key) {
	p := partitions{load: make([]float64, l.facts.Partitions), off: make([]float64, l.facts.Partitions)}
	events, astray, clump := float64(l.load.Events)*l.taken, l.crowd, 1.0
	rest := events - l.crowd
	if l.census.Whole {
		rest -= p.all(l, model)
	}
	for i := range keys {
		k := &keys[i]
		at, mine := k.hash.Partition(l.facts.Partitions), k.share*events
		off := k.off * mine / 1.96
		if !l.census.Whole {
			p.load[at] += mine
			rest -= mine
		}
		if !l.census.Whole || !l.tokenForced(k.token) {
			p.load[at] -= k.over
		}
		p.off[at] += off*off + k.overOff*k.overOff/1.96/1.96
		if astray += k.over; k.over > 0 {
			clump = max(clump, k.share*float64(l.s.Batching.MaxEvents))
		}
	}
	if last := len(keys) - 1; last >= 0 && !l.census.Whole { // none of the others has more events than the last that is known
		p.even(rest, keys[last].share*events)
	}
	if l.facts.Generation == capture.Generation2024 {
		// The producer keeps to one partition for some milliseconds (librdkafka's
		// sticky.partitioning.linger.ms), so that those of a batch stay together.
		p.even(astray, clump)
	}
	l.report.Partitions = p.report()
}

// partitions are how many events each partition has, and the variance of that.
type partitions struct{ load, off []float64 }

// all adds every id that the census met, and returns how many events those have.
func (p *partitions) all(l *look, model *traffic.Model) (sum float64) {
	tokens, weights := l.projects(), 0.0
	for _, t := range tokens {
		weights += t.Weight
	}
	var key []byte
	model.Each(l.census, func(id []byte, events int64) {
		for _, t := range tokens {
			if l.tokenForced(t.Token.Reveal()) {
				continue // to other lanes, whatever the id
			}
			key = pipeline.AppendKey(key[:0], []byte(t.Token.Reveal()), id)
			mine := float64(events) * l.taken * t.Weight / weights
			p.load[pipeline.Partition(key, len(p.load))] += mine
			sum += mine
		}
	})
	return sum
}

// even spreads events evenly that come in clumps, which fall where chance has it.
func (p *partitions) even(events, clump float64) {
	n := float64(len(p.load))
	for i := range p.load {
		p.load[i] += max(events, 0) / n
		p.off[i] += max(events, 0) * max(clump, 1) / n * (1 - 1/n)
	}
}

// report is what a report says of them.
func (p *partitions) report() Partitions {
	r := Partitions{Count: len(p.load)}
	most := slices.Max(p.load)
	r.Hottest = slices.Index(p.load, most)
	for _, n := range p.load {
		r.Mean += n / float64(r.Count)
	}
	r.Max = int64(math.Round(most))
	r.MaxError = 1.96 * math.Sqrt(p.off[r.Hottest]) / max(most, 1)
	return r
}
