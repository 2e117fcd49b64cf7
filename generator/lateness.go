package generator

import (
	"slices"
	"time"

	"rehearse/results"
)

// delay is a time by what it was spent with.
type delay [results.LateCauses]time.Duration

// cause is the one that most of it has; of two, the one that is our own.
func (d *delay) cause() results.LateCause {
	most := results.LatePace
	for _, c := range []results.LateCause{results.LateStall, results.LateBuild, results.NoConnection, results.Held} {
		if d[c] > d[most] {
			most = c
		}
	}
	return most
}

// minus is the difference of two.
func (d delay) minus(other delay) delay {
	for c := range d {
		d[c] -= other[c]
	}
	return d
}

// lane is what is known of a queue that is behind its schedule: who holds its pacing token
// writes. What the queue does at a time delays every batch that is due by then alike.
// So it is enough to remember what its time was spent with, up to some moments: a
// batch is late by what was spent since its due time.
type lane struct {
	passed time.Duration // when the pacing token was handed on last
	spent  delay         // up to then, since the queue fell behind
	marks  []spending    // the same up to earlier moments, in order; none: it is not behind
}

// spending is what a lane had spent its time with up to a moment.
type spending struct {
	at    time.Duration
	spent delay
}

// maxSpendings is how many marks a lane keeps: of more, it forgets every other one.
const maxSpendings = 256

// add notes what was spent up to a moment.
func (l *lane) add(at time.Duration, spent delay) {
	if len(l.marks) == maxSpendings {
		for i := range maxSpendings / 2 {
			l.marks[i] = l.marks[2*i]
		}
		l.marks = l.marks[:maxSpendings/2]
	}
	l.marks = append(l.marks, spending{at, spent})
}

// since is what was spent since a batch was due; the next one is due no earlier. In
// between two marks time is taken to be spent evenly. What lies before the first is
// nobody's but our own.
func (l *lane) since(due time.Duration) delay {
	past := 0
	for past+1 < len(l.marks) && l.marks[past+1].at <= due {
		past++
	}
	l.marks = slices.Delete(l.marks, 0, past)
	from := l.marks[0]
	behind := l.spent.minus(from.spent)
	if due <= from.at {
		behind[results.LatePace] += from.at - due
		return behind
	}
	if len(l.marks) > 1 {
		to := l.marks[1]
		share := float64(due-from.at) / float64(to.at-from.at)
		for c := range behind {
			behind[c] -= time.Duration(share * float64(to.spent[c]-from.spent[c]))
		}
	}
	return behind
}

// trail follows a batch from its due time to when it is sent: whatever happens next
// accounts for the time up to its end.
type trail struct {
	delay
	at     time.Duration // so far
	stalls *stalls
}

// until says what the time up to a moment was spent with, but for stalls. What is
// accounted for already counts once.
func (t *trail) until(moment time.Duration, with results.LateCause) {
	if moment <= t.at {
		return
	}
	stalled := t.stalls.within(t.at, moment)
	t.delay[results.LateStall] += stalled
	t.delay[with] += moment - t.at - stalled
	t.at = moment
}

// punctual is how late a batch may be taken from its queue without being followed.
const punctual = time.Millisecond

// follow begins the trail of a batch that the holder of the pacing token, free since a time,
// took up when he got it and may send since woke: it is late if its body was not
// built in time, if nobody was free to take it, if the one before it was late, or if
// the holder did not run when he could.
func (s *sender) follow(l *lane, b *job, got, woke time.Duration) {
	if woke-b.Due <= punctual {
		l.passed, l.spent, l.marks = woke, delay{}, l.marks[:0]
		s.trail = trail{at: max(b.Due, woke), stalls: s.stalls}
		return
	}
	if l.passed < b.Due {
		l.passed, l.spent, l.marks = b.Due, delay{}, l.marks[:0]
	}
	if len(l.marks) == 0 {
		l.add(l.passed, l.spent)
	}
	s.trail = trail{delay: l.spent, at: l.passed, stalls: s.stalls}
	s.trail.until(s.since, s.busy(s.trail.at))
	s.trail.until(got, results.LatePace)
	s.trail.until(b.blocked, s.busy(s.trail.at))
	s.trail.until(b.built, results.LateBuild)
	s.trail.until(woke, results.LatePace)
	l.passed, l.spent = woke, s.trail.delay
	l.add(woke, l.spent)
	s.trail.delay = l.since(b.Due)
}

// busy is why senders were not free at a time: they waited for answers, or at the
// limiter.
func (s *sender) busy(at time.Duration) results.LateCause {
	if s.limiter.heldAfter(at) {
		return results.Held
	}
	return results.NoConnection
}
