package generator

import (
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"

	"rehearse/internal/schedstat"
)

// probe reads what Linux keeps count of for the thread that made it, which must
// stay locked to it.
type probe struct {
	schedstat *os.File // of the thread; nil: the kernel keeps none
	tasks     string   // a directory of all threads
	waited    map[string]time.Duration
	suspended time.Duration // when read last
}

// newProbe opens what is to be read.
func newProbe() *probe {
	file, err := os.Open("/proc/thread-self/schedstat")
	if err != nil {
		file = nil
	}
	return &probe{schedstat: file, tasks: "/proc/self/task", waited: map[string]time.Duration{}}
}

// longestWait is the longest that any thread of the process could run and did not
// since it was asked for last. The thread of the heartbeat need not wait itself: the
// runtime lets it go on only when a thread with which it shares processors does.
func (p *probe) longestWait() (longest time.Duration) {
	threads, _ := os.ReadDir(p.tasks)
	for _, thread := range threads {
		name := thread.Name()
		text, err := os.ReadFile(filepath.Join(p.tasks, name, "schedstat"))
		if err != nil {
			continue // it has ended
		}
		waited := schedstat.RunDelay(text)
		if before, known := p.waited[name]; known {
			longest = max(longest, waited-before)
		}
		p.waited[name] = waited
	}
	return longest
}

// close closes it.
func (p *probe) close() {
	if p.schedstat != nil {
		p.schedstat.Close()
	}
}

// read takes the counts.
func (p *probe) read() systemCounts {
	p.suspended = suspended(clock, p.suspended)
	c := systemCounts{suspended: p.suspended, used: clock(unix.CLOCK_PROCESS_CPUTIME_ID), unknown: p.schedstat == nil}
	if p.schedstat != nil {
		var text [128]byte
		n, _ := unix.Pread(int(p.schedstat.Fd()), text[:], 0)
		c.waited = schedstat.RunDelay(text[:max(n, 0)])
	}
	return c
}

// suspended is how long the machine has been suspended: what the one clock counts and
// the other does not. They cannot be read at once, so that a reading counts only if
// little time passed meanwhile; else it is as before.
func suspended(clock func(int32) time.Duration, before time.Duration) time.Duration {
	for range 3 {
		first := clock(unix.CLOCK_MONOTONIC)
		all := clock(unix.CLOCK_BOOTTIME)
		if clock(unix.CLOCK_MONOTONIC)-first < time.Millisecond {
			return all - first
		}
	}
	return before
}

// clock reads a clock of the system.
func clock(id int32) time.Duration {
	var t unix.Timespec
	if unix.ClockGettime(id, &t) != nil {
		return 0
	}
	return time.Duration(t.Nano())
}
