package rundir

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"

	"rehearse/results"
	"rehearse/results/runtest"
)

// The standard reader of the library, which knows nothing of this package, comes
// to the same quantiles.
func TestHlogByTheStandardReader(t *testing.T) {
	t.Parallel()
	path := t.TempDir()
	result, err := rehearse(t, path, 2500, runtest.Reason).Close(results.Final{Ended: results.Completed})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(path, LatencyFile))
	if err != nil {
		t.Fatal(err)
	}
	merged := map[string]*hdrhistogram.Histogram{}
	log := hdrhistogram.NewHistogramLogReader(bytes.NewReader(text))
	start := runtest.Manifest(0).StartedAt.UnixMilli()
	for {
		h, err := log.NextIntervalHistogram()
		if err != nil {
			t.Fatal(err)
		}
		if h == nil {
			break
		}
		if offset := h.StartTimeMs() - start; offset%1000 > 1 && offset%1000 < 999 || offset > 2000 {
			t.Errorf("an interval that starts at %d ms", offset)
		}
		if merged[h.Tag()] == nil {
			merged[h.Tag()] = h
			continue
		}
		merged[h.Tag()].Merge(h)
	}
	for tag, want := range map[string]results.Summary{
		"latency": result.Latency,
		"service": result.Service,
		"lag":     result.Lag,
	} {
		h := merged[tag]
		got := [...]float64{
			float64(h.TotalCount()), float64(h.ValueAtPercentile(50)), float64(h.ValueAtPercentile(99)),
			float64(h.ValueAtPercentile(99.9)), float64(h.Max()),
		}
		if want := [...]float64{
			float64(want.Count), want.P50 * 1000, want.P99 * 1000, want.P999 * 1000, want.Max * 1000,
		}; got != want {
			t.Errorf("%s: count, p50, p99, p99.9, max %v, want %v", tag, got, want)
		}
	}
}
