package learn

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"rehearse/internal/recording"
	"rehearse/internal/recording/event"
	"rehearse/internal/rng"
)

// TestSkewAgainstSums: the exponent agrees with a fit that sums every rank.
func TestSkewAgainstSums(t *testing.T) {
	t.Parallel()
	for _, want := range []float64{0.3, 0.7, 1, 1.4} {
		const count = 5000
		counts := make([]int64, count)
		for i := range counts {
			counts[i] = int64(math.Round(1e7 * math.Pow(float64(i+1), -want)))
		}
		r := newRanking(counts, 1)
		if got := r.skew(); math.Abs(got-want) > 0.002 {
			t.Errorf("the skew of a law of %v is %v", want, got)
		}
		var weight, logs float64
		for k := 1.0; k <= count; k++ {
			weight += math.Pow(k, -want)
			logs += math.Pow(k, -want) * math.Log(k)
		}
		if got := meanLogRank(want, count); math.Abs(got-logs/weight) > 1e-6 {
			t.Errorf("skew %v: mean log rank %v, summed up %v", want, got, logs/weight)
		}
	}
}

// TestRanking: runs say the same as the counts one by one.
func TestRanking(t *testing.T) {
	t.Parallel()
	r := newRanking([]int64{1, 7, 3, 1, 3, 1}, 1)
	if want := (ranking{{7, 1}, {3, 2}, {1, 3}}); !slices.Equal(r, want) {
		t.Fatalf("ranking %v, want %v", r, want)
	}
	ids, events := r.totals()
	// 7·ln1 + 3·ln2 + 3·ln3 + ln4 + ln5 + ln6
	logs := 3*math.Log(2) + 3*math.Log(3) + math.Log(4) + math.Log(5) + math.Log(6)
	if ids != 6 || events != 16 || r.sum(2) != 10 || r.sum(99) != 16 || math.Abs(r.sumLogRanks()-logs) > 1e-9 {
		t.Errorf("%d ids, %d events, two busiest %d, %v", ids, events, r.sum(2), r.sumLogRanks())
	}
}

// TestBoundedIDs: a table that is much smaller than the number of ids still knows the
// busiest exactly, about how many ids there are, and the skew.
func TestBoundedIDs(t *testing.T) {
	t.Parallel()
	const count, events = 30_000, 250_000
	exact, bounded := newIDs(mostSlots), newIDs(1<<13)
	zipf := rand.NewZipf(rand.New(rand.NewPCG(1, 2)), 1.1, 1, count-1)
	for i := range events {
		hash := hashID(fmt.Appendf(nil, "user-%d", zipf.Uint64()))
		exact.add(hash, uint32(i))
		bounded.add(hash, uint32(i))
	}
	a, b := exact.ranking(), bounded.ranking()
	if bounded.level == 0 || len(bounded.slots) != 1<<13 {
		t.Fatalf("level %d with %d slots: the bound was not put to the test", bounded.level, len(bounded.slots))
	}
	if !slices.Equal(a.top(20), b.top(20)) {
		t.Errorf("the busiest are %v, want %v", b.top(20), a.top(20))
	}
	idsA, eventsA := a.totals()
	idsB, eventsB := b.totals()
	if math.Abs(float64(idsB)/float64(idsA)-1) > 0.05 || math.Abs(float64(eventsB)/float64(eventsA)-1) > 0.05 {
		t.Errorf("%d ids with %d events, want %d with %d within 5 %%", idsB, eventsB, idsA, eventsA)
	}
	if s := exact.sampling(); s.OneIn != 1 || s.ExactRanks != idsA || s.IDsError != 0 {
		t.Errorf("all were counted, but %+v", s)
	}
	s := bounded.sampling()
	if s.OneIn != 1<<bounded.level || s.ExactRanks < 20 || math.Abs(float64(idsB-idsA)) > s.IDsError*float64(idsB) ||
		s.IDsError > 0.05 {
		t.Errorf("%d ids, want %d within %+v", idsB, idsA, s)
	}
	if n := int(s.ExactRanks); !slices.Equal(a.top(n), b.top(n)) {
		t.Errorf("the first %d ranks are not exact", n)
	}
	if math.Abs(a.skew()-b.skew()) > 0.05 {
		t.Errorf("skew %v, want %v", b.skew(), a.skew())
	}
}

