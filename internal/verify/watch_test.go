package verify

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// filling is a source whose rows become visible one after another, a thousand a second.
type filling struct {
	*planted
	from time.Time
	at   int
	fail func() error // when rows are read; nil: nothing goes wrong
}

// there is how many rows there are now.
func (f *filling) there() int {
	return min(int(time.Since(f.from)/time.Millisecond), len(f.rows))
}

func (f *filling) Close() error { return nil }

func (f *filling) Next(r *Row) error {
	if f.fail != nil {
		if err := f.fail(); err != nil {
			return err
		}
	}
	if f.at >= f.there() {
		return io.EOF
	}
	*r = f.rows[f.at]
	f.at++
	return nil
}

// source is the source, which is read on or again, or counts.
func (f *filling) source(how string) *Source {
	s := f.planted.source(nil)
	s.Open = func() (Reader, error) { f.at = 0; return f, nil }
	s.Again = &Again{}
	switch how {
	case "on":
		s.Again.More = func() error { return nil }
	case "reopen":
		before := -1
		s.Again.Reopen = func() (bool, error) {
			changed := before != f.there()
			before = f.there()
			return changed, nil
		}
	case "counts":
		s.Again.Count = func() (int64, int64, error) { return int64(f.there()), int64(f.there()), nil }
	}
	return s
}

// watched is what a watch sees, in virtual time; ctx ends it.
func watched(t *testing.T, ctx context.Context, f *filling, how string, deadline time.Duration) (r *Result) {
	t.Helper()
	f.run.Attempts[0].Starts[0] = time.Now().Add(-f.run.Attempts[0].Load)
	for i := range f.rows {
		f.rows[i].Time = time.Time{}
	}
	f.from = time.Now()
	r, err := Hold(ctx, context.Background(), f.run, f.source(how), Options{
		Thresholds: Implied(), Watch: &Watch{Deadline: deadline, Every: 100 * time.Millisecond},
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestWatch: a watch ends when everything is visible, and finds what one reading then
// finds; its curve is how rows came.
func TestWatch(t *testing.T) {
	t.Parallel()
	for _, how := range []string{"on", "reopen", "counts"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			p := plant(t, load(t, 3000, ""))
			p.rows = slices.Insert(p.rows, 10, p.rows[3])
			synctest.Test(t, func(t *testing.T) {
				r := watched(t, t.Context(), &filling{planted: p}, how, time.Minute)
				plain := p.hold(t)
				d := r.Report.Drain
				if got, want := r.Report.Events, plain.Report.Events; got != want {
					t.Errorf("watched %+v, read %+v", got, want)
				}
				last := d.Points[len(d.Points)-1]
				if !d.Reached || d.Expected != 3000 || last.Visible != 3000 || last.At < 3001 || last.At > 3200 {
					t.Errorf("%+v ends at %+v", d, last)
				}
				if len(d.Points) < 20 || !slices.IsSortedFunc(d.Points, func(a, b Point) int {
					return int(a.Visible - b.Visible)
				}) {
					t.Errorf("the curve is %+v", d.Points)
				}
				if r.Report.Verdict != plain.Report.Verdict || plain.Report.Drain != nil {
					t.Errorf("%s, want %s", r.Report.Verdict, plain.Report.Verdict)
				}
			})
		})
	}
}

// TestWatchEnds: what does not come is waited for until the deadline, and lost then; a
// watch that is interrupted, or whose source fails to the end, loses nothing.
func TestWatchEnds(t *testing.T) {
	t.Parallel()
	broken := errors.New("it fails")
	for _, how := range []string{"on", "reopen", "counts"} {
		for _, c := range []struct {
			name         string
			lost, unread int64
			because      Because
			fail         func(f *filling) func() error
		}{
			{name: "deadline", lost: 7},
			{name: "interrupted", unread: -1, because: Interrupted},
			{name: "fails", unread: 1000, because: Incomplete, fail: func(*filling) func() error {
				return func() error { return broken }
			}},
			{name: "fails for a while", lost: 7, fail: func(f *filling) func() error {
				return func() error {
					if time.Since(f.from) < 2*time.Second {
						return broken
					}
					return nil
				}
			}},
		} {
			t.Run(fmt.Sprint(how, c.name), func(t *testing.T) {
				t.Parallel()
				p := plant(t, load(t, 1000, ""))
				p.rows = slices.Delete(p.rows, 100, 107)
				synctest.Test(t, func(t *testing.T) {
					ctx, cancel := context.WithCancel(t.Context())
					defer cancel()
					if c.because == Interrupted {
						time.AfterFunc(750*time.Millisecond, cancel)
					}
					f := &filling{planted: p}
					if c.fail != nil {
						f.fail = c.fail(f)
					}
					began := time.Now()
					r := watched(t, ctx, f, how, 5*time.Second).Report
					if took := time.Since(began); c.because != Interrupted && took < 5*time.Second {
						t.Errorf("it ended after %v", took)
					}
					if e := r.Events; e.Accepted.Lost != c.lost || c.unread >= 0 && e.Unread != c.unread ||
						r.Because != c.because || r.Drain.Reached {
						t.Errorf("%+v because of %q, %+v", e, r.Because, r.Drain)
					}
				})
			})
		}
	}
}

// TestDrainPoints: however many looks there are, a bounded number is kept in order, with
// the first and the last.
func TestDrainPoints(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var d Drain
		n := rapid.IntRange(1, 5000).Draw(t, "looks")
		step := rapid.IntRange(1, 5).Draw(t, "step")
		for i := range n {
			d.add(Point{At: float64(i), Visible: int64(i / step)})
		}
		last := d.Points[len(d.Points)-1]
		if len(d.Points) > mostPoints || d.Looks != int64(n) || d.Points[0].At != 0 || last.At != float64(n-1) ||
			!slices.IsSortedFunc(d.Points, func(a, b Point) int { return int(a.At - b.At) }) {
			t.Errorf("%d points of %d looks, from %+v to %+v", len(d.Points), n, d.Points[0], last)
		}
	})
}
