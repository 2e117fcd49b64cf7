package generator

import (
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// canPace tells whether there may be pacing threads.
const canPace = true

// ownThread gives the calling goroutine a thread of its own, which ends with it: one that
// wakes up exactly, and before all others where the system permits that (sched(7)).
func ownThread() {
	runtime.LockOSThread()
	unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
	unix.SchedSetAttr(0, &unix.SchedAttr{
		Size: unix.SizeofSchedAttr, Policy: unix.SCHED_FIFO, Flags: unix.SCHED_FLAG_RESET_ON_FORK, Priority: 1,
	}, 0)
}

// sleepBusy sleeps for a time, or less. The runtime takes the thread for busy: else it would
// give its processor to another and take it back, and watch over that. A signal of the
// runtime's ends the sleep, which is how it stops the thread when it must.
func sleepBusy(d time.Duration) {
	t := unix.NsecToTimespec(int64(d))
	_, _, errno := unix.RawSyscall6(unix.SYS_CLOCK_NANOSLEEP, unix.CLOCK_MONOTONIC, 0,
		uintptr(unsafe.Pointer(&t)), 0, 0, 0)
	if errno != 0 && errno != unix.EINTR { // a filter of system calls refuses it
		time.Sleep(d)
	}
}
