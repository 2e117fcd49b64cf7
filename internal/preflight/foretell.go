package preflight

import (
	"math"
	"time"

	"github.com/zeebo/xxh3"

	"rehearse/generator/traffic"
	"rehearse/internal/capture"
	"rehearse/internal/capture/pipeline"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// censusBlocks is how many blocks of the plan are looked at: 262,144 events, of
// which a share of 1 % is met to 4 parts in a hundred.
const censusBlocks = 16

// foretell works out the ids, the partitions and the merges of synthesized
// traffic.
func (l *checker) foretell() {
	t := l.s.Traffic
	model := traffic.New(t, l.load.Curve)
	due := l.load.Leaves
	if due == nil {
		due = schedule.New(l.load.Curve, l.s.Load.Arrivals, t.Seed).Cursor().Due
	}
	pairs := &pairs{
		persons: pipeline.NewPersons(mostSeen),
		key:     append([]byte(nil), l.token(0)+":"...), partitions: l.facts.Partitions,
		lagged: newLagged(l.facts.Partitions, l.facts.Hazard),
	}
	pairs.persons.Within(l.facts.Merges)
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
	pairs.share(keys, l.census.Events)
	l.late(keys)
	l.orderIs(l.census.Followed, l.census.Events)
	l.mergesAre(pairs.merges(l, l.report.Partitions.Hottest))
	l.stored(model, pairs, due)
	l.fitsLearned(model)
}

// peopled notes how many different distinct_ids there are among the events that are
// taken. In every project that it has events in, an id is another person.
func (l *checker) peopled(model *traffic.Model) {
	persons, off := model.Persons(l.census)
	if tokens := l.projects(); len(tokens) > 1 || l.taken < 1 {
		sum, pairs, ids := 0.0, 0.0, 0.0
		for _, t := range tokens {
			sum += t.Weight
		}
		model.Each(l.census, func(_ []byte, events int64) {
			ids++
			for _, t := range tokens {
				if l.restricts(pipeline.Drop, &key{token: t.Token.Reveal()}) {
					continue
				}
				pairs -= math.Expm1(float64(events) * math.Log1p(-min(l.taken*t.Weight/sum,
					1-1e-16)))
			}
		})
		persons *= pairs / max(ids, 1)
		off = math.Hypot(off, 1.96/math.Sqrt(max(pairs, 1)))
	}
	l.report.Plan.Persons, l.report.Plan.Errors.Persons = int64(math.Round(persons)), off
}

// token returns a token of the run, for hashing alone.
func (l *checker) token(i int) string {
	if tokens := l.s.Traffic.Tokens; len(tokens) > 0 {
		return tokens[i].Token.Reveal()
	}
	return l.s.Target.Token.Reveal()
}

// takenShare is how much of the sound events the endpoint takes: a request that it
// refuses for its size, or for one wrong event, loses all of its events.
func (l *checker) takenShare() float64 {
	sound, taken := 1.0, 1.0
	for _, f := range l.s.Traffic.Faults.Invalid {
		if f.Kind == scenario.InvalidNoID || f.Kind == scenario.InvalidOverSize {
			sound -= f.Share
		}
	}
	for _, r := range l.load.Refused {
		if r.Discard == capture.ByRule {
			continue // it is known of which projects and ids
		}
		taken -= float64(r.Events) / float64(max(l.load.Events, 1))
	}
	return min(max(taken, 0)/max(sound, 1e-9), 1)
}

// mixed works out what the mix costs.
func (l *checker) mixed() {
	var all, cost, others, each float64
	for _, e := range l.s.Traffic.Events {
		all += e.Weight
		cost += e.Weight * l.facts.Costs.Of(e.Name)
		if !scenario.IsMerge(e.Name) {
			others += e.Weight
			each += e.Weight * l.facts.Costs.Of(e.Name)
		}
	}
	if others > 0 {
		l.ordinary = each / others
	}
	l.merging = (cost - each) / max(all-others, 1e-300)
	if l.s.Intake.Apps == scenario.Yes {
		l.ordinary += l.facts.Costs.Apps
	}
	l.names, l.largest = len(l.s.Traffic.Events), int64(l.s.Traffic.Sizes.P99)
	l.eventsCost(cost / all)
}

// mainShare is how much of the ordinary events travels on the main lane: some
// names have lanes of their own.
func (l *checker) mainShare() float64 {
	var all, main float64
	for _, e := range l.s.Traffic.Events {
		if scenario.IsMerge(e.Name) {
			continue
		}
		all += e.Weight
		if pipeline.LaneOf(e.Name, false,
			l.facts.Generation == capture.Generation2024) == pipeline.Main {
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

	persons *pipeline.Persons
	before  float64 // events that came under anonymous ids before they were joined
	single  int64   // merges of those
}

// add looks at one merge.
func (p *pairs) add(m *traffic.Pair) {
	if p.targets == nil {
		p.targets = map[string]int64{}
	}
	p.targets[string(m.Target)]++
	p.join(m)
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

// join joins the two persons.
func (p *pairs) join(m *traffic.Pair) {
	if !m.Person {
		p.before, p.single = p.before+m.Before, p.single+1
	}
	if pipeline.Illegal(m.Source) || pipeline.Illegal(m.Target) {
		return
	}
	source, target := xxh3.Hash(m.Source), xxh3.Hash(m.Target)
	if !p.persons.Knows(source) {
		p.persons.Send(source, int64(m.Before), true)
	}
	p.persons.Join(target, source, m.Dangerous)
}

// merges scales what was counted up to a run, of whose partitions one is the busiest.
func (p *pairs) merges(l *checker, hottest int) Merges {
	c, events, overflow := l.census, l.load.Events, int64(0)
	for _, h := range l.report.hot {
		overflow += p.targets[h.DistinctID]
	}
	scale := float64(events) / float64(max(c.Events, 1))
	whole := func(n int64) int64 { return int64(math.Round(float64(n) * scale)) }
	return Merges{
		Total: whole(c.Merges), Refused: whole(c.Refused), Apart: whole(p.apart),
		Early: whole(p.early), Overflow: whole(overflow),
		AtRisk:    whole(p.lagged.atMost(l.facts.Hazard) + p.early + overflow),
		ReadEarly: p.lagged.rows(hottest, c.Events, events),
		P50:       p.waits.seconds(0.5), P90: p.waits.seconds(0.9),
	}
}

// doubt is how far what is said of an id that overflows may be off, as halves of 95 %
// intervals: in events, and in seconds of when the first of them does.
//
// Events do not come as evenly as the curve has it: chance brings those of a visit
// together, so that the level that follows an id is a random walk with steps of that
// size when it comes to the burst. In the middle of an overflow nothing comes of that, for
// all that comes is over; at its end, where the load falls through the limit again, the
// walk and the fall decide for a time that follows from both. What a batch has of the id
// comes at once.
func (l *checker) doubt(k *key, found *level, limited float64) (over, first float64) {
	share, m := k.share*limited, l.limitsOf(k)
	if l.forced(k) || m.steady() == 0 {
		return k.off * found.over, l.interval(found.first)
	}
	events := share * float64(l.load.Events)
	step, batch := max(k.clump, 1), share*float64(l.s.Batching.MaxEvents)
	if k.off > 0 {
		more := l.level(share*(1+k.off), m, false)
		over = math.Abs(more.over - found.over)
	}
	edge := math.Sqrt(step * events)
	if fall := l.fall(share, m.perSecond); fall > 0 {
		edge = min(edge, math.Cbrt(step*m.perSecond)*math.Cbrt(step*m.perSecond)/math.Cbrt(fall))
	}
	// Of what comes while the rate is over the limit chance decides, as far as it may come
	// at another time.
	while := l.over(share, m.perSecond)
	edge = math.Hypot(edge, math.Sqrt(step*while*max(1-while/events, 0))) + batch/2
	excess := share*l.load.Curve.Rate(moment(found.first)) - m.steady()
	walk := 1.96 * math.Sqrt(step*share*l.load.Curve.Count(moment(found.first)))
	first = math.Hypot(walk/max(excess, 1e-9), l.interval(found.first))
	if m.global.Events > 0 {
		byClock := l.anyMinute(share, m.global)
		over, first = math.Hypot(over, byClock.over), math.Hypot(first, byClock.first)
	}
	return min(math.Hypot(over, 1.96*edge), events), min(first, l.report.Plan.Seconds)
}

// over is how many events an id has while its rate is over its limit.
func (l *checker) over(share, limit float64) (events float64) {
	for _, s := range l.report.curve {
		low, high := share*min(s.From, s.To), share*max(s.From, s.To)
		if high <= limit {
			continue
		}
		part := 1.0
		if low < limit {
			part, low = (high-limit)/(high-low), limit
		}
		events += (low + high) / 2 * part * s.Over.Seconds()
	}
	return events
}

// fall is how fast the rate of an id falls through its limit where it does so, in
// events a second each second; 0: it never does.
func (l *checker) fall(share, limit float64) (slowest float64) {
	for _, s := range l.report.curve {
		if share*s.From > limit && share*s.To < limit {
			if fall := share * (s.From - s.To) / s.Over.Seconds(); slowest == 0 || fall < slowest {
				slowest = fall
			}
		}
	}
	return slowest
}

// interval is how long a batch takes to fill at a second of the run: its events leave
// with its last.
func (l *checker) interval(at float64) float64 {
	return l.load.perRequest() / max(l.load.Curve.Rate(moment(max(at, 0))), 1e-9)
}

// anyMinute is how much the global limit depends on when within its window the run
// begins by default, and on when the replicas learn of each other.
func (l *checker) anyMinute(share float64, g pipeline.GlobalLimit) (off level) {
	if l.stated || share*l.load.Curve.Peak() <= g.PerSecond(g.Events) {
		return off
	}
	p := pace{step: 2 * time.Second, steps: 500}
	at := minutes(l.load.Curve, share, g, originOf(l.s), p, limits{})
	for quarter := range time.Duration(4) {
		other := minutes(l.load.Curve, share, g, originOf(l.s).Add(quarter*g.Window/4), p, limits{})
		off.over = max(off.over, math.Abs(other.over-at.over))
		off.first = max(off.first, math.Abs(other.first-at.first))
	}
	return off
}

// moment is a number of seconds since the start of the run as a duration.
func moment(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }

// checker is a scenario under examination, with what is known of it so far.
type checker struct {
	s      *scenario.Scenario
	facts  *Facts
	load   *Load
	report *Report
	most   capture.Limits // what the endpoint takes
	census *traffic.Census
	shards int    // machines that share the load
	beside *Input // what else is sent meanwhile, to the same endpoint; nil: nothing

	together []schedule.Stage // the curve of the load, that of its background added
	moments
	totals
}

// moments are the times of a check and of its events.
type moments struct {
	now      time.Time
	start    time.Time     // of the run
	stated   bool          // by the intake
	oldest   time.Duration // the age of the oldest event when it arrives
	rerouted float64       // share of the events that take the historical lane for their age
	ahead    float64       // events whose time is too far ahead of the clock
	aheadOf  float64       // the error of that, as a share
}

// totals are what the events of a run come to.
type totals struct {
	taken  float64 // share of the events that are not refused by the endpoint
	meanly float64 // what an event costs on average
	// what one costs that is no merge; 0: not known
	ordinary float64
	merging  float64 // what one costs that is
	latest   float64 // seconds that an event of the latest id takes
	names    int     // different event names
	ruled    ruled
	worst    float64 // events that would overflow if one replica had all connections
	crowd    float64 // events that overflow by order and belong to none of the ids looked at
	largest  int64   // bytes that one event in a hundred has at least, or the largest of those counted
	file     bool    // the facts come from a file
	buckets  int     // that an id's events are spread over
}
