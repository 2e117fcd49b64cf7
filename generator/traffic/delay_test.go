package traffic

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// TestEachVisitIsFoundOnce: whatever the curve, every session that a block begins is
// found by exactly one block, the one in whose time its merge is due, or by none
// because the run ends before.
func TestEachVisitIsFoundOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var stages []schedule.Stage
		rate := rapid.SampledFrom([]float64{0, 10, 3000, 20_000})
		for range rapid.IntRange(1, 3).Draw(t, "stages") {
			stages = append(stages, schedule.Stage{
				From: rate.Draw(t, "from"), To: rate.Draw(t, "to"), Over: time.Duration(rapid.Int64Range(1, 30).Draw(t, "seconds")) * time.Second,
			})
		}
		curve := curveOf(stages...)
		p50 := time.Duration(rapid.Int64Range(1, 100_000).Draw(t, "p50")) * time.Millisecond
		traffic := &scenario.Traffic{Merges: scenario.Merges{Delay: scenario.Delay{P50: p50, P90: p50 * time.Duration(rapid.Int64Range(1, 30).Draw(t, "spread"))}}}
		d := newDelays(traffic, curve, rapid.Float64Range(0.0001, 0.01).Draw(t, "merges"), 0.5)
		blocks := (curve.Total() + blockEvents - 1) / blockEvents
		found := map[int64]int64{}
		for b := range blocks {
			from, to := d.start(b), d.start(b+1)
			for k := range d.slots {
				first, n := d.in(max(d.edge(from, k), 0), min(d.edge(to, k), b+1), k)
				for i := range n {
					number := d.number(first+i*d.rounds, k)
					if before, twice := found[number]; twice {
						t.Fatalf("visit %d of slot %d belongs to blocks %d and %d", first, k, before, b)
					}
					found[number] = b
				}
			}
		}
		for c := range blocks {
			for k, s := range d.slots {
				if int64(k)%d.rounds != c%d.rounds || c*blockEvents+s.place >= curve.Total() {
					continue
				}
				at := curve.When(float64(c*blockEvents+s.place)) + s.after
				b, is := found[d.number(c, k)]
				const dust = 2 * time.Nanosecond // which rounding moves over a border
				if is && (at < d.start(b)-dust || at > d.start(b+1)+dust) || !is && at < curve.Span()-dust {
					t.Fatalf("a merge at %v belongs to block %d (%v), which lasts from %v to %v", at, b, is, d.start(b), d.start(b+1))
				}
			}
		}
	})
}

// followed is what becomes of the sessions of a run.
type followed struct {
	merges, events, late, early int
	anonymous, persons          int             // different anonymous ids, and others that were never joined to
	delays                      []time.Duration // between first event and merge, sorted
}

// at is the delay below which a share lies.
func (f *followed) at(share float64) time.Duration {
	return f.delays[int(share*float64(len(f.delays)-1))]
}

// follow walks through the plan of a whole run, and demands that every merge joins
// an id with earlier events that nobody joined before and that sends no more.
func follow(t interface {
	Helper()
	Fatalf(string, ...any)
}, m *Model, curve *schedule.Curve) *followed {
	t.Helper()
	f, p := &followed{}, &Writer{}
	first, merged := map[int64]int64{}, map[int64]bool{}
	persons := map[person]bool{} // false: known by a merge
	for i := range curve.Total() {
		e := m.plan(i, p)
		f.events++
		number := p.block.anonymous(max(e.anon, 1))
		switch merge := m.planner.mix.kinds[e.kind].merge; {
		case !merge && e.anon == 0:
			if _, known := persons[e.who]; !known {
				persons[e.who] = true
				f.persons++
			}
		case !merge:
			if _, seen := first[number]; !seen {
				first[number] = i
			}
			if merged[number] && e.trait == traitNone && e.via == 0 && !early(p.block, e.anon) {
				t.Fatalf("event %d is of an id that was merged away", i)
			}
		case merge && e.trait == traitEarly:
			f.merges++
			f.early++
			merged[number] = true
		case merge && e.trait == traitReused:
			f.merges++
			if !merged[number] {
				t.Fatalf("event %d merges an id anew that nobody merged", i)
			}
		case merge:
			f.merges++
			at, seen := first[number]
			if !seen || merged[number] {
				t.Fatalf("event %d merges an id that has no earlier event (%v) or was merged before (%v)", i, !seen, merged[number])
			}
			merged[number], persons[e.who] = true, false
			if e.anon > blockEvents {
				f.late++
			}
			f.delays = append(f.delays, curve.When(float64(i))-curve.When(float64(at)))
		}
	}
	f.anonymous = len(first)
	slices.Sort(f.delays)
	return f
}

