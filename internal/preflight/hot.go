package preflight

import (
	"cmp"
	"math"
	"slices"
	"time"

	"rehearse/generator/traffic"
	"rehearse/internal/capture"
	"rehearse/internal/capture/pipeline"
)

// The ids that are looked at one by one.
const (
	listed    = 10          // in a report
	watched   = 256         // along the global limit in fine steps
	fewRanks  = 2048        // of the crowd, at least
	mostRanks = 10_000      // and at most
	mostSteps = 100_000_000 // stages of the load that they are followed along, all together
)

// key is an id within a project: what the service limits and partitions by.
type key struct {
	id      string
	token   string
	project int
	share   float64 // of all events
	off     float64 // half the width of a 95 % interval of it, as a share of it
	clump   float64 // events of it that come together
	merges  float64 // share of its events that join others to it
	over    float64 // events that overflow
	global  float64 // of them, over the global limit
	overOff float64 // half the width of a 95 % interval of them, in events
	hash    pipeline.KeyHash
}

// weighIDs works out the busiest ids and what becomes of each.
func (l *checker) weighIDs(model *traffic.Model) []key {
	steady, peak := l.limits().steady()/float64(l.buckets), l.load.Curve.Peak()
	var heavy []traffic.Heavy
	most := max(int64(fewRanks), min(mostRanks, mostSteps/int64(len(l.report.curve)+1)))
	for ranks := int64(fewRanks); ; ranks *= 2 {
		heavy = model.Heavy(l.census, min(ranks, most))
		if ranks >= most || int64(len(heavy)) < ranks || heavy[len(heavy)-1].Share*peak <= steady {
			break
		}
	}
	keys := l.keys(heavy)
	// the part of an id's events that limits see
	limited := l.taken * l.mainShare() * (1 - l.rerouted)
	var all []HotID
	for i := range keys {
		k := &keys[i]
		level := l.levelOf(k, limited, i < watched)
		k.over, k.global = level.over, level.global
		at := 0.0
		if k.over > 0 {
			k.overOff, at = l.doubt(k, &level, limited)
		}
		h := l.hotID(k, level.first, peak)
		h.FirstError = at
		l.list(h)
		if h.Overflow > 0 {
			all = append(all, h)
		}
	}
	l.rules(model, keys)
	l.notTaken()
	l.crowd = l.forcedCrowd(keys, limited)
	l.worst = l.worstReplica(keys, limited)
	l.overflowing(all)
	if len(keys) > 0 {
		l.safe(keys[0].share * limited)
	}
	return keys
}

// levelOf works out what becomes of an id of whose events limits see a part.
func (l *checker) levelOf(k *key, limited float64, fine bool) level {
	switch {
	case l.overQuota(k.token), l.restricts(pipeline.Drop, k), l.restricts(pipeline.Redirect, k):
		return level{first: -1}
	case l.forced(k):
		return l.forcedLevel(k.share * limited)
	}
	return l.level(k.share*limited, l.limitsOf(k), fine)
}

// bytes is the key of the messages of an id.
func (k *key) bytes() []byte { return pipeline.AppendKey(nil, []byte(k.token), []byte(k.id)) }

// level follows an id with a share of the events along the run.
func (l *checker) level(share float64, m limits, fine bool) level {
	batch, curve := float64(l.s.Batching.MaxEvents), l.load.Curve
	found := level{first: -1}
	switch {
	case m.perSecond == 0:
	case share*batch > m.burst:
		found = batchedLevel(l.report.curve, share, batch, m)
	case share*curve.Peak() > m.perSecond:
		found = follow(l.report.curve, share, m)
	}
	if g := m.global; g.Events > 0 && share*curve.Peak() > g.PerSecond(g.Events) {
		p := pace{step: 2 * time.Second, steps: 500}
		if fine {
			p = pace{step: time.Second / 2, steps: 20_000}
		}
		m.lump = share * batch
		both := minutes(curve, share, g, originOf(l.s), p, m)
		if found.first >= 0 && (both.first < 0 || found.first < both.first) {
			both.first = found.first // of the bucket it is known better
		}
		found = both
	}
	if c := m.consumer; c.PerSecond > 0 && share*curve.Peak() > float64(c.PerSecond) {
		found = worse(found, follow(l.report.curve, share,
			limits{perSecond: float64(c.PerSecond), burst: float64(c.Burst)}))
	}
	return found
}

// hotID is what a report says of a key.
func (l *checker) hotID(k *key, first, peak float64) HotID {
	h := HotID{
		DistinctID: k.id, Project: k.project,
		Events: int64(math.Round(k.share * float64(l.load.Events))), Share: k.share,
		PeakPerS: k.share * peak, Overflow: int64(math.Round(k.over)), Global: int64(math.Round(k.global)),
		Partition: k.hash.Partition(l.facts.Partitions),
		forced:    l.forced(k), unkeyed: l.unkeyed(k),
		IDErrors: IDErrors{EventsError: k.off, OverflowError: k.overOff / max(k.over, 1)},
	}
	if h.Overflow > 0 {
		first = max(first, 0)
		h.OverflowsS = &first
	}
	return h
}

// list adds an id to the report, as long as there is room.
func (l *checker) list(h HotID) {
	if len(l.report.HotIDs) < listed && h.Events > 0 {
		l.report.HotIDs = append(l.report.HotIDs, h)
	}
}

