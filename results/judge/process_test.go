package judge

import (
	"testing"

	"rehearse/results"
)

func TestHighWater(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status string
		want   int64
		ok     bool
	}{
		{"Name:\trehearse\nVmPeak:\t  9000 kB\nVmHWM:\t   1234 kB\nVmRSS:\t 1000 kB\n", 1234 << 10, true},
		{"VmHWM:\t1234 MB\n", 0, false},
		{"VmHWM:\t\n", 0, false},
		{"Name:\trehearse\n", 0, false},
		{"", 0, false},
	} {
		if got, ok := highWater([]byte(c.status)); ok != c.ok || ok && got != c.want {
			t.Errorf("highWater(%q) = %d, %v, want %d, %v", c.status, got, ok, c.want, c.ok)
		}
	}
}

func TestMeasureProcess(t *testing.T) {
	t.Parallel()
	before := measureProcess()
	if before.peak < 1<<20 || before.peak > 1<<40 {
		t.Errorf("a peak of %d bytes", before.peak)
	}
	work := results.NewHistogram()
	for measureProcess().cpu == before.cpu { // until the clock of the system moves
		work.Reset()
	}
	// Linux counts resident pages per CPU and adds them up without a lock: two
	// readings of the high-water mark can differ by some pages either way.
	const slack = 4 << 20
	if after := measureProcess(); after.cpu < before.cpu || after.peak < before.peak-slack {
		t.Errorf("used less than before: %+v, then %+v", before, after)
	}
}
