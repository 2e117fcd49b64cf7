package results

import (
	"slices"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"pgregory.net/rapid"
)

func TestHistogramEdges(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name            string
		record          time.Duration
		max             time.Duration
		count, overflow int64
	}{
		{"negative counts as 0", -time.Second, 0, 1, 0},
		{"under the unit counts as 0", 999 * time.Nanosecond, 0, 1, 0},
		{"the unit", time.Microsecond, time.Microsecond, 1, 0},
		{"the fraction of the unit is cut", 1999 * time.Nanosecond, time.Microsecond, 1, 0},
		{"the longest", Longest, 3600809983 * time.Microsecond, 1, 0}, // the end of its bucket, 0.02 % above
		{"beyond the longest", Longest + 1, 0, 0, 1},
	} {
		h := NewHistogram()
		h.Record(c.record)
		if h.Max() != c.max || h.Count() != c.count || h.Overflow() != c.overflow {
			t.Errorf("%s: max %v, count %d, overflow %d, want %v, %d, %d",
				c.name, h.Max(), h.Count(), h.Overflow(), c.max, c.count, c.overflow)
		}
	}
}

func TestHistogramEmpty(t *testing.T) {
	t.Parallel()
	h := NewHistogram()
	if h.Mean() != 0 || h.Max() != 0 || h.Quantile(0.99) != 0 || h.Count() != 0 {
		t.Errorf("an empty histogram has mean %v, max %v, p99 %v, count %d",
			h.Mean(), h.Max(), h.Quantile(0.99), h.Count())
	}
}

// durations draws what a run may meet: microseconds to minutes.
func durations() *rapid.Generator[[]time.Duration] {
	one := rapid.Map(rapid.Int64Range(0, int64(10*time.Minute/time.Microsecond)), func(us int64) time.Duration {
		return time.Duration(us) * time.Microsecond
	})
	return rapid.SliceOfN(one, 1, 200)
}

// The oracle is the sorted list: the quantile is its value at the rank nearest to
// a share q of its length, to 0.1 %.
func TestHistogramQuantileAgainstSorting(t *testing.T) {
	t.Parallel()
	h := NewHistogram()
	rapid.Check(t, func(t *rapid.T) {
		all := durations().Draw(t, "durations")
		h.Reset()
		for _, d := range all {
			h.Record(d)
		}
		slices.Sort(all)
		for _, percent := range []int{1, 10, 50, 90, 99, 100} {
			want := all[max((percent*len(all)+50)/100, 1)-1] // half a rank rounds up
			got := h.Quantile(float64(percent) / 100)
			if got < want || float64(got) > float64(want)*1.001+float64(time.Microsecond) {
				t.Errorf("p%d of %d durations = %v, want %v", percent, len(all), got, want)
			}
		}
	})
}

func TestHistogramAdd(t *testing.T) {
	t.Parallel()
	a, b, both := NewHistogram(), NewHistogram(), NewHistogram()
	rapid.Check(t, func(t *rapid.T) {
		a.Reset()
		b.Reset()
		both.Reset()
		for _, d := range durations().Draw(t, "a") {
			a.Record(d)
			both.Record(d)
		}
		for _, d := range durations().Draw(t, "b") {
			b.Record(d)
			both.Record(d)
		}
		b.Record(2 * Longest)
		a.Add(b)
		if !slices.Equal(a.Buckets(), both.Buckets()) || a.Count() != both.Count() || a.Overflow() != 1 {
			t.Errorf("the sum has %d durations, p50 %v, overflow %d, want %d, %v, 1",
				a.Count(), a.Quantile(0.5), a.Overflow(), both.Count(), both.Quantile(0.5))
		}
	})
}

