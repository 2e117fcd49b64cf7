// Package schedstat reads what Linux counts of a thread's waiting for a processor. Both
// need it: who generates load, of the thread that keeps time, and who judges a run, of
// all threads.
package schedstat

import (
	"bytes"
	"strconv"
	"time"
)

// RunDelay is how long a thread was runnable but did not run, from the text of its
// schedstat: the second number, in nanoseconds (Documentation/scheduler/sched-stats.rst).
// It is 0 if that is none.
func RunDelay(text []byte) time.Duration {
	fields := bytes.Fields(text)
	if len(fields) != 3 {
		return 0
	}
	n, _ := strconv.ParseInt(string(fields[1]), 10, 64)
	return time.Duration(n)
}
