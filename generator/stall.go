package generator

import (
	"runtime"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"

	"rehearse/results"
)

// The heartbeat of a run. What comes more than stallAfter late was kept from
// running: by less than that a busy machine delays anyone now and then.
const (
	beatEvery  = 10 * time.Millisecond
	stallAfter = 10 * time.Millisecond
)

// recovery is for how many times its length a stall may go on to delay requests: an
// endpoint that is 80 % busy takes 0.8 / (1 - 0.8) = 4 times as long to work off
// what came late.
const recovery = 4

// rememberedStalls is how many stalls requests are held against; older ones are
// forgotten.
const rememberedStalls = 256

// stalls knows when the generator itself stood still. A heartbeat on a thread of its
// own sees that it did not run: stopped, suspended, or without a processor. Everybody
// may ask, without a lock; one goroutine beats.
type stalls struct {
	pacer  *pacer
	sleep  func(time.Duration)             // need not be exact
	probes bool                            // the operating system is asked for causes: virtual time has none
	beat   atomic.Int64                    // when the heartbeat last beat
	shadow atomic.Int64                    // what is due from here on owes nothing to a stall that is over
	seen   atomic.Pointer[[]results.Stall] // the last of them, in order

	mu    sync.Mutex // guards fresh
	fresh []results.Stall
}

// newStalls returns what knows of no stall.
func newStalls(p *pacer) *stalls {
	s := &stalls{pacer: p, sleep: time.Sleep}
	s.seen.Store(&[]results.Stall{})
	now := int64(p.Now())
	s.beat.Store(now)
	s.shadow.Store(now)
	return s
}

// begin begins to watch; end, which may be called again, returns when that has ended.
func (s *stalls) begin() (end func()) {
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		s.watch(done)
	}()
	return sync.OnceFunc(func() {
		close(done)
		<-ended
	})
}

// silent says whether the last beat is too long ago.
func (s *stalls) silent(now time.Duration) bool {
	return now-time.Duration(s.beat.Load()) > beatEvery+stallAfter
}

// watch beats until done is closed. The thread is its own, so that what delays the
// thread is the operating system, which keeps count of it.
func (s *stalls) watch(done <-chan struct{}) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	probe := &probe{}
	if s.probes {
		probe = newProbe()
	}
	defer probe.close()
	last, before, paused := s.pacer.Now(), probe.read(), longPauses()
	for beats := 0; ; beats++ {
		select {
		case <-done:
			return
		default:
		}
		if beats%waitsEvery == 0 {
			probe.longestWait()
		}
		s.sleep(beatEvery)
		now, after := s.pacer.Now(), probe.read()
		e := after.since(&before)
		if e.gap = now - last; e.gap > beatEvery+stallAfter || e.asleep > 0 {
			e.waited = max(e.waited, probe.longestWait())
			e.paused, paused = longPauses()-paused, longPauses()
			s.add(results.Stall{From: last, To: now, Asleep: e.asleep, Cause: e.cause()})
		}
		s.beat.Store(int64(now)) // after the stall is known: see owed
		last, before = now, after
	}
}

// waitsEvery is after how many beats the waits of all threads are read, so that
// older ones are not taken for those in a stall.
const waitsEvery = 10

// add notes a stall. What was before the start is no part of the run.
func (s *stalls) add(stall results.Stall) {
	if stall.To <= 0 {
		return
	}
	stall.From = max(stall.From, 0)
	seen := *s.seen.Load()
	seen = append(seen[max(0, len(seen)-rememberedStalls+1):len(seen):len(seen)], stall)
	s.seen.Store(&seen)
	s.shadow.Store(max(s.shadow.Load(), int64(stall.To+recovery*(stall.To-stall.From))))
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fresh = append(s.fresh, stall)
}

// news appends to dst the stalls that nobody was told of.
func (s *stalls) news(dst []results.Stall) []results.Stall {
	s.mu.Lock()
	defer s.mu.Unlock()
	dst = append(dst, s.fresh...)
	s.fresh = s.fresh[:0]
	return dst
}

// owed is how much of the time between due and done the generator's own stalls may
// be, at most. In a queue that serves in order, nobody's wait grows by more than the
// time for which all were kept from coming; so a request that was in flight in a
// stall, or due before its effects were over, owes up to its whole length to it.
//
// Of a stall that has just ended the heartbeat may not know yet: then its last beat is
// too long ago. Nil stalls see none.
func (s *stalls) owed(due, done time.Duration) time.Duration {
	if s == nil {
		return 0
	}
	beat := time.Duration(s.beat.Load())
	silent := done-beat > beatEvery+stallAfter
	if due >= time.Duration(s.shadow.Load()) && !silent {
		return 0
	}
	var owed time.Duration
	known := beat
	for _, stall := range *s.seen.Load() {
		length := stall.To - stall.From
		if stall.From < done && due < stall.To+recovery*length {
			owed += length + stall.Asleep
		}
		known = max(known, stall.To)
	}
	if silent && done > known {
		owed += done - known
	}
	return min(owed, done-due)
}

// within is how much of the time between from and to the generator stood still. Nil
// stalls see none.
func (s *stalls) within(from, to time.Duration) (sum time.Duration) {
	if s == nil {
		return 0
	}
	known := time.Duration(s.beat.Load())
	seen := *s.seen.Load()
	for i := len(seen) - 1; i >= 0 && seen[i].To > from; i-- {
		sum += max(min(seen[i].To, to)-max(seen[i].From, from), 0)
		known = max(known, seen[i].To)
	}
	if to-known > beatEvery+stallAfter {
		sum += to - max(known, from)
	}
	return sum
}

// systemCounts are what the operating system has counted at one moment.
type systemCounts struct {
	suspended time.Duration // of the machine
	waited    time.Duration // for which the thread of the heartbeat could run and did not
	used      time.Duration // processor time of the whole process
	unknown   bool          // the system does not tell
}

// since is what was counted after the counts before.
func (c *systemCounts) since(before *systemCounts) stallEvidence {
	e := stallEvidence{waited: c.waited - before.waited, used: c.used - before.used, unknown: c.unknown}
	if asleep := c.suspended - before.suspended; asleep > stallAfter { // less is between the reading of two clocks
		e.asleep = asleep
	}
	return e
}

// stallEvidence is what is known of the time between two beats.
type stallEvidence struct {
	gap     time.Duration // by the clock of the run
	asleep  time.Duration // how much longer the machine was suspended
	waited  time.Duration // for which a thread could run and did not
	used    time.Duration // processor time of the whole process
	paused  time.Duration // by the garbage collector
	unknown bool          // the operating system does not tell
}

// longPauses adds up the stops by the garbage collector since the process began that
// were long enough to be stalls, each as the lower end of its bucket.
func longPauses() (sum time.Duration) {
	sample := []metrics.Sample{{Name: "/sched/pauses/total/gc:seconds"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindFloat64Histogram {
		return 0
	}
	h := sample[0].Value.Float64Histogram()
	for i, n := range h.Counts {
		if from := time.Duration(h.Buckets[i] * float64(time.Second)); n > 0 && from >= stallAfter/2 {
			sum += time.Duration(n) * from
		}
	}
	return sum
}

// cause is what kept the heartbeat from beating: what explains half of it.
func (e *stallEvidence) cause() results.StallCause {
	switch half := e.gap / 2; {
	case e.unknown:
		return results.StallUnknown
	case e.asleep > 0:
		return results.StallSuspended
	case e.paused >= half:
		return results.StallCollected
	case e.waited >= half:
		return results.StallStarved
	case e.used >= half:
		return results.StallBusy
	}
	return results.StallStopped
}
