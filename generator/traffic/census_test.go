package traffic

import (
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rehearse/internal/capture"
	"rehearse/internal/capture/pipeline"
	"rehearse/internal/rng"
	"rehearse/scenario"
)

// busy is a traffic with everything that decides under which ids events go.
func busy() *scenario.Traffic {
	return &scenario.Traffic{
		Seed:        5,
		DistinctIDs: scenario.Population{Count: 5000, Skew: 1.1, Growth: 0.02, Style: scenario.StyleOpaque, Hot: []scenario.HotID{{ID: "kiosk", Share: 0.1}, {Events: 777}}},
		Visits:      scenario.Visits{Events: 4, Anonymous: 0.5},
		Merges:      scenario.Merges{Chains: 0.1, FanIn: 0.2, Reused: 0.1},
		Events:      []scenario.EventShare{{Name: "$pageview", Weight: 85, From: scenario.FromBrowser}, {Name: "$identify", Weight: 5, From: scenario.FromBrowser}, {Name: "$merge_dangerously", Weight: 1, From: scenario.FromServer}},
		Timestamps:  scenario.Timestamps{Now: true},
		Faults:      scenario.Faults{Duplicates: 0.02, EarlyMerges: 0.05, Invalid: []scenario.InvalidShare{{Kind: scenario.InvalidIllegalID, Share: 0.02}, {Kind: scenario.InvalidNoID, Share: 0.01}}},
	}
}

// TestCensus: a census of all blocks against the events as they are written.
func TestCensus(t *testing.T) {
	t.Parallel()
	for name, delay := range map[string]scenario.Delay{"without delays": {}, "with delays": {P50: 5 * time.Second, P90: 30 * time.Second}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if raced && delay != (scenario.Delay{}) {
				t.Skip("nothing here happens at the same time")
			}
			traffic := busy()
			traffic.Merges.Delay = delay
			compareCensus(t, traffic)
		})
	}
}

func compareCensus(t *testing.T, traffic *scenario.Traffic) {
	const total = 3*blockEvents + 1234
	m := along(traffic, total)
	due := func(i int64) time.Duration { return time.Duration(i) * time.Millisecond }
	seen := map[string]int64{}
	var none, merges, illegal int64
	var e capture.Event
	p := Writer{Due: due}
	links, since := map[string]time.Duration{}, map[string]time.Duration{}
	for i := range int64(total) {
		m.Write(&e, i, &p)
		switch {
		case len(e.DistinctID) == 0:
			none++
		default:
			if pipeline.Illegal(e.DistinctID) {
				illegal++
			}
			if seen[string(e.DistinctID)]++; seen[string(e.DistinctID)] == 1 {
				since[string(e.DistinctID)] = due(i)
			}
		}
		if link := pipeline.Link(e.Name, e.Properties); link != nil {
			merges++
			links[string(e.DistinctID)+" "+string(link)] = due(i) - since[string(link)]
		}
	}
	const slack = 50 * time.Millisecond // a session across blocks begins with the next event that is free
	shown, late := 0, 0
	c := m.Census(100, due, 0, func(p *Pair) {
		shown++
		apart, written := links[string(p.Target)+" "+string(p.Source)]
		if !written {
			t.Fatalf("no merge of %s into %s is written", p.Source, p.Target)
		}
		if p.Apart < 0 || p.Since > 0 && (p.Apart > p.Since+slack || p.Since > apart+slack || p.Since < apart-slack) {
			t.Fatalf("%v after the first event and %v after the latest, written %v after the first", p.Since, p.Apart, apart)
		}
		late += int(p.Since / (blockEvents * time.Millisecond))
	})
	if c.Blocks != 4 || c.Events != total || c.None != none || c.Illegal != illegal || c.Merges != merges || int64(shown) != merges {
		t.Errorf("%+v; written: %d without an id, %d illegal, %d merges", c, none, illegal, merges)
	}
	if delayed := traffic.Merges.Delay != (scenario.Delay{}); delayed != (late > 100) {
		t.Errorf("%d merges lie more than a block behind their visits", late)
	}
	if sum := c.Crowd + c.Joined + c.Hot + c.FanIn + c.Anonymous + c.Illegal + c.None; sum != c.Events {
		t.Errorf("%d of %d events are accounted for", sum, c.Events)
	}
	if c.FanIn != seen["fan-in"] || c.Hot != seen["kiosk"]+seen["hot-2"] {
		t.Errorf("%+v; written: fan-in %d, hot %d and %d", c, seen["fan-in"], seen["kiosk"], seen["hot-2"])
	}
	if got, off := m.Persons(c); int(got) != len(seen) || off != 0 {
		t.Errorf("%.0f different ids (± %v) are said, %d were written", got, off, len(seen))
	}
	compareIDs(t, m, c, seen)
}

