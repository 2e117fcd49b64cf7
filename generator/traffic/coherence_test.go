package traffic

import (
	"testing"

	"pgregory.net/rapid"

	"rehearse/scenario"
)

// graph replays events the way the pipeline does, to find a merge that it would
// refuse or that names an id without earlier events. It knows nothing of how
// they were planned.
type graph struct {
	seen   map[string]bool   // ids with events
	into   map[string]string // ids merged away, and the person they went to
	early  map[string]bool   // ids merged before their first event, on purpose
	chains int
	fan    int
	reused int
	merges int
}

func newGraph() *graph {
	return &graph{seen: map[string]bool{}, into: map[string]string{}, early: map[string]bool{}}
}

// person follows merges to their end.
func (g *graph) person(id string) string {
	for {
		next, merged := g.into[id]
		if !merged {
			return id
		}
		id = next
	}
}

func (g *graph) add(t interface{ Fatalf(string, ...any) }, e read) {
	if scenario.IsMerge(e.Event) {
		g.merge(t, e)
		return
	}
	if _, merged := g.into[e.DistinctID]; merged && !g.early[e.DistinctID] {
		t.Fatalf("event %d: %q sends after it was merged away", e.Index, e.DistinctID)
	}
	g.seen[e.DistinctID] = true
}

func (g *graph) merge(t interface{ Fatalf(string, ...any) }, e read) {
	member := "alias"
	if e.Event == scenario.EventIdentify {
		member = "$anon_distinct_id"
	}
	source, _ := e.Properties[member].(string)
	_, merged := g.into[source]
	g.merges++
	switch {
	case source == "":
		t.Fatalf("event %d: %s names no other id", e.Index, e.Event)
	case e.Fault == "reused_id":
		if !merged || g.person(source) == e.DistinctID {
			t.Fatalf("event %d: %q is told to be reused and belongs to nobody else", e.Index, source)
		}
		g.reused++
		return // which the pipeline refuses
	case e.Fault == "merge_out_of_order":
		if g.seen[source] {
			t.Fatalf("event %d: %q is told to be merged early and has events", e.Index, source)
		}
		g.early[source] = true
	case !g.seen[source]:
		t.Fatalf("event %d: %s names %q, which has no earlier event", e.Index, e.Event, source)
	}
	switch {
	case merged:
		t.Fatalf("event %d: %q is merged away twice", e.Index, source)
	case g.person(e.DistinctID) == source:
		t.Fatalf("event %d: %q is merged into itself", e.Index, source)
	}
	if _, chained := g.into[e.DistinctID]; chained {
		g.chains++
	}
	if e.DistinctID == "fan-in" {
		g.fan++
	}
	g.into[source] = e.DistinctID
}

// TestMergesAreCoherent checks random mixes of merges, sessions, crowds and
// faults, in blocks that are short or cut: every merge names an id that has
// earlier events, none is merged away twice, none sends afterwards.
func TestMergesAreCoherent(t *testing.T) {
	t.Parallel()
	base := parse(t, 1000, "  distinct_ids: {count: 500}\n"+tiny)
	rapid.Check(t, func(t *rapid.T) {
		traffic := *base
		weight, share := rapid.Float64Range(0, 1), rapid.Float64Range(0, 0.3)
		traffic.Seed = rapid.Uint64().Draw(t, "seed")
		traffic.DistinctIDs.Skew = rapid.Float64Range(0, 3).Draw(t, "skew")
		traffic.DistinctIDs.Growth = rapid.Float64Range(0, 0.1).Draw(t, "growth")
		traffic.DistinctIDs.Hot = []scenario.HotID{{ID: "hot", Share: rapid.Float64Range(0, 0.1).Draw(t, "hot")}}
		traffic.Visits = scenario.Visits{
			Events:    rapid.Float64Range(1, 9).Draw(t, "visit"),
			Anonymous: rapid.SampledFrom([]float64{0, 0.5, 1}).Draw(t, "anonymous"),
		}
		traffic.Merges = scenario.Merges{Chains: share.Draw(t, "chains"), FanIn: share.Draw(t, "fan in"), Reused: share.Draw(t, "reused")}
		traffic.Faults = scenario.Faults{
			Duplicates: rapid.Float64Range(0, 0.1).Draw(t, "duplicates"), Copies: 0.01,
			EarlyMerges: share.Draw(t, "early"),
			Invalid:     []scenario.InvalidShare{{Kind: scenario.InvalidLongName, Share: 0.01}},
		}
		traffic.Events = []scenario.EventShare{
			{Name: "buy", Weight: 3.1}, {Name: "bill", Weight: 0.5, From: scenario.FromServer},
			{Name: scenario.EventIdentify, Weight: weight.Draw(t, "identify")},
			{Name: scenario.EventCreateAlias, Weight: weight.Draw(t, "alias")},
			{Name: scenario.EventMergeDangerously, Weight: weight.Draw(t, "merge")},
		}
		first := rapid.Int64Range(0, 1).Draw(t, "block") * blockEvents
		total := first + rapid.Int64Range(1, 900).Draw(t, "events")
		m := along(&traffic, total)
		g := newGraph()
		for _, e := range readAll(t, m, first, total) {
			g.add(t, e)
		}
	})
}

