package recording

import (
	"fmt"
	"math"
	"rehearse/internal/recording/event"
	"time"
)

// disorder tells how the events of one file are out of order, and finds clocks that are
// ahead: by rank, not by distance, because a pause is as long as any wrong clock. The
// event before a pause is followed by later ones; an event whose clock is ahead by
// older ones alone. So an event that the next is older than is kept under suspicion:
// it is ahead if hardly any of those that follow come up to it.
type disorder struct {
	part   int
	file   string
	counts *Counts
	found  *Learned

	events   int64     // that were noted
	start    time.Time // of the first: the others are counted from it, in nanoseconds
	before   moment    // the event before
	earlier  int64     // when the one before that was
	newest   int64     // of those that are not under suspicion
	suspects []suspect
}

// moment is an event, its number counted from 0.
type moment struct {
	at, number, line int64
	time             time.Time
}

// suspect is an event and what followed it.
type suspect struct {
	moment
	previous, next  int64 // when the events on both sides of it were
	older           int64 // the latest of those that followed and are older
	worst           int64 // how much older one was at most
	follow, reached int   // how many followed, and how many of them are as late
}

// How many events a suspect is judged by, how many at least, and the share of them,
// one in so many, that clears it.
const (
	jury      = 100
	leastJury = 3
	clearing  = 10
)

// leastAhead is by how much a clock must be ahead to be told of.
const leastAhead = time.Second

// note takes the next event of the file, and reports whether its clock is known to be
// ahead.
func (d *disorder) note(t time.Time, line int64) (ahead bool) {
	if d.events == 0 {
		d.start, d.newest = t, math.MinInt64
	}
	m := moment{int64(t.Sub(d.start)), d.events, line, t}
	d.events++
	if d.events > 1 {
		d.follow(m.at)
	}
	d.earlier, d.before = d.before.at, m
	return d.found.isAhead(d.part, m.number)
}

// follow takes the time of an event after the first.
func (d *disorder) follow(at int64) {
	if len(d.suspects) > 0 {
		d.meet(at)
	}
	if at >= d.before.at {
		d.newest = max(d.newest, d.before.at)
	} else {
		d.counts.Backward++
		d.suspects = append(d.suspects, suspect{
			moment: d.before, previous: d.earlier, next: at, older: at, worst: d.before.at - at, follow: 1,
		})
	}
	if at < d.newest {
		d.counts.Worst = max(d.counts.Worst, apart(d.newest, at))
	}
}

// apart is how far a time lies behind another; as much as can be told at most.
func apart(late, early int64) time.Duration {
	if by := late - early; by >= 0 {
		return time.Duration(by)
	}
	return math.MaxInt64
}

// meet shows an event to the suspects, and decides on those that have met enough.
func (d *disorder) meet(at int64) {
	left := d.suspects[:0]
	for i := range d.suspects {
		s := &d.suspects[i]
		s.follow++
		if at >= s.at {
			s.reached++
		} else {
			s.worst, s.older = max(s.worst, int64(apart(s.at, at))), max(s.older, at)
		}
		switch {
		case s.reached >= jury/clearing:
			d.accept(s)
		case s.follow >= jury:
			d.judge(s)
		default:
			left = append(left, *s)
		}
	}
	d.suspects = left
}

// judge decides on a suspect that is not cleared.
func (d *disorder) judge(s *suspect) {
	if s.follow < leastJury || s.reached*clearing >= s.follow || apart(s.at, s.older) < leastAhead {
		d.accept(s)
		return
	}
	if s.next >= s.previous { // What follows it is not out of order for that.
		d.counts.Backward--
	}
	by := max(apart(s.at, s.next), apart(s.at, min(s.previous, s.at)))
	d.counts.Ahead.add(by, s.time, event.Place{File: d.file, Line: s.line})
	d.found.markAhead(d.part, s.number)
}

// accept takes the time of an event as it is.
func (d *disorder) accept(s *suspect) {
	d.counts.Worst = max(d.counts.Worst, time.Duration(s.worst))
	d.newest = max(d.newest, s.at)
}

// end judges those that are still under suspicion when the file ends.
func (d *disorder) end() {
	for i := range d.suspects {
		d.judge(&d.suspects[i])
	}
	d.suspects = nil
}

// Ahead is what is told of clocks that are ahead.
type Ahead struct {
	Events int64
	Most   time.Duration // how far the worst is ahead of its neighbours
	At     time.Time     // what it says
	Place  event.Place
}

// add counts an event.
func (a *Ahead) add(by time.Duration, at time.Time, place event.Place) {
	a.Events++
	if by > a.Most {
		a.Most, a.At, a.Place = by, at, place
	}
}

// Note says what was found.
func (a *Ahead) Note() string {
	what := "1 event has a clock"
	if a.Events > 1 {
		what = fmt.Sprintf("%d events have clocks", a.Events)
	}
	return fmt.Sprintf("%s ahead of what follows, by up to %s (%s: %s): "+
		"such an event is sent where it stands and moves no other",
		what, spanText(a.Most), a.Place, a.At.UTC().Format(time.RFC3339))
}
