package traffic

import (
	"math"
	"testing"
)

// TestMeasure holds what Measure says against what the far end counts.
func TestMeasure(t *testing.T) {
	t.Parallel()
	const n, from = 40_000, blockEvents // quotas are exact at the borders of blocks
	m := along(parse(t, n, `
  distinct_ids: {count: 3000, skew: 1, growth: 2%, hot: [{share: 5%}, {id: kiosk, events: 777}]}
  visits: {events: 3}
  events: {a: 90, $identify: 10}
  faults: {duplicates: 1%, merges_out_of_order: 5%, invalid: {illegal_id: 1%}}
`+tiny), n)
	s := m.Measure(from, n, newWriter())
	ids, kinds, faults := map[string]float64{}, map[string]float64{}, map[string]float64{}
	for _, e := range readAll(t, m, from, n) {
		ids[e.DistinctID]++
		kinds[e.Event]++
		faults[e.Fault]++
	}
	const events = n - from
	for _, k := range s.Kinds {
		if k.Measured*events != kinds[k.Name] || math.Abs(k.Plan-k.Measured) > 0.01 {
			t.Errorf("%+v, want %v of %d", k, kinds[k.Name], events)
		}
	}
	for _, h := range s.Hot {
		if math.Round(h.Measured*events) != ids[h.Name] || h.Plan != h.Measured {
			t.Errorf("%+v, want %v of %d", h, ids[h.Name], events)
		}
	}
	for _, f := range s.Faults {
		if f.Measured != faults[f.Name] || math.Abs(f.Plan-f.Measured) > 30 {
			t.Errorf("%+v, want %v", f, faults[f.Name])
		}
	}
	if len(s.Kinds) != 2 || len(s.Hot) != 2 || len(s.Faults) != 3 || s.Joined != 473 || float64(s.Merges) != kinds["$identify"] {
		// 2 % of 40,000 joins, 327 of them in the first block
		t.Errorf("%d kinds, %d hot ids, %d faults, %d joined, %d merges", len(s.Kinds), len(s.Hot), len(s.Faults), s.Joined, s.Merges)
	}
	var planned, measured float64
	for _, r := range s.Ranks {
		planned += r.Plan * float64(r.Last-r.First+1)
		measured += r.Measured * float64(r.Last-r.First+1)
	}
	if s.Ranks[len(s.Ranks)-1].Last != 3000 || math.Abs(planned-measured) > 0.5 {
		t.Errorf("the ranks hold %v events, planned %v", measured, planned)
	}
}

// TestMeasureDelays: what is measured between first events and merges is what was
// asked for, as far as a run of half a minute goes.
func TestMeasureDelays(t *testing.T) {
	t.Parallel()
	const n = 2 * blockEvents
	m := along(parse(t, n, "  events: {a: 95, $identify: 5}\n  merges: {delay: {p50: 1s, p90: 3s}}\n"+tiny), n)
	s := m.Measure(0, n, newWriter())
	if len(s.Delays) != 2 {
		t.Fatalf("%d percentiles", len(s.Delays))
	}
	for i, want := range []Match{{"p50", 1, 1}, {"p90", 3, 3}} {
		got := s.Delays[i]
		if got.Name != want.Name || math.Abs(got.Plan-want.Plan) > 1e-6 || math.Abs(got.Measured/want.Measured-1) > 0.15 {
			t.Errorf("%+v, want %+v within 15 %%", got, want)
		}
	}
}
