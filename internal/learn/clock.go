package learn

import (
	"cmp"
	"math"
	"slices"
)

// An hour of the clock, in seconds.
const secondsOfHour = 3600

// clock counts events by the second, hour by hour of the clock, whatever order they
// come in. Hours that were touched last are open, with a count for each second; the
// others are closed to rows of seconds with about one rate. As long as there is room,
// a row's seconds have the same count and nothing is lost. Beyond that rows are joined
// where that costs the least of the variance, so that bursts keep their seconds.
type clock struct {
	hours map[int64]*hour // by their number since 1970
	last  *hour           // that had the latest event
	open  []*hour
	spare [][]uint32
	tick  int64
	rows  int     // of the closed hours
	loss  float64 // of variance, that a row less may cost where rows are too many
	lost  bool    // something was
	moved int64   // events of hours beyond the bound, counted in another
	most  bounds
}

// bounds bound the memory.
type bounds struct{ hours, open, rows int }

// clockBounds are some 20 MB: fifteen years of hours, and rows for three days of
// seconds that all differ. A scenario may follow a million.
func clockBounds() bounds { return bounds{1 << 17, 256, 250_000} }

// hour is an hour of the clock.
type hour struct {
	number  int64
	seconds []uint32 // while it is open
	rows    []row    // while it is closed
	known   known    // before rows that differ were joined
	joined  bool     // they were
	late    bool     // and events came after that
	loss    float64  // of variance, that a row less may cost
	used    int64
}

// row is a number of seconds with so many events, evenly.
type row struct {
	seconds int64
	events  int64
}

// known is what the seconds of an hour tell.
type known struct {
	windows [len(windows)]spread
}

// windows are how long the stretches are whose counts are compared, in seconds.
var windows = [...]int64{1, 60, 300}

// spread is how unevenly events fall on windows: sums over those that have any.
type spread struct {
	filled   int64
	squares  float64
	most, at int64 // the fullest, and where in the hour it begins
}

// newClock returns an empty count.
func newClock(most bounds) *clock { return &clock{hours: map[int64]*hour{}, most: most} }

// add counts one event at a second since 1970.
func (c *clock) add(second int64) {
	number := floorDiv(second, secondsOfHour)
	h := c.last
	if h == nil || h.number != number || h.seconds == nil {
		h = c.hour(number)
	}
	at := second - number*secondsOfHour
	h.late = h.late || h.joined
	if h.seconds[at] != math.MaxUint32 {
		h.seconds[at]++
	}
}

// floorDiv divides, downwards.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// hour opens an hour.
func (c *clock) hour(number int64) *hour {
	h := c.hours[number]
	switch {
	case h == nil && len(c.hours) >= c.most.hours:
		h = c.last
		c.moved++
	case h == nil:
		h = &hour{number: number, rows: []row{{secondsOfHour, 0}}}
		c.hours[number] = h
		c.rows++
	}
	if h.seconds == nil {
		c.unfold(h)
	}
	c.tick++
	h.used, c.last = c.tick, h
	return h
}

// unfold opens an hour that is closed, and closes another if too many are open.
func (c *clock) unfold(h *hour) {
	if len(c.open) >= c.most.open {
		oldest := 0
		for i, o := range c.open {
			if o.used < c.open[oldest].used {
				oldest = i
			}
		}
		c.close(c.open[oldest])
		c.open = slices.Delete(c.open, oldest, oldest+1)
	}
	if n := len(c.spare); n > 0 {
		h.seconds, c.spare = c.spare[n-1], c.spare[:n-1]
	} else {
		h.seconds = make([]uint32, secondsOfHour)
	}
	spell(h.rows, h.seconds)
	c.rows -= len(h.rows)
	h.rows = nil
	c.open = append(c.open, h)
}