// overflowing notes all ids that overflow, the first to do so first.
func (l *checker) overflowing(all []HotID) {
	slices.SortStableFunc(all, func(a,
		b HotID) int {
		return cmp.Compare(*a.OverflowsS, *b.OverflowsS)
	})
	for _, h := range all {
		l.report.Plan.Overflow += h.Overflow
	}
	l.report.Plan.Overflow += int64(math.Round(l.crowd))
	off := 0.0
	for _, h := range all {
		off = math.Hypot(off, h.OverflowError*float64(h.Overflow))
	}
	l.report.Plan.Errors.Overflow = off / float64(max(l.report.Plan.Overflow, 1))
	l.report.hot, l.report.Plan.Overflowing = all, len(all)
}

// keys spreads ids over the projects of a run.
func (l *checker) keys(heavy []traffic.Heavy) []key {
	tokens := l.projects()
	sum := 0.0
	for _, t := range tokens {
		sum += t.Weight
	}
	var all []key
	for i, t := range tokens {
		project := i + 1
		if len(tokens) == 1 {
			project = 0
		}
		for _, h := range heavy[:min(len(heavy), mostKeys/len(tokens))] {
			hash := pipeline.HashKey(pipeline.AppendKey(nil, t.Token.Reveal(), h.DistinctID))
			k := key{id: h.DistinctID, token: t.Token.Reveal(), project: project,
				share: h.Share * t.Weight / sum, off: h.Error, clump: h.Clump, hash: hash}
			if w := t.Weight / sum; w < 1 {
				k.off = math.Hypot(k.off, 1.96*math.Sqrt((1-w)/w/l.requestsWith(h.Share)))
			}
			all = append(all, k)
		}
	}
	slices.SortStableFunc(all, func(a, b key) int { return cmp.Compare(b.share, a.share) })
	return all
}

// mostKeys bounds the ids of all projects.
const mostKeys = 50_000

// requestsWith is how many requests have an event of an id with a share of all.
func (l *checker) requestsWith(share float64) float64 {
	each := -math.Expm1(l.load.perRequest() * math.Log1p(-min(share, 1-1e-16)))
	return max(each*float64(l.load.Requests), 1)
}

// spread works out what falls on each partition of the main lane: the ids that are
// known lie where they hash to, and all others spread evenly. What overflows has no
// key; it travels on another lane, or as in 2024 on the same one, anywhere.
func (l *checker) spread(model *traffic.Model, keys []key) {
	p := partitions{load: make([]float64, l.facts.Partitions),
		off: make([]float64, l.facts.Partitions)}
	events, unplaced, clump := float64(l.load.Events)*l.taken, l.crowd, 1.0
	rest, loose := events*l.kept()-l.crowd, 0.0
	if l.census.Whole {
		rest -= p.all(l, model)
	}
	for i := range keys {
		k := &keys[i]
		if l.restricts(pipeline.Drop, k) {
			continue
		}
		if l.unkeyed(k) {
			loose += p.loosen(l, k, events)
			if !l.census.Whole {
				rest -= k.share * events
			}
			continue
		}
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
		unplaced += k.over
		if k.over > 0 {
			clump = max(clump, k.share*float64(l.s.Batching.MaxEvents))
		}
	}
	// none of the others has more events than the last that is known
	if last := len(keys) - 1; last >= 0 && !l.census.Whole {
		p.even(rest, keys[last].share*events)
	}
	p.even(loose, 1)
	if l.facts.Generation == capture.Generation2024 {
		// The producer keeps to one partition for some milliseconds (librdkafka's
		// sticky.partitioning.linger.ms), so that those of a batch stay together.
		p.even(unplaced, clump)
	}
	l.report.Partitions = p.report()
}

// share notes how many of the events of some ids are merges.
func (p *pairs) share(keys []key, events int64) {
	for i := range keys {
		k := &keys[i]
		merges := float64(p.targets[k.id]) / float64(max(events, 1))
		k.merges = min(merges/max(k.share, 1e-12), 1)
	}
}

// perEvent is how many seconds an event of an id takes, some of which are merges; nil: of an
// id that has none.
func (l *checker) perEvent(k *key) float64 {
	each := l.meanly
	if l.ordinary > 0 {
		each = l.ordinary
	}
	if k != nil && k.merges > 0 {
		each += k.merges * (l.merging - each)
	}
	return l.facts.Costs.PerEvent.Seconds() * each
}

// unkeyed tells whether the events of an id have no key, because a rule processes them
// without persons.
func (l *checker) unkeyed(k *key) bool {
	return !l.s.Target.HistoricalMigration && l.restricts(pipeline.SkipPersons, k)
}

// loosen takes an id without a key from its partition, of so many events of all, and returns
// how many of its own lie anywhere on the main lane.
func (p *partitions) loosen(l *checker, k *key, events float64) float64 {
	mine := k.share * events
	if l.census.Whole { // which placed it with all others
		p.load[k.hash.Partition(len(p.load))] -= mine
	}
	return mine - k.over
}

// kept is the share of the events that no rule drops with a whole project.
func (l *checker) kept() float64 {
	kept, all := 0.0, 0.0
	for _, t := range l.projects() {
		all += t.Weight
		if !l.facts.Restricted(pipeline.Drop, []byte(t.Token.Reveal()), nil) {
			kept += t.Weight
		}
	}
	return kept / all
}

// partitions are how many events each partition has, and the variance of that.
type partitions struct{ load, off []float64 }

// all adds every id that the census met, and returns how many events those have.
func (p *partitions) all(l *checker, model *traffic.Model) (sum float64) {
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
			if l.facts.Restricted(pipeline.Drop, []byte(t.Token.Reveal()), nil) {
				continue
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
