package rundir

import (
	"errors"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"rehearse/results"
)

// Our encoding holds what the library's own reader makes of it, count for count,
// and what the library would have written itself.
func TestEncoder(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(3, 4))
	var e encoder
	var d decoder
	for _, n := range []int{0, 1, 2, 1000, 20_000} {
		h := results.NewHistogram()
		for range n {
			h.Record(time.Duration(random.ExpFloat64() * float64(30*time.Millisecond)))
		}
		if n == 2 {
			h.Record(0)
			h.Record(results.Longest)
		}
		text, err := e.encode(h)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeHistogram(string(text))
		if err != nil {
			t.Fatalf("%d values: %v", n, err)
		}
		bars, err := d.decode(string(text))
		if err != nil {
			t.Fatalf("%d values: %v", n, err)
		}
		ours := results.NewHistogram()
		ours.AddBars(bars)
		if !slices.Equal(ours.Buckets(), got.Buckets()) || ours.Max() != got.Max() || ours.Mean() != got.Mean() {
			t.Errorf("%d values: decoded to another histogram than by the library", n)
		}
		if !slices.Equal(got.Buckets(), h.Buckets()) {
			t.Errorf("%d values: the histogram changed on its way", n)
		}
		theirs, err := byLibrary(h).EncodeV2()
		if err != nil {
			t.Fatal(err)
		}
		back, err := decodeHistogram(string(theirs))
		if err != nil || !slices.Equal(back.Buckets(), got.Buckets()) {
			t.Errorf("%d values: ours and theirs differ (%v)", n, err)
		}
	}
}

// decodeHistogram reads a histogram by the library's own reader.
func decodeHistogram(payload string) (*results.Histogram, error) {
	counts, err := hdrhistogram.Decode([]byte(payload))
	if err != nil {
		return nil, err
	}
	snapshot := counts.Export()
	if snapshot.SignificantFigures != 3 || snapshot.LowestTrackableValue != 1 ||
		snapshot.HighestTrackableValue != int64(results.Longest/time.Microsecond) {
		return nil, errors.New("a histogram of another resolution")
	}
	h := results.NewHistogram()
	for i, n := range snapshot.Counts {
		if n > 0 {
			h.AddBars([]results.Bar{results.BarAt(i, n)})
		}
	}
	return h, nil
}

// byLibrary is a histogram of the library that holds the same.
func byLibrary(h *results.Histogram) *hdrhistogram.Histogram {
	theirs := hdrhistogram.New(1, int64(results.Longest/time.Microsecond), 3)
	for i, n := range h.Counts() {
		_ = theirs.RecordValues(int64(results.BarAt(i, n).From/time.Microsecond), n)
	}
	return theirs
}

// The compressor is made once, and takes a third of a megabyte.
func TestEncoderIsSmall(t *testing.T) {
	h := results.NewHistogram()
	for i := range 1000 {
		h.Record(time.Duration(i) * 17 * time.Microsecond)
	}
	var e encoder
	encode := func() {
		if _, err := e.encode(h); err != nil {
			t.Fatal(err)
		}
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	encode()
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > 500<<10 {
		t.Errorf("an encoder takes %d bytes, want at most 500 KiB", got)
	}
	if n := testing.AllocsPerRun(10, encode); n > 1 { // the library's copy of the counts
		t.Errorf("each further histogram allocates %v times", n)
	}
}

func BenchmarkEncoder(b *testing.B) {
	h := results.NewHistogram()
	for i := range 1000 {
		h.Record(time.Duration(i) * 17 * time.Microsecond)
	}
	var e encoder
	b.ReportAllocs()
	for b.Loop() {
		if _, err := e.encode(h); err != nil {
			b.Fatal(err)
		}
	}
}
