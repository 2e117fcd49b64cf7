package preflight

import (
	"math"

	"rehearse/capture"
	"rehearse/capture/pipeline"
	"rehearse/generator/traffic"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// censusBlocks is how many blocks of the plan are looked at: 262,144 events, of
// which a share of 1 % is met to 4 parts in a hundred.
const censusBlocks = 16

// foretell works out the ids, the partitions and the merges of synthesized
// traffic.
func (l *look) foretell() {
	t := l.s.Traffic
	model := traffic.New(t, l.load.Curve)
	due := l.load.Leaves
	if due == nil {
		due = schedule.New(l.load.Curve, l.s.Load.Arrivals, t.Seed).Cursor().Due
	}
	pairs := &pairs{
		key: append([]byte(nil), l.token(0)+":"...), partitions: l.facts.Partitions,
		lagged: newLagged(l.facts.Partitions, l.facts.Hazard),
	}
	l.census = model.Census(censusBlocks, due, slowness(l.facts), pairs.add)
	l.taken = l.takenShare()
	l.mixed()
	l.peopled(model)
	l.times(model, due)
	keys := l.weighIDs(model)
	if !l.census.Whole {
		l.report.Plan.Errors.Merges = sampling(l.census.Merges, l.census.Events)
	}
	l.spread(model, keys)
	l.orderIs(l.census.Followed, l.census.Events)
	l.mergesAre(pairs.merges(l, l.report.Partitions.Hottest))
	l.fitsLearned(model, model.Heavy(l.census, fewRanks))
}

// peopled notes how many different distinct_ids there are among the events that are
// taken. In every project that it has events in, an id is another person.
func (l *look) peopled(model *traffic.Model) {
	persons, off := model.Persons(l.census)
	if tokens := l.projects(); len(tokens) > 1 || l.taken < 1 {
		sum, pairs, ids := 0.0, 0.0, 0.0
		for _, t := range tokens {
			sum += t.Weight
		}
		model.Each(l.census, func(_ []byte, events int64) {
			ids++
			for _, t := range tokens {
				pairs -= math.Expm1(float64(events) * math.Log1p(-min(l.taken*t.Weight/sum, 1-1e-16)))
			}
		})
		persons *= pairs / max(ids, 1)
		off = math.Hypot(off, 1.96/math.Sqrt(max(pairs, 1)))
	}
	l.report.Plan.Persons, l.report.Plan.Errors.Persons = int64(math.Round(persons)), off
}

// token returns a token of the run, for hashing alone.
func (l *look) token(i int) string {
	if tokens := l.s.Traffic.Tokens; len(tokens) > 0 {
		return tokens[i].Token.Reveal()
	}
	return l.s.Target.Token.Reveal()
}

// sampling is the error of a share that was seen hits times among n: half of its
// 95 % interval (binomial), as a share of it.
func sampling(hits, n int64) float64 {
	if hits == 0 {
		return 0
	}
	share := float64(hits) / float64(n)
	return 1.96 * math.Sqrt((1-share)/float64(hits))
}

// takenShare is how much of the sound events the endpoint takes: a request that it
// refuses for its size, or for one wrong event, loses all of its events.
func (l *look) takenShare() float64 {
	sound, taken := 1.0, 1.0
	for _, f := range l.s.Traffic.Faults.Invalid {
		if f.Kind == scenario.InvalidNoID || f.Kind == scenario.InvalidOverSize {
			sound -= f.Share
		}
	}
	for _, r := range l.load.Refused {
		taken -= float64(r.Events) / float64(max(l.load.Events, 1))
	}
	return min(max(taken, 0)/max(sound, 1e-9), 1)
}

// mixed works out what the mix costs.
func (l *look) mixed() {
	var all, cost float64
	for _, e := range l.s.Traffic.Events {
		all += e.Weight
		cost += e.Weight * l.facts.Costs.Of(e.Name)
	}
	l.names, l.largest = len(l.s.Traffic.Events), int64(l.s.Traffic.Sizes.P99)
	l.eventsCost(cost / all)
}

// mainShare is how much of the ordinary events travels on the main lane: some
// names have lanes of their own.
func (l *look) mainShare() float64 {
	var all, main float64
	for _, e := range l.s.Traffic.Events {
		if scenario.IsMerge(e.Name) {
			continue
		}
		all += e.Weight
		if pipeline.LaneOf(e.Name, false, l.facts.Generation == capture.Generation2024) == pipeline.Main {
			main += e.Weight
		}
	}
	return main / max(all, 1e-300)
}

// pairs counts the merges of a census by what could have them read too early.
type pairs struct {
	key        []byte // the token and a colon
	partitions int
	lagged     lagged

	apart   int64            // of ids on different partitions
	early   int64            // sent before any event of the id that they join
	targets map[string]int64 // merges into an id
	waits   waits
}

// add looks at one merge.
func (p *pairs) add(m *traffic.Pair) {
	if p.targets == nil {
		p.targets = map[string]int64{}
	}
	p.targets[string(m.Target)]++
	if m.Since > 0 {
		p.waits.add(m.Since)
	}
	from, to := p.partition(m.Source), p.partition(m.Target)
	if from != to {
		p.apart++
	}
	if m.Ahead {
		p.early++
		return
	}
	p.lagged.add(m.Apart, from, to)
}

func (p *pairs) partition(id []byte) int {
	return pipeline.Partition(append(p.key[:len(p.key):len(p.key)], id...), p.partitions)
}

// merges scales what was counted up to a run, of whose partitions one is the busiest.
func (p *pairs) merges(l *look, hottest int) Merges {
	c, events, overflow := l.census, l.load.Events, int64(0)
	for _, h := range l.report.hot {
		overflow += p.targets[h.DistinctID]
	}
	scale := float64(events) / float64(max(c.Events, 1))
	whole := func(n int64) int64 { return int64(math.Round(float64(n) * scale)) }
	return Merges{
		Total: whole(c.Merges), Refused: whole(c.Refused), Apart: whole(p.apart), Early: whole(p.early), Overflow: whole(overflow),
		AtRisk:    whole(p.lagged.atMost(l.facts.Hazard) + p.early + overflow),
		ReadEarly: p.lagged.rows(hottest, c.Events, events),
		P50:       p.waits.seconds(0.5), P90: p.waits.seconds(0.9),
	}
}
