package generator

import (
	"time"

	"golang.org/x/sys/unix"
)

// preciseSleep sleeps on the calling thread. The runtime's own timers wait in the network
// poller and wake about half a millisecond late; the kernel wakes a sleeping
// thread within a tenth of that, if asked to be exact: by default it adds up to
// 50 µs of slack to save power. The slack belongs to the thread, and a goroutine
// does not know on which it runs, so that it is set every time.
func preciseSleep(d time.Duration) {
	unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	t := unix.NsecToTimespec(int64(d))
	unix.ClockNanosleep(unix.CLOCK_MONOTONIC, 0, &t, nil)
}
