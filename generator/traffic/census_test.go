package traffic

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"rehearse/capture"
	"rehearse/capture/pipeline"
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
	p := Pen{Due: due}
	links, since := map[string]time.Duration{}, map[string]time.Duration{}
	for i := range int64(total) {
		m.Write(&e, i, &p)
		switch {
		case len(e.DistinctID) == 0:
			none++
		case pipeline.Illegal(e.DistinctID):
			illegal++
		default:
			if seen[string(e.DistinctID)]++; seen[string(e.DistinctID)] == 1 {
				since[string(e.DistinctID)] = due(i)
			}
		}
		if link := pipeline.Link(e.Name, e.Properties); link != nil {
			merges++
			links[string(e.DistinctID)+" "+string(link)] = due(i) - since[string(link)]
		}
	}
	const slack = 50 * time.Millisecond // a visit across blocks begins with the next event that is free
	shown, late := 0, 0
	c := m.Census(100, due, func(p *Pair) {
		shown++
		apart, written := links[string(p.Target)+" "+string(p.Source)]
		if !written {
			t.Fatalf("no merge of %s into %s is written", p.Source, p.Target)
		}
		if p.Apart < 0 || p.Since > 0 && (p.Apart > p.Since || p.Since > apart+slack || p.Since < apart-slack) {
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
	crowd, joined, anonymous := m.Persons(c)
	if got, want := crowd+joined+anonymous, float64(len(seen)-3); math.Abs(got-want) > 0.05*want {
		t.Errorf("%.0f different ids are expected, %.0f were written", got, want)
	}
	for _, h := range m.Heavy(c, 20) {
		want, got := h.Share*total, float64(seen[h.DistinctID])
		if pipeline.Illegal([]byte(h.DistinctID)) {
			continue
		}
		// Events of one visit come together, which makes them spread twice as much.
		if off := math.Abs(got - want); off > 4*2*math.Sqrt(want) || h.Exact && off > 0.5 {
			t.Errorf("%s: %.1f events are expected, %.0f were written (exact: %v)", h.DistinctID, want, got, h.Exact)
		}
	}
}

// TestCensusIsCheap: however long a run is, no more blocks are planned than were
// asked for, and each only once.
func TestCensusIsCheap(t *testing.T) {
	t.Parallel()
	traffic := busy()
	traffic.DistinctIDs.Count = 1_000_000_000
	m := along(traffic, 400_000_000_000)
	c := m.Census(3, func(int64) time.Duration { return 0 }, nil)
	if c.Blocks != 3 || c.Events != 3*blockEvents || len(m.planner.blocks.all) > 2 {
		t.Errorf("%d blocks, %d events, %d blocks held", c.Blocks, c.Events, len(m.planner.blocks.all))
	}
}

// TestDifferent: against draws.
func TestDifferent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		z := newZipf(rapid.Int64Range(2, 20_000).Draw(t, "count"), rapid.Float64Range(0, 2).Draw(t, "skew"))
		h, n := crowd{law: z}, rapid.IntRange(1, 5000).Draw(t, "n")
		s := scenario.NewStream(rapid.Uint64().Draw(t, "seed"), 0)
		met := map[int64]bool{}
		for range n {
			met[z.draw(&s)] = true
		}
		want := h.different(float64(n))
		if off := math.Abs(float64(len(met)) - want); off > 6*math.Sqrt(want)+3 {
			t.Fatalf("%d of %d draws are different, %.1f are expected", len(met), n, want)
		}
		if back := h.different(h.draws(want)); math.Abs(back-want) > 1e-3*want {
			t.Fatalf("%.6f different ranks are %.6f draws, which meet %.6f", want, h.draws(want), back)
		}
	})
}

func BenchmarkCensus(b *testing.B) {
	m := along(busy(), 400_000_000)
	b.ReportAllocs()
	for b.Loop() {
		m.Census(16, func(int64) time.Duration { return 0 }, func(*Pair) {})
	}
}
