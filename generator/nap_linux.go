package generator

import (
	"time"

	"golang.org/x/sys/unix"
)

// nap sleeps on the calling thread. The runtime's own timers wait in the network
// poller and wake about half a millisecond late; the kernel wakes a sleeping
// thread within a tenth of that.
func nap(d time.Duration) {
	t := unix.NsecToTimespec(int64(d))
	unix.ClockNanosleep(unix.CLOCK_MONOTONIC, 0, &t, nil)
}