// early tells whether an id of the block is merged before its first event.
func early(b *block, anon uint16) bool {
	return anon <= blockEvents && b.events[anon-1].trait == traitEarly
}

// TestDelays holds whole runs against the delays that they are asked for, and
// against the same runs without: the mix stays the same to the event, and so do
// the sessions about.
func TestDelays(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	const seconds = time.Second
	steady := schedule.Stage{From: 1000, To: 1000, Over: 98 * seconds}
	for name, c := range map[string]struct {
		stages   []schedule.Stage
		p50, p90 time.Duration
		traffic  string
		within   float64 // 0: the run is too uneven to say
	}{
		// A block lasts 16.4 s: a delay of 12 s or more has to leave it.
		"longer than a block":  {[]schedule.Stage{steady}, 2 * seconds, 8 * seconds, "events: {a: 95, $identify: 5}", 0.1},
		"shorter than a block": {[]schedule.Stage{steady}, 40 * time.Millisecond, 200 * time.Millisecond, "events: {a: 95, $identify: 5}", 0.05},
		"always the same":      {[]schedule.Stage{steady}, 20 * seconds, 20 * seconds, "events: {a: 99, $identify: 1}", 0.07},
		"rare merges":          {[]schedule.Stage{steady}, 2 * seconds, 8 * seconds, "events: {a: 995, $identify: 5}", 0.2},
		"visits":               {[]schedule.Stage{steady}, 2 * seconds, 8 * seconds, "events: {a: 96, $identify: 4}\n  visits: {events: 5, anonymous: 60%}", 0.1},
		"all kinds of merges": {
			[]schedule.Stage{steady}, 2 * seconds, 8 * seconds,
			"events: {a: 70, b: {weight: 10, from: server}, $identify: 15, $create_alias: 5}\n  merges: {chains: 10%, fan_in: 10%, reused: 10%}\n" +
				"  faults: {merges_out_of_order: 2%, duplicates: 1%}", 0.1,
		},
		"a ramp, a pause and a burst": {
			[]schedule.Stage{{From: 0, To: 500, Over: 60 * seconds}, {Over: 20 * seconds}, {From: 9000, To: 9000, Over: 3 * seconds}, {From: 9000, To: 5, Over: 10 * seconds}, {From: 5, To: 5, Over: 3000 * seconds}},
			5 * seconds, 60 * seconds, "events: {a: 90, $identify: 10}", 0,
		},
		"as long as the run": {[]schedule.Stage{steady}, 80 * seconds, 800 * seconds, "events: {a: 95, $identify: 5}", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			traffic, curve := parse(t, 1000, "  distinct_ids: {count: 1G, skew: 0}\n  "+c.traffic+"\n"+tiny), curveOf(c.stages...)
			without := follow(t, New(traffic, curve), curve)
			traffic.Merges.Delay = scenario.Delay{P50: c.p50, P90: c.p90}
			with := follow(t, New(traffic, curve), curve)
			blocks := math.Ceil(float64(curve.Total()) / blockEvents) // each of which rounds its early merges
			if with.merges != without.merges || math.Abs(float64(with.early-without.early)) > blocks {
				t.Errorf("%d merges, %d early; without delays %d and %d", with.merges, with.early, without.merges, without.early)
			}
			if traffic.Visits.Anonymous > 0 && math.Abs(float64(with.anonymous)/float64(without.anonymous)-1) > 0.02 {
				t.Errorf("%d anonymous ids; without delays %d", with.anonymous, without.anonymous)
			}
			visits, before := with.anonymous+with.persons, without.anonymous+without.persons
			if math.Abs(float64(visits)/float64(before)-1) > 0.03 {
				t.Errorf("%d visits; without delays %d", visits, before)
			}
			if long := c.p90 > seconds; long != (with.late > with.merges/20) {
				t.Errorf("%d of %d merges lie in another block than their visits", with.late, with.merges)
			}
			if c.within == 0 {
				return
			}
			for share, want := range map[float64]time.Duration{0.5: c.p50, 0.9: c.p90} {
				if got := with.at(share); math.Abs(float64(got)/float64(want)-1) > c.within {
					t.Errorf("%.0f %% of the delays are below %v, want %v; %d of %d merges are late", share*100, got, want, with.late, with.merges)
				}
			}
		})
	}
}