// TestQuantiles: nearest rank, exact for small values.
func TestQuantiles(t *testing.T) {
	t.Parallel()
	var q tally
	for v := 1; v <= 1000; v++ {
		q.add(float64(v))
	}
	q.add(1e6)
	if q.quantile(0.5) != 501 || q.quantile(0.99) != 991 || q.quantile(1) != 1e6 || q.quantile(0.0001) != 1 {
		t.Errorf("%v %v %v", q.quantile(0.5), q.quantile(0.99), q.quantile(1))
	}
	var empty tally
	if empty.quantile(0.5) != 0 || empty.mean() != 0 {
		t.Error("quantiles of nothing")
	}
}

// TestSegmentsAndSeries: a long pause is left out, and the series adds up.
func TestSegmentsAndSeries(t *testing.T) {
	t.Parallel()
	o := NewObserver(time.Hour)
	start := time.Unix(1767225600, 0)
	e := &event.Event{Name: []byte("a"), DistinctID: []byte("x"), Properties: []byte("{}")}
	at := func(seconds ...int) {
		for _, s := range seconds {
			e.Time = start.Add(time.Duration(s) * time.Second)
			e.UUID[0]++
			o.Add(e)
		}
	}
	at(0, 1, 1, 5, 4)          // six seconds
	at(86400, 86400, 86402)    // three, a day later
	at(86400+3600, 86401+3600) // within the hour of the last: the same segment
	p, err := o.Profile(&recording.Counts{})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Segments) != 2 || p.Segments[0].Seconds != 6 || p.Segments[1].Seconds != 3602 ||
		p.Segments[0].PeakSecond != 2 || p.Segments[0].PeakMinute != 5 {
		t.Errorf("%+v", p.Segments)
	}
	sum := int64(0)
	for _, n := range p.rates {
		sum += n
	}
	// 3608 seconds in rows of 2, each segment in rows of its own
	if sum != 10 || p.width != 2*time.Second || len(p.rates) != 3+1801 || p.rates[0] != 3 || p.rates[3] != 2 {
		t.Errorf("%d rows of %v with %d events: %v", len(p.rates), p.width, sum, p.rates[:5])
	}
	if p.Duplicates != 0 {
		t.Errorf("%d duplicates", p.Duplicates)
	}
	o.Add(e)
	if p, _ := o.Profile(&recording.Counts{}); p.Duplicates != 1 {
		t.Errorf("%d duplicates, want 1", p.Duplicates)
	}
}

// TestWrongClock: one event that is thousands of years off leaves a profile that can be
// read, whether pauses are left out or not.
func TestWrongClock(t *testing.T) {
	t.Parallel()
	for _, gap := range []time.Duration{time.Hour, math.MaxInt64} {
		o := NewObserver(gap)
		for _, year := range []int{2025, 2025, 9999, 1969, 2025} {
			e := &event.Event{Name: []byte("a"), DistinctID: []byte("x"), Properties: []byte("{}"),
				Time: time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC)}
			o.Add(e)
		}
		p, err := o.Profile(&recording.Counts{Worst: math.MaxInt64})
		if err != nil {
			t.Fatal(err)
		}
		sum := int64(0)
		for _, n := range p.rates {
			sum += n
		}
		if sum != 5 || p.Seconds <= 0 || span(p.Pause) != "more than 290 years" || len(p.rates) > 40_000 {
			t.Errorf("gap %v: %d events in %d rows, %v s, pause %v", gap, sum, len(p.rates), p.Seconds, span(p.Pause))
		}
	}
}

// BenchmarkObserver profiles events of about a kilobyte.
func BenchmarkObserver(b *testing.B) {
	e := &event.Event{Name: []byte("$pageview"), Properties: make([]byte, 1000)}
	copy(e.Properties, "{}")
	o, s := NewObserver(time.Hour), rng.NewStream(1, 1)
	b.SetBytes(1000)
	for i := 0; b.Loop(); i++ {
		e.DistinctID = fmt.Appendf(e.DistinctID[:0], "user-%d", s.Below(1_000_000))
		e.Time = time.Unix(int64(i/1000), 0)
		o.Add(e)
	}
}