// spell writes rows out as seconds.
func spell(rows []row, seconds []uint32) {
	at := int64(0)
	for _, r := range rows {
		if r.events == 0 {
			clear(seconds[at : at+r.seconds])
			at += r.seconds
			continue
		}
		for k := range r.seconds {
			seconds[at] = uint32(min(r.share(k), math.MaxUint32))
			at++
		}
	}
}

// share is how many events second k of the row has, in whole ones.
func (r row) share(k int64) int64 { return r.events*(k+1)/r.seconds - r.events*k/r.seconds }

// close turns the seconds of an hour into rows.
func (c *clock) close(h *hour) {
	if !h.joined {
		h.known = knownOf(h.seconds)
	}
	h.rows = c.fold(h, h.seconds)
	c.rows += len(h.rows)
	clear(h.seconds)
	h.seconds, c.spare = nil, append(c.spare, h.seconds)
	c.shrink()
}

// closeAll closes what is open.
func (c *clock) closeAll() {
	for _, h := range c.open {
		c.close(h)
	}
	c.open = nil
}

// shrink joins rows until there are no more than may be, first in the hours that lost
// the least so far.
func (c *clock) shrink() {
	if c.rows <= c.most.rows {
		return
	}
	hours := c.closed()
	slices.SortStableFunc(hours, func(a, b *hour) int { return cmp.Compare(a.loss, b.loss) })
	seconds := make([]uint32, secondsOfHour)
	for enough := c.most.rows - c.most.rows/8; ; c.loss = max(1.25*c.loss, 0.25) {
		for _, h := range hours {
			if c.rows <= enough {
				return
			}
			if h.loss < c.loss && len(h.rows) > 1 {
				h.loss = c.loss
				spell(h.rows, seconds)
				c.rows -= len(h.rows)
				h.rows = c.fold(h, seconds)
				c.rows += len(h.rows)
			}
		}
		if c.rows <= len(hours) || c.loss > mostLoss {
			return // a row an hour: the hours are bounded
		}
	}
}

// mostLoss is more than any hour has to lose.
const mostLoss = 1e24

// closed returns the hours that are closed, in the order of time.
func (c *clock) closed() []*hour {
	all := make([]*hour, 0, len(c.hours))
	for _, h := range c.hours {
		if h.seconds == nil {
			all = append(all, h)
		}
	}
	slices.SortFunc(all, func(a, b *hour) int { return cmp.Compare(a.number, b.number) })
	return all
}

// knownOf tells what seconds tell. Most of them are often empty.
func knownOf(seconds []uint32) (k known) {
	var sums [len(windows)]int64
	var ends [len(windows)]int
	for at, n := range seconds {
		if n == 0 {
			continue
		}
		for w, long := range windows {
			if at >= ends[w] {
				k.windows[w].add(sums[w], int64(ends[w])-long)
				sums[w], ends[w] = 0, at-at%int(long)+int(long)
			}
			sums[w] += int64(n)
		}
	}
	for w, long := range windows {
		k.windows[w].add(sums[w], int64(ends[w])-long)
	}
	return k
}

// add counts a window, if it has events.
func (s *spread) add(events, at int64) {
	if events == 0 {
		return
	}
	s.filled++
	s.squares += float64(events) * float64(events)
	if events > s.most {
		s.most, s.at = events, at
	}
}

// inOrder returns the hours in the order of time, all of them closed.
func (c *clock) inOrder() []*hour {
	c.closeAll()
	return c.closed()
}

// within is what the seconds from the one to the other tell of a closed hour.
func (h *hour) within(from, to int64) known {
	if h.joined {
		return h.known
	}
	seconds := make([]uint32, secondsOfHour)
	spell(h.rows, seconds)
	begin := h.number * secondsOfHour
	clear(seconds[:min(max(from-begin, 0), secondsOfHour)])
	clear(seconds[min(max(to+1-begin, 0), secondsOfHour):])
	return knownOf(seconds)
}

// events is how many a closed hour has.
func (h *hour) events() (all int64) {
	for _, r := range h.rows {
		all += r.events
	}
	return all
}
