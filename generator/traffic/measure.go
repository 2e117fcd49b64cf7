package traffic

import (
	"cmp"
	"slices"
	"time"

	"rehearse/internal/capture"
)

// Measured is what some events of a run turned out to be, beside what the scenario
// asks for. Shares are of 1.
type Measured struct {
	From, To int64        // the events measured, To excluded
	Kinds    []Match      // the mix, in the order of the file
	Hot      []Match      // ids of the hot list
	Faults   []Match      // in events, not shares; the plan of merges is an expectation
	Run      []QuotaCount // what the whole run holds an exact number of
	Ranks    []Rank       // the skewed crowd, in bins of neighbouring ranks
	Bytes    []int        // encoded sizes in ascending order
	ShapeCounts

	// Delays are percentiles of how long ids were anonymous before their merge, in
	// seconds; empty: the scenario does not say.
	Delays []Match
}

// ShapeCounts are the counts of a shape.
type ShapeCounts struct {
	Persons, Anonymous int   // different persons, and ids that were anonymous
	Merges, Joined     int64 // merge events, and first events of persons never seen before
}

// Match is one share as planned and as measured.
type Match struct {
	Name           string
	Plan, Measured float64
}

// Rank is a bin of neighbouring ranks of the crowd, counted from 1: how many
// events each is expected to have, given how many all have, and has on average.
type Rank struct {
	First, Last    int64
	Plan, Measured float64
}

// MostMeasured is how many events may be measured at once; the counts by person
// take memory.
const MostMeasured = 10_000_000

// shapeTally counts events.
type shapeTally struct {
	kinds     []int64
	hot       []int64
	faults    map[string]int64
	persons   map[person]int64
	anonymous map[int64]bool
	joined    int64
	bytes     []int
	waits     []time.Duration
}

// Measure writes the events [from, to) and measures them.
func (m *Model) Measure(from, to int64, p *Writer) *Measured {
	t := shapeTally{
		kinds: make([]int64, len(m.planner.mix.kinds)), hot: make([]int64, len(m.planner.people.hot)),
		faults: map[string]int64{}, persons: map[person]int64{}, anonymous: map[int64]bool{},
	}
	var e capture.Event
	var text []byte
	for i := from; i < to; i++ {
		m.Write(&e, i, p)
		text = capture.AppendEvent(text[:0], &e)
		t.bytes = append(t.bytes, len(text))
		plan := m.plan(i, p)
		t.add(plan, p.block)
		if wait := m.waited(plan, p.block, i%blockEvents, p.Due); wait > 0 {
			t.waits = append(t.waits, wait)
		}
	}
	slices.Sort(t.bytes)
	s := &Measured{
		From: from, To: to, Run: m.Counts(), Bytes: t.bytes,
		ShapeCounts: ShapeCounts{Persons: len(t.persons), Anonymous: len(t.anonymous), Joined: t.joined},
	}
	m.matchKinds(s, &t)
	m.matchQuotas(s, &t)
	m.matchRanks(s, &t)
	m.matchDelays(s, &t)
	return s
}

// matchDelays compares how long ids are anonymous.
func (m *Model) matchDelays(s *Measured, t *shapeTally) {
	if m.planner.delays == nil || len(t.waits) == 0 {
		return
	}
	slices.Sort(t.waits)
	for name, share := range map[string]float64{"p50": 0.5, "p90": 0.9} {
		measured := t.waits[int(share*float64(len(t.waits)-1))]
		s.Delays = append(s.Delays, Match{name, m.planner.delays.normal.quantile(share).Seconds(), measured.Seconds()})
	}
	slices.SortFunc(s.Delays, func(a, b Match) int { return cmp.Compare(a.Name, b.Name) })
}

// add counts one event of a block.
func (t *shapeTally) add(plan *planned, b *block) {
	t.kinds[plan.kind]++
	t.persons[plan.who]++
	if plan.who.hot() {
		t.hot[plan.who&^hotBit]++
	}
	if plan.anon != 0 {
		t.anonymous[b.anonymous(plan.anon)] = true
	}
	if plan.trait == traitJoin {
		t.joined++
	}
	if fault := plan.trait.fault(); fault != "" {
		t.faults[fault]++
	}
}

// matchKinds compares the mix.
func (m *Model) matchKinds(s *Measured, t *shapeTally) {
	n := float64(s.To - s.From)
	for i, k := range m.planner.mix.kinds {
		s.Kinds = append(s.Kinds, Match{string(k.name), m.planner.mix.shares[i], float64(t.kinds[i]) / n})
		if k.merge {
			s.Merges += t.kinds[i]
		}
	}
}

// matchQuotas compares what comes an exact number of times, and the faults of
// merges, which are drawn.
func (m *Model) matchQuotas(s *Measured, t *shapeTally) {
	total := m.planner.total
	n := float64(s.To - s.From)
	for _, q := range m.planner.quotas {
		want := float64(q.upTo(s.To, total) - q.upTo(s.From, total))
		switch q.assigns.trait {
		case traitHot:
			name := m.planner.people.hot[q.assigns.hot]
			s.Hot = append(s.Hot, Match{name, want / n, float64(t.hot[q.assigns.hot]) / n})
		case traitJoin:
		default:
			name := q.assigns.trait.fault()
			s.Faults = append(s.Faults, Match{name, want, float64(t.faults[name])})
		}
	}
	r := m.planner.rules
	for _, f := range []struct {
		trait trait
		share float64
	}{
		{traitEarly, r.early}, {traitReused, r.merges.Reused},
		{traitIdentified, r.merges.Identified}, {traitWide, r.merges.Wide},
	} {
		if f.share > 0 {
			name := f.trait.fault()
			s.Faults = append(s.Faults, Match{name, f.share * float64(s.Merges), float64(t.faults[name])})
		}
	}
}

// matchRanks compares the crowd, in bins that double every fourth.
func (m *Model) matchRanks(s *Measured, t *shapeTally) {
	people := &m.planner.people
	crowd := int64(0)
	for who, n := range t.persons {
		if int64(who) < people.count && !who.hot() {
			crowd += n
		}
	}
	last := min(people.count, s.To-s.From)
	for first := int64(0); first < last; {
		next := min(max(first+1, first*19/16), last)
		var plan, measured float64
		for r := first; r < next; r++ {
			plan += people.crowd.share(r) * float64(crowd)
			measured += float64(t.persons[person(r)])
		}
		wide := float64(next - first)
		s.Ranks = append(s.Ranks, Rank{first + 1, next, plan / wide, measured / wide})
		first = next
	}
}

// waited is how long the id that the merge at place j of a block joins has been
// anonymous; 0 where that is not to be said: no merge, or one before the id's first
// event, or of an id that a person has already.
func (m *Model) waited(e *planned, b *block, j int64, due func(int64) time.Duration) time.Duration {
	if !m.planner.mix.kinds[e.kind].merge || e.trait != traitNone {
		return 0
	}
	began := b.anonymous(e.anon)
	if e.anon > blockEvents {
		_, began = m.planner.delays.origin(began)
	}
	return due(b.number*blockEvents+j) - due(began)
}
