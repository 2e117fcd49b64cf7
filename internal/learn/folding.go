package learn

import "slices"

// levels are the lengths that rows may be joined to, in seconds.
var levels = [...]int64{1, 2, 4, 12, 60, 300, secondsOfHour}

// fold makes rows of seconds, joined where a row less costs no more of the variance
// than may be.
func (c *clock) fold(h *hour, seconds []uint32) []row {
	f := folding{seconds: seconds, most: h.loss}
	f.bin(0, len(levels)-1)
	if f.lost {
		h.joined, c.lost = true, true
	}
	return slices.Clone(f.rows)
}

// folding is one hour's seconds that become rows.
type folding struct {
	seconds []uint32
	most    float64
	rows    []row
	lost    bool
}

// bin appends the rows of the stretch of a level that begins at a second.
func (f *folding) bin(from int64, level int) {
	if level == 0 {
		f.rows = append(f.rows, row{1, int64(f.seconds[from])})
		return
	}
	if f.isQuiet(from, from+levels[level]) {
		f.rows = append(f.rows, row{levels[level], 0})
		return
	}
	first := len(f.rows)
	for at := from; at < from+levels[level]; at += levels[level-1] {
		f.bin(at, level-1)
	}
	f.join(first, levels[level])
}

// isQuiet reports whether nothing happens from one second to another.
func (f *folding) isQuiet(from, to int64) bool {
	for _, n := range f.seconds[from:to] {
		if n != 0 {
			return false
		}
	}
	return true
}

// join joins the rows from the first on, which are a stretch of so many seconds: all
// of them if that costs little, else neighbours of one rate.
func (f *folding) join(first int, seconds int64) {
	part := f.rows[first:]
	events, squares := int64(0), 0.0
	for _, r := range part {
		events += r.events
		squares += float64(r.events) * float64(r.events) / float64(r.seconds)
	}
	loss := squares - float64(events)*float64(events)/float64(seconds)
	if len(part) > 1 && loss > 0 && loss <= f.most*float64(len(part)-1) {
		f.lost = true
		f.rows = append(f.rows[:first], row{seconds, events})
		return
	}
	kept := part[:1]
	for _, r := range part[1:] {
		if last := &kept[len(kept)-1]; r.events*last.seconds == last.events*r.seconds {
			last.seconds += r.seconds
			last.events += r.events
			continue
		}
		kept = append(kept, r)
	}
	f.rows = f.rows[:first+len(kept)]
}
