package generator

import (
	"context"
	"time"
)

// Pacer owns the clock of a run: it says what time it is and holds its caller
// until a batch is due. It decides nothing else. Every wait is for an absolute
// time since one start, so no lateness is ever carried over.
type Pacer struct {
	start time.Time
	nap   func(time.Duration) // sleeps; the finer, the better
}

// fine is how long before the due time the coarse, interruptible sleep ends and
// the fine one begins: more than the runtime's timers are usually late.
const fine = 3 * time.Millisecond

// Now is the time since the start of the run.
func (p *Pacer) Now() time.Duration { return time.Since(p.start) }

// Wait returns at due, or at once when due has passed; false means that ctx
// ended first.
func (p *Pacer) Wait(ctx context.Context, due time.Duration, timer *time.Timer) bool {
	ahead := due - p.Now()
	if ahead > 2*fine {
		timer.Reset(ahead - fine)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return false
		}
	}
	for ahead = due - p.Now(); ahead > 0; ahead = due - p.Now() {
		p.nap(ahead)
	}
	return ctx.Err() == nil
}