// TestDelaysOfAnyTraffic: whatever the traffic and the curve, every merge joins an
// id that has earlier events, once.
func TestDelaysOfAnyTraffic(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	base := busy()
	rapid.Check(t, func(t *rapid.T) {
		traffic, share := *base, rapid.Float64Range(0, 0.3)
		p50 := time.Duration(rapid.Int64Range(1, 20_000).Draw(t, "p50")) * time.Millisecond
		traffic.Seed = rapid.Uint64().Draw(t, "seed")
		traffic.DistinctIDs.Growth = rapid.Float64Range(0, 0.1).Draw(t, "growth")
		traffic.DistinctIDs.Hot[0].Share = rapid.Float64Range(0, 0.5).Draw(t, "hot")
		traffic.Visits = scenario.Visits{
			Events: rapid.Float64Range(1, 5).Draw(t, "visit"), Anonymous: rapid.SampledFrom([]float64{0, 0.5, 1}).Draw(t, "anonymous"),
		}
		traffic.Merges = scenario.Merges{
			Chains: share.Draw(t, "chains"), FanIn: share.Draw(t, "fan in"), Reused: share.Draw(t, "reused"),
			Delay: scenario.Delay{P50: p50, P90: p50 * time.Duration(rapid.Int64Range(1, 30).Draw(t, "spread"))},
		}
		traffic.Faults.Duplicates, traffic.Faults.EarlyMerges = rapid.Float64Range(0, 0.1).Draw(t, "duplicates"), share.Draw(t, "early")
		// Sessions have at least a fifth of the room, half of them begin anonymous, and
		// merges are half of those at most: a twentieth of the room.
		traffic.Events = []scenario.EventShare{
			{Name: "a", Weight: 60}, {Name: "b", Weight: rapid.Float64Range(0, 40).Draw(t, "server"), From: scenario.FromServer},
			{Name: scenario.EventIdentify, Weight: rapid.Float64Range(0, 0.6).Draw(t, "identify")}, {Name: scenario.EventCreateAlias, Weight: 0.1},
		}
		rate := rapid.SampledFrom([]float64{1, 300, 2500})
		curve := curveOf(
			schedule.Stage{From: rate.Draw(t, "from"), To: rate.Draw(t, "over"), Over: 6 * time.Second},
			schedule.Stage{From: 1200, To: rate.Draw(t, "to"), Over: 6 * time.Second},
		)
		follow(t, New(&traffic, curve), curve)
	})
}

// TestDelaysNeedNoOtherBlock: the plan of a block is the same whichever goroutine plans it, and
// whatever was planned before.
func TestDelaysNeedNoOtherBlock(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	traffic := busy()
	traffic.Merges.Delay = scenario.Delay{P50: 10 * time.Second, P90: 40 * time.Second}
	const blocks = 5
	m, p := along(traffic, blocks*blockEvents), &Writer{}
	for b := range int64(blocks) {
		m.plan(b*blockEvents, p)
		fresh, q := along(traffic, blocks*blockEvents), &Writer{}
		for _, other := range []int64{(b + 3) % blocks, b} {
			fresh.plan(other*blockEvents, q)
		}
		if !slices.Equal(p.block.events, q.block.events) || !slices.Equal(p.block.planner.crossing, q.block.planner.crossing) {
			t.Errorf("block %d has two plans", b)
		}
	}
}

func BenchmarkPlan(b *testing.B) {
	for name, delay := range map[string]scenario.Delay{"without delays": {}, "with delays": {P50: 5 * time.Second, P90: time.Minute}} {
		b.Run(name, func(b *testing.B) {
			traffic := busy()
			traffic.Merges.Delay = delay
			m, pen := along(traffic, 400_000_000), &Writer{}
			b.ReportAllocs()
			for i := int64(0); b.Loop(); i += blockEvents {
				m.plan(i, pen)
			}
		})
	}
}
