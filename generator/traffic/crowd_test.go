package traffic

import (
	"testing"
	"time"

	"rehearse/internal/capture"
	"rehearse/internal/rng"
	"rehearse/scenario"
)

// ranksOf counts the events of each distinct_id of a run.
func ranksOf(t *testing.T, m *Model, total int64) map[string]int {
	t.Helper()
	var e capture.Event
	p := Writer{Due: func(int64) time.Duration { return 0 }}
	counts := map[string]int{}
	for i := range total {
		m.Write(&e, i, &p)
		counts[string(e.DistinctID)]++
	}
	return counts
}

// TestListedRanksAreMet: ids come as often as the list says, however flat it is.
// Chance alone would give the busiest of 1,000 ids with 50 events each 73.
func TestListedRanksAreMet(t *testing.T) {
	t.Parallel()
	for name, ranks := range map[string][]scenario.RankGroup{
		"all alike": {{IDs: 1000, Events: 50}},
		"two kinds": {{IDs: 10, Events: 2000}, {IDs: 30_000, Events: 1}},
		"once each": {{IDs: 50_000, Events: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var total int64
			for _, r := range ranks {
				total += r.IDs * int64(r.Events)
			}
			traffic := busy()
			*traffic = scenario.Traffic{
				Seed: 5, DistinctIDs: scenario.Population{Ranks: ranks}, Visits: scenario.Visits{Events: 1},
				Events: []scenario.EventShare{{Name: "a", Weight: 1}}, Timestamps: scenario.Timestamps{Now: true},
			}
			for _, r := range ranks {
				traffic.DistinctIDs.Count += r.IDs
			}
			counts := ranksOf(t, along(traffic, total), total)
			for _, r := range ranks {
				ids := int64(0)
				for _, n := range counts {
					if n == int(r.Events) {
						ids++
					}
				}
				if ids != r.IDs {
					t.Errorf("%d ids have %v events, want %d", ids, r.Events, r.IDs)
				}
			}
		})
	}
}

// TestListedRanksAmongOthers: merges, faults, sessions and hot ids draw from the same
// list, and leave its proportions alone: nobody of 1,000 equal ids is hot.
func TestListedRanksAmongOthers(t *testing.T) {
	t.Parallel()
	const total = 200_000
	traffic := busy()
	traffic.Visits = scenario.Visits{Events: 3}
	traffic.DistinctIDs.Hot = []scenario.HotID{{ID: "hot", Share: 0.1}}
	traffic.DistinctIDs.Ranks, traffic.DistinctIDs.Count = []scenario.RankGroup{{IDs: 1000, Events: 1}}, 1000
	m := along(traffic, total)
	counts := ranksOf(t, m, total)
	if n := counts["hot"]; n != total/10 {
		t.Errorf("the hot id has %d events", n)
	}
	most, all := 0, 0
	for r := range int64(1000) {
		n := counts[string(m.planner.people.appendID(nil, person(r)))]
		most, all = max(most, n), all+n
	}
	if mean := float64(all) / 1000; float64(most) > 3*mean || mean < 20 {
		t.Errorf("the busiest has %d events, %.1f are the mean", most, mean)
	}
}

// TestListedShares: a list knows the share of every rank, and how many different ids
// some of the turns meet.
func TestListedShares(t *testing.T) {
	t.Parallel()
	c := newRankedCrowd(&scenario.Population{Ranks: []scenario.RankGroup{{IDs: 1, Events: 6}, {IDs: 4, Events: 1}}}, 1)
	c.allot(10, 10)
	for rank, want := range []float64{0.6, 0.1, 0.1, 0.1, 0.1} {
		if got := c.share(int64(rank)); got != want {
			t.Errorf("rank %d has a share of %v, want %v", rank, got, want)
		}
	}
	s := rng.NewStream(1, 1)
	counts := [5]float64{}
	for range 100_000 {
		counts[c.draw(&s)]++
	}
	if chi := chiSquare(counts[:], []float64{0.6, 0.1, 0.1, 0.1, 0.1}, 100_000); chi > 30 {
		t.Errorf("drawn %v", counts)
	}
	for n, want := range map[float64]float64{0: 0, 10: 5, 5: 1 - 1.0/64 + 2} {
		if got := c.different(n); got != want {
			t.Errorf("%v turns meet %v different ids, want %v", n, got, want)
		}
	}
}

func BenchmarkListed(b *testing.B) {
	var ranks []scenario.RankGroup
	for n := 200; n > 0; n-- {
		ranks = append(ranks, scenario.RankGroup{IDs: int64(201-n) * 100, Events: float64(n)})
	}
	c := newRankedCrowd(&scenario.Population{Ranks: ranks}, 1)
	c.allot(1e8, 1e8)
	for i := int64(0); b.Loop(); i++ {
		c.listed.rank(i)
	}
}