// TestMergeShapes counts what merges do besides joining one id to one person.
func TestMergeShapes(t *testing.T) {
	t.Parallel()
	const n = 12_000
	m := along(parse(t, n, `
  distinct_ids: {count: 1G, skew: 0}
  visits: {events: 3}
  merges: {chains: 10%, fan_in: 20%, reused: 5%}
  events: {a: 85, $identify: 15}
  faults: {merges_out_of_order: 4%}
`+tiny), n)
	g := newGraph()
	for _, e := range readAll(t, m, 0, n) {
		g.add(t, e)
	}
	merges := float64(g.merges)
	if !near(merges, n, 0.15) {
		t.Errorf("%v merges of %d events, want 15 %%", merges, n)
	}
	for what, c := range map[string]struct {
		got   int
		share float64
	}{
		"chains": {g.chains, 0.1}, "fan in": {g.fan, 0.2}, "reused": {g.reused, 0.05},
		"early": {len(g.early), 0.04},
	} {
		if !near(float64(c.got), merges, c.share) {
			t.Errorf("%s: %d of %v merges, want %.1f %%", what, c.got, merges, c.share*100)
		}
	}
}

// TestVisits: a session begins anonymous and goes on as the person, its length has
// the mean asked for, and the share that begins anonymous too.
func TestVisits(t *testing.T) {
	t.Parallel()
	const n = 20_000
	m := along(parse(t, n, `
  distinct_ids: {count: 1G, skew: 0}
  visits: {events: 5, anonymous: 40%}
  events: {a: 96, $identify: 4}
`+tiny), n)
	g := newGraph()
	after := map[string]bool{}
	anonymous, returned, ordinary := map[string]bool{}, 0, 0.0
	for _, e := range readAll(t, m, 0, n) {
		g.add(t, e)
		if e.Event == scenario.EventIdentify {
			after[e.DistinctID] = true
			continue
		}
		ordinary++
		if len(e.DistinctID) == 36 { // persons are user_ and 16 digits
			anonymous[e.DistinctID] = true
		} else if after[e.DistinctID] {
			returned++
		}
	}
	// In a crowd of 10^9 nobody comes twice: a person is a session that did not
	// begin anonymous, or one that a merge identified.
	persons := map[string]bool{}
	for id := range g.seen {
		if len(id) != 36 && !after[id] {
			persons[id] = true
		}
	}
	visits := float64(len(anonymous) + len(persons))
	if mean := ordinary / visits; mean < 4.6 || mean > 5.4 {
		t.Errorf("visits have %.2f events, want 5", mean)
	}
	if share := float64(len(anonymous)) / visits; share < 0.37 || share > 0.43 {
		t.Errorf("%.1f %% of the visits begin anonymous, want 40", share*100)
	}
	if returned == 0 {
		t.Error("no visit goes on after its merge")
	}
}