// Whichever durations a shard had, and in whatever order shards are merged, the sum is that
// of one histogram of all.
func TestHistogramMergeInAnyOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		shards, all := make([]*Histogram, rapid.IntRange(1, 6).Draw(t, "shards")), NewHistogram()
		for i := range shards {
			shards[i] = NewHistogram()
			for _, d := range append(durations().Draw(t, "durations"), -time.Second, Longest+1) {
				shards[i].Record(d)
				all.Record(d)
			}
		}
		sum := NewHistogram()
		for _, shard := range rapid.Permutation(shards).Draw(t, "order") {
			sum.Add(shard)
		}
		sum.Add(NewHistogram())
		if !slices.Equal(sum.Buckets(), all.Buckets()) || sum.Overflow() != all.Overflow() || sum.Mean() != all.Mean() {
			t.Errorf("merged: %d durations, overflow %d, mean %v, want %d, %d, %v",
				sum.Count(), sum.Overflow(), sum.Mean(), all.Count(), all.Overflow(), all.Mean())
		}
	})
}

// The oracle is one that has room for an hour from the beginning: that a histogram grows
// as it is needed changes no count, and no answer.
func TestHistogramGrows(t *testing.T) {
	t.Parallel()
	h, theirs := NewHistogram(), hdrhistogram.New(1, int64(Longest/unit), 3)
	rapid.Check(t, func(t *rapid.T) {
		h.Reset()
		theirs.Reset()
		for range rapid.IntRange(0, 100).Draw(t, "durations") {
			doubled := rapid.IntRange(0, 31).Draw(t, "doubled")
			us := min(rapid.Int64Range(0, 1<<doubled).Draw(t, "us"), int64(Longest/unit))
			n := rapid.SampledFrom([]int64{1, 1<<32 - 1, 1 << 32, 1<<40 + 1}).Draw(t, "times")
			if n == 1 {
				h.Record(time.Duration(us) * unit)
			} else {
				h.AddBars([]Bar{{time.Duration(us) * unit, n}})
			}
			_ = theirs.RecordValues(us, n)
		}
		counts := make([]int64, len(theirs.Export().Counts))
		for bucket, n := range h.Counts() {
			counts[bucket] = n
		}
		if !slices.Equal(counts, theirs.Export().Counts) {
			t.Fatal("other counts than with room for all")
		}
		q := rapid.Float64Range(0, 1).Draw(t, "q")
		for _, q := range []float64{q, 0, 0.5, 0.9, 0.99, 0.999, 1} {
			if got, want := h.Quantile(q), time.Duration(theirs.ValueAtQuantile(q*100))*unit; got != want {
				t.Errorf("quantile %v = %v, want %v", q, got, want)
			}
		}
		if got, want := h.Mean(), time.Duration(theirs.Mean()*float64(unit)); got != want {
			t.Errorf("mean %v, want %v", got, want)
		}
		if got, want := h.Max(), time.Duration(theirs.Max())*unit; got != want || h.Count() != theirs.TotalCount() {
			t.Errorf("max %v of %d, want %v of %d", got, h.Count(), want, theirs.TotalCount())
		}
	})
}

// A histogram takes memory for its longest duration, and not for an hour; one that is
// empty takes none.
func TestHistogramMemory(t *testing.T) {
	t.Parallel()
	if NewHistogram().counts != nil {
		t.Error("an empty one takes memory")
	}
	for longest, want := range map[time.Duration]int{0: 40 << 10, 16 * time.Millisecond: 40 << 10, time.Second: 88 << 10, Longest: 184 << 10} {
		h := NewHistogram()
		h.Record(longest)
		if got := 8 * len(h.counts.Export().Counts); got != want {
			t.Errorf("up to %v: %d bytes, want %d", longest, got, want)
		}
	}
}

func TestHistogramRecordDoesNotAllocate(t *testing.T) {
	h := NewHistogram()
	h.Record(time.Second)
	if n := testing.AllocsPerRun(100, func() { h.Record(time.Millisecond); h.Record(2 * Longest) }); n != 0 {
		t.Errorf("Record allocates %v times", n)
	}
}

func BenchmarkHistogramRecord(b *testing.B) {
	h := NewHistogram()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		h.Record(time.Duration(i&0xfffff) * time.Microsecond)
	}
}