// compareIDs holds what a census of a whole run says of each id against the events
// that were written.
func compareIDs(t *testing.T, m *Model, c *Census, seen map[string]int64) {
	t.Helper()
	total := float64(c.Events)
	busiest := m.Heavy(c, 20)
	for _, h := range busiest {
		if got := float64(seen[h.DistinctID]); math.Abs(h.Share*total-got) > 1e-6 || h.Error != 0 {
			t.Errorf("%s: %.1f events are said (± %v), %.0f were written", h.DistinctID, h.Share*total, h.Error, got)
		}
	}
	for id, n := range seen { // it lists who has the most
		if float64(n) > busiest[19].Share*total && !slices.ContainsFunc(busiest, func(h Heavy) bool { return h.DistinctID == id }) {
			t.Errorf("%s has %d events and is not listed", id, n)
		}
	}
	m.Each(c, func(id []byte, events int64) { seen[string(id)] -= events })
	for id, n := range seen {
		if n != 0 {
			t.Errorf("%s has %d events more than said", id, n)
		}
	}
}

// TestCensusOfAPart: what is said of a run of which a part was looked at, against the
// whole, within the error that it claims. Of a hundred 95 may be within it.
func TestCensusOfAPart(t *testing.T) {
	t.Parallel()
	if raced {
		t.Skip("nothing here happens at the same time")
	}
	const total, seeds = 40*blockEvents + 99, 8
	looked, outside := 0, 0
	for seed := range uint64(seeds) {
		traffic := busy()
		traffic.Seed = seed
		traffic.DistinctIDs.Count = int64(5000 << (seed % 4 * 3))
		m := along(traffic, total)
		due := func(i int64) time.Duration { return time.Duration(i) * time.Millisecond }
		part, whole := m.Census(8, due, 0, nil), m.Census(1000, due, 0, nil)
		said, off := m.Persons(part)
		was, _ := m.Persons(whole)
		if math.Abs(said-was) > off*said {
			t.Errorf("seed %d: %.0f different ids (± %.3g %%), and they are %.0f", seed, said, 100*off, was)
		}
		exact := map[string]float64{}
		m.Each(whole, func(id []byte, events int64) { exact[string(id)] += float64(events) })
		for _, h := range m.Heavy(part, 40) {
			got, want := h.Share*total, exact[h.DistinctID]
			looked++
			if math.Abs(got-want) > h.Error*got+0.5 {
				outside++
			}
			if math.Abs(got-want) > 2.5*h.Error*got+0.5 {
				t.Errorf("seed %d: %s: %.0f events (± %.3g %%), and they are %.0f", seed, h.DistinctID, got, 100*h.Error, want)
			}
		}
	}
	if outside > looked/10 {
		t.Errorf("%d of %d numbers of events are outside of their errors", outside, looked)
	}
}

// TestCensusIsCheap: however long a run is, no more blocks are planned than were
// asked for, and each only once.
func TestCensusIsCheap(t *testing.T) {
	t.Parallel()
	traffic := busy()
	traffic.DistinctIDs.Count = 1_000_000_000
	m := along(traffic, 400_000_000_000)
	c := m.Census(3, func(int64) time.Duration { return 0 }, 0, nil)
	if c.Blocks != 3 || c.Events != 3*blockEvents || len(m.planner.blocks.all) > 2 {
		t.Errorf("%d blocks, %d events, %d blocks held", c.Blocks, c.Events, len(m.planner.blocks.all))
	}
}

// TestDifferent: against draws.
func TestDifferent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := newZipf(rapid.Int64Range(2, 20_000).Draw(t, "count"), rapid.Float64Range(0, 2).Draw(t, "skew"))
		h, n := rankedCrowd{law: z}, rapid.IntRange(1, 5000).Draw(t, "n")
		s := rng.NewStream(rapid.Uint64().Draw(t, "seed"), 0)
		met := map[int64]bool{}
		for range n {
			met[z.draw(&s)] = true
		}
		want := h.different(float64(n))
		if off := math.Abs(float64(len(met)) - want); off > 6*math.Sqrt(want)+3 {
			t.Fatalf("%d of %d draws are different, %.1f are expected", len(met), n, want)
		}
		exact := 0.0
		for r := range z.ranks + z.beyond() {
			exact -= math.Expm1(float64(n) * math.Log1p(-min(z.share(r), 1-1e-16)))
		}
		if math.Abs(want-exact) > 1e-4*exact {
			t.Fatalf("%v ranks are expected, the sum over all of them is %v", want, exact)
		}
		want = min(want, 0.999*float64(z.ranks+z.beyond()))
		draws := z.misses().draws(want, rapid.Float64Range(0, 1e9).Draw(t, "guess"))
		if back := h.different(draws); math.Abs(back-want) > 1e-9*want {
			t.Fatalf("%.9f different ranks are %.9f draws, which meet %.9f", want, draws, back)
		}
	})
}

// beyond is how many ranks lie in segments.
func (z *zipf) beyond() (ranks int64) {
	for _, g := range z.segments {
		ranks += g.count
	}
	return ranks
}

func BenchmarkCensus(b *testing.B) {
	m := along(busy(), 400_000_000)
	b.ReportAllocs()
	for b.Loop() {
		m.Census(16, func(int64) time.Duration { return 0 }, 0, func(*Pair) {})
	}
}
