package traffic

import (
	"cmp"
	"math"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestTallies: against a map, numbers of persons of the hot list included.
func TestTallies(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var own tallies[int]
		want := map[uint64]int{}
		number := rapid.OneOf(rapid.Uint64Range(0, 50), rapid.Uint64Range(0, math.MaxUint64-1))
		for _, n := range rapid.SliceOfN(number, 0, 3000).Draw(t, "numbers") {
			*own.of(n)++
			want[n]++
		}
		for n := range want {
			if got, known := own.get(n); got != want[n] || !known {
				t.Fatalf("%d has %d (%t), want %d", n, got, known, want[n])
			}
		}
		if unknown := number.Draw(t, "unknown"); want[unknown] == 0 {
			if got, known := own.get(unknown); got != 0 || known {
				t.Fatalf("%d is there, with %d", unknown, got)
			}
		}
		own.each(func(n uint64, times *int) {
			if want[n] != *times {
				t.Fatalf("%d is shown with %d, want %d", n, *times, want[n])
			}
			delete(want, n)
		})
		if own.clear(); len(want) > 0 || own.used != 0 {
			t.Fatalf("%d are not shown", len(want))
		}
	})
}

// TestBusiest: against weighing every person.
func TestBusiest(t *testing.T) {
	t.Parallel()
	m := along(busy(), 40*blockEvents)
	c := m.Census(2, func(i int64) time.Duration { return time.Duration(i) }, 0, nil)
	rapid.Check(t, func(t *rapid.T) {
		most, rest := rapid.Int64Range(1, 6000).Draw(t, "most"), rapid.Float64Range(0, 1e9).Draw(t, "rest")
		events := map[person]float64{}
		c.people.each(func(number uint64, t *personTally) {
			if who := person(number); !who.hot() {
				events[who] = t.events + c.expected(who)*rest
			}
		})
		var all []person
		for r := range min(most, c.ranks) {
			if _, met := events[person(r)]; !met {
				events[person(r)] = c.expected(person(r)) * rest
			}
		}
		for who := range events {
			all = append(all, who)
		}
		slices.SortFunc(all, func(a, b person) int {
			return cmp.Or(cmp.Compare(events[b], events[a]), cmp.Compare(a, b))
		})
		all = all[:min(int64(len(all)), most)]
		if got := c.busiest(most, rest); !slices.Equal(got, all) {
			t.Fatalf("%d are %v\nwant %d, %v", len(got), got, len(all), all)
		}
	})
}
