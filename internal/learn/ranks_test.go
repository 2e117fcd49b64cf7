package learn

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestGroups: whatever the counts, groups keep the ids and events, are in order, and
// show the shares of the busiest and of the ids seen once.
func TestGroups(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		count := rapid.OneOf(rapid.Int64Range(1, 5), rapid.Int64Range(1, 200_000))
		counts := rapid.SliceOfN(count, 2, 400).Draw(t, "counts")
		r := newRanking(counts, 1)
		groups := r.groups()
		shown := rounded(groups).sorted()
		ids, events := r.totals()
		shownIDs, shownEvents := shown.totals()
		if ids != shownIDs || math.Abs(float64(events-shownEvents)) > float64(len(groups)) {
			t.Fatalf("%d ids with %d events show as %d with %d", ids, events, shownIDs, shownEvents)
		}
		if !slices.IsSortedFunc(groups, func(a, b RankGroup) int { return int(math.Copysign(1, b.Events-a.Events)) }) {
			t.Fatalf("groups rise: %v", groups)
		}
		if len(groups) > exactCounts+250 {
			t.Fatalf("%d groups", len(groups))
		}
		want, got := r.shares(), shown.shares()
		for _, c := range [][2]float64{{want.Top1, got.Top1}, {want.Top10, got.Top10}, {want.Top100, got.Top100}} {
			if math.Abs(c[0]-c[1]) > 0.04*c[0] {
				t.Fatalf("shares %+v show as %+v", want, got)
			}
		}
		if want.Once != got.Once {
			t.Fatalf("%v ids are seen once, shown as %v", want.Once, got.Once)
		}
	})
}

// TestRankingWithout: who is taken away, and who is added.
func TestRankingWithout(t *testing.T) {
	t.Parallel()
	r := ranking{{9, 1}, {5, 2}, {1, 3}}
	for _, c := range []struct {
		what      string
		got, want ranking
	}{
		{"after none", r.after(0), r},
		{"after two", r.after(2), ranking{{5, 1}, {1, 3}}},
		{"after all", r.after(6), nil},
		{"without two that are quiet", r.withoutQuiet(2), ranking{{9, 1}, {5, 2}, {1, 1}}},
		{"without four", r.withoutQuiet(4), ranking{{9, 1}, {5, 1}}},
		{"without more than there are", r.withoutQuiet(9), ranking{}},
		{"with none", r.with(0), r},
		{"with two", slices.Clone(r).with(2), ranking{{9, 1}, {5, 2}, {1, 5}}},
		{"with the first that are seen once", ranking{{9, 1}}.with(2), ranking{{9, 1}, {1, 2}}},
	} {
		if !slices.Equal(c.got, c.want) {
			t.Errorf("%s: %v, want %v", c.what, c.got, c.want)
		}
	}
	if g := (ranking{}).groups(); !slices.Equal(g, []RankGroup{{1, 1}}) {
		t.Errorf("of nobody: %v", g)
	}
	if g := (ranking{{7, 1}}).groups(); !slices.Equal(g, []RankGroup{{1, 7}}) {
		t.Errorf("of one id: %v", g)
	}
}

// TestSharesOfFew: the busiest hundredth of few ids is one of them, not none.
func TestSharesOfFew(t *testing.T) {
	t.Parallel()
	s := ranking{{6, 1}, {2, 2}}.shares()
	if s.TopPercent != 0.6 || s.TopTenPercent != 0.6 || s.Top1 != 0.6 || s.Top100 != 1 || s.Once != 0 {
		t.Errorf("%+v", s)
	}
	if s := (ranking{{1, 1}}).shares(); s.Once != 1 || s.TopPercent != 1 {
		t.Errorf("of one: %+v", s)
	}
	if s := (ranking{}).skew(); s != 0 {
		t.Errorf("the skew of nobody is %v", s)
	}
	if s := (ranking{{5, 1}}).skew(); s != 0 {
		t.Errorf("the skew of one is %v", s)
	}
	if s := (ranking{{4, 1}, {1, 1}}).skew(); s < 1.9 || s > 2.1 { // 4:1 is 2^-2
		t.Errorf("the skew of two is %v", s)
	}
}
