package verify

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// Watch says how long events are waited for.
type Watch struct {
	Deadline time.Duration                 // from now on
	Every    time.Duration                 // from one look to the next, at least; a look that takes longer, as long
	Seen     func(p Point, expected int64) // told of each look; nil: none is
}

// Drain is how the accepted events became visible, look by look.
type Drain struct {
	Expected int64   `json:"expected"` // events that were waited for: accepted, and not dropped by rule
	Reached  bool    `json:"reached"`  // they were all visible when the watch ended
	Deadline float64 `json:"deadline_ms"`
	Every    float64 `json:"every_ms"`
	Looks    int64   `json:"looks"`  // at the source
	Points   []Point `json:"points"` // of these, those at which the numbers changed; at most mostPoints
}

// Point is what one look saw.
type Point struct {
	At      float64 `json:"at_ms"` // after the end of the load
	Visible int64   `json:"visible"`
	Rows    int64   `json:"rows"` // of the source, whatever they tell of
}

// mostPoints is how many looks are kept.
const mostPoints = 1000

// add adds a look. Of three with equal numbers the second is left out, and every second
// one where there are too many.
func (d *Drain) add(p Point) {
	d.Looks++
	equal := func(a, b Point) bool { return a.Visible == b.Visible && a.Rows == b.Rows }
	if n := len(d.Points); n > 1 && equal(d.Points[n-1], p) && equal(d.Points[n-2], p) {
		d.Points[n-1] = p
		return
	}
	if d.Points = append(d.Points, p); len(d.Points) <= mostPoints {
		return
	}
	kept := d.Points[:0]
	for i, p := range d.Points {
		if i%2 == 0 || i == len(d.Points)-1 {
			kept = append(kept, p)
		}
	}
	d.Points = kept
}

// gathering is what was read of a source, once, or again and again while it fills.
type gathering struct {
	run    *Run
	source *Source
	o      *Options
	pass   *pass  // the last one; nil: none was begun
	reader Reader // of this pass; nil: it is closed
	unread error  // why it did not get to the end
	drain  *Drain // nil: it is not watched
	rows   int64  // that were counted when the pass began
}

// gather reads a source, until all that should be there is if it is watched. The error
// is that it cannot be opened.
func gather(ctx context.Context, run *Run, source *Source, o *Options) (*gathering, error) {
	g := &gathering{run: run, source: source, o: o}
	defer g.close()
	if o.Watch == nil {
		err := g.read(ctx)
		return g, err
	}
	if source.Again == nil {
		return nil, errors.New("it cannot be watched, because it can be read only once")
	}
	g.watch(ctx)
	if g.pass == nil {
		g.pass = newPass(run, source)
	}
	return g, nil
}

// close closes the reader.
func (g *gathering) close() {
	if g.reader != nil {
		g.unread = errors.Join(g.unread, g.reader.Close())
		g.reader = nil
	}
}

// read reads the source from its beginning.
func (g *gathering) read(ctx context.Context) (err error) {
	g.close()
	g.unread = nil
	if g.reader, err = g.source.Open(); err != nil {
		g.reader = nil
		return err
	}
	g.pass = newPass(g.run, g.source)
	g.pass.progress = g.o.Progress
	g.unread = g.pass.read(ctx, g.reader)
	return nil
}

// watch looks until all that should be there is, the deadline passes or ctx ends.
func (g *gathering) watch(ctx context.Context) {
	w, began := g.o.Watch, time.Now()
	g.drain = &Drain{Deadline: milliseconds(w.Deadline), Every: milliseconds(w.Every), Points: []Point{}}
	_, g.drain.Expected = newCheck(newPass(g.run, g.source), g.source).visible()
	for {
		look := time.Now()
		last := look.Sub(began) >= w.Deadline
		g.drain.Reached = g.look(ctx, last)
		if ctx.Err() != nil {
			g.unread = ctx.Err()
			return
		}
		if g.drain.Reached || last {
			return
		}
		pause := min(max(w.Every, time.Since(look)), max(w.Deadline-time.Since(began), 0))
		if err := sleep(ctx, pause); err != nil {
			g.unread = err
			return
		}
	}
}

// sleep waits, unless ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// look looks at the source once, and tells whether everything is visible. What goes
// wrong may be different at the next look.
func (g *gathering) look(ctx context.Context, last bool) (reached bool) {
	rows, enough := g.count(last)
	if !enough {
		return false
	}
	before := g.drain.last()
	changed, err := g.refresh(ctx)
	if err != nil {
		g.unread = err
		return false
	}
	if !changed && before != nil {
		g.seen(before.Visible, before.Rows)
		return before.Visible == g.drain.Expected
	}
	c := newCheck(g.pass, g.source)
	visible, expected := c.visible()
	if rows < 0 {
		rows = c.rows.All
	}
	g.rows = rows
	g.seen(visible, rows)
	// A source that cannot be read to its end, and shows everything twice, will not say more.
	return visible == expected && (g.unread == nil || before != nil && before.Visible == expected)
}

// count asks a source that counts, and tells whether its rows are worth reading. rows
// below 0: it does not say how many there are.
func (g *gathering) count(last bool) (rows int64, enough bool) {
	if g.source.Again.Count == nil {
		return -1, true
	}
	visible, rows, err := g.source.Again.Count()
	switch before := g.drain.last(); {
	case err != nil && last:
		return -1, true
	case err != nil:
		g.unread = err
		return -1, false
	case last:
		return rows, true
	case visible < g.drain.Expected:
		g.seen(visible, rows)
		return rows, false
	case g.pass != nil && g.rows == rows && g.unread == nil: // they were read, and one is missing
		g.seen(before.Visible, rows)
		return rows, false
	}
	return rows, true
}

// refresh reads what came since the last look, and tells whether anything may have.
func (g *gathering) refresh(ctx context.Context) (changed bool, err error) {
	again := g.source.Again
	if again.More != nil && g.reader != nil {
		if err := again.More(); err != nil {
			return false, err
		}
		g.unread = g.pass.read(ctx, g.reader)
		return true, nil
	}
	if again.Reopen != nil {
		if changed, err := again.Reopen(); err != nil || !changed && g.pass != nil && g.unread == nil {
			return false, err
		}
	}
	return true, g.read(ctx)
}

// last is the look before; nil: there is none.
func (d *Drain) last() *Point {
	if len(d.Points) == 0 {
		return nil
	}
	return &d.Points[len(d.Points)-1]
}

// seen notes what a look saw.
func (g *gathering) seen(visible, rows int64) {
	ended := g.run.Attempts[len(g.run.Attempts)-1].end()
	p := Point{At: milliseconds(time.Since(ended)), Visible: max(visible, 0), Rows: rows}
	g.drain.add(p)
	if g.o.Watch.Seen != nil {
		g.o.Watch.Seen(p, g.drain.Expected)
	}
}

// visible counts the accepted events that are there, and those that should be: all that
// no rule drops.
func (c *check) visible() (visible, expected int64) {
	var there, all atomic.Int64
	_ = c.eachBlock(context.Background(), func(k *checker, block int64) {
		first := block * blockEvents
		n := min(blockEvents, k.total-first)
		k.fill(first, n)
		for j := range n {
			if !k.own[j] || k.slots[j].accepted == 0 {
				continue
			}
			switch seen, _ := k.sighted(first+j, j); {
			case seen > 0:
				there.Add(1)
				all.Add(1)
			case !k.isDropped(first + j):
				all.Add(1)
			}
		}
		k.content = Content{} // what is compared is counted later
	})
	return there.Load(), all.Load()
}
