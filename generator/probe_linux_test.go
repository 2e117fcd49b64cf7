package generator

import (
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestSuspended: whoever loses the processor between the readings of two clocks does not
// take that for a machine that slept.
func TestSuspended(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		delays []time.Duration // before each reading
		want   time.Duration
	}{
		{"at once", nil, time.Hour},
		{"delayed once", []time.Duration{0, 178 * ms}, time.Hour},
		{"delayed before each", []time.Duration{0, 9 * ms, 9 * ms, 9 * ms, 9 * ms, 9 * ms, 9 * ms, 9 * ms, 9 * ms}, 7 * time.Minute},
	} {
		now := 5 * time.Hour
		read := func(id int32) time.Duration {
			if len(c.delays) > 0 {
				now, c.delays = now+c.delays[0], c.delays[1:]
			}
			if id == unix.CLOCK_BOOTTIME {
				return now + time.Hour
			}
			return now
		}
		if got := suspended(read, 7*time.Minute); (got - c.want).Abs() > ms {
			t.Errorf("%s: suspended for %v, want %v", c.name, got, c.want)
		}
	}
}
