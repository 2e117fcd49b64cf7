package main

import (
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"rehearse/capture"
	"rehearse/results"
)

// progress shows how a run goes. It only ever sees finished intervals, so that
// showing cannot disturb sending.
//
// The rules of the terminal: results go to stdout, everything else to stderr.
// A bar is drawn only on a terminal; elsewhere there is one line every ten
// seconds, made to be read in a log. --quiet shows neither.
type progress interface {
	show(*results.Interval)
	warn(error) // of something that cannot wait for the report
	end()
}

// newProgress chooses how to show the progress of r on stderr, and prints what
// is about to happen.
func newProgress(r *rehearsal, directory string) progress {
	out := r.world.stderr
	if r.flags.quiet {
		return silence{}
	}
	fmt.Fprintf(out, "%s: %s events in %s requests over %v, peak %s events/s, to %s\nwriting %s\n",
		r.scenario.Name, humanize.Comma(r.plan.Events), humanize.Comma(r.plan.Requests),
		r.plan.Span.Round(time.Second), humanize.Comma(int64(r.plan.Peak)), r.target, directory)
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return newBar(out, r.plan.Span)
	}
	return &lines{out: out, span: r.plan.Span}
}

// silence shows nothing.
type silence struct{}

func (silence) show(*results.Interval) {}
func (silence) warn(error)             {}
func (silence) end()                   {}

// lines prints a line every ten seconds.
type lines struct {
	out   io.Writer
	span  time.Duration
	shown time.Duration
}

// every is how much time passes between two lines.
const every = 10 * time.Second

// show prints a line if the last one is long enough ago.
func (l *lines) show(iv *results.Interval) {
	if iv.To-l.shown < every {
		return
	}
	l.shown = iv.To.Truncate(every)
	fmt.Fprintf(l.out, "%v of %v  %s\n", iv.To.Round(time.Second), l.span.Round(time.Second), describe(iv))
}

// warn prints at once.
func (l *lines) warn(err error) { fmt.Fprintf(l.out, "rehearse: %v\n", err) }

func (l *lines) end() {}

// bar draws a bar on a terminal.
type bar struct {
	container *mpb.Progress
	bar       *mpb.Bar
	span      time.Duration
	state     atomic.Pointer[string]
}

// newBar draws an empty bar.
func newBar(out io.Writer, span time.Duration) *bar {
	b := &bar{container: mpb.New(mpb.WithOutput(out), mpb.WithWidth(30)), span: span}
	b.say("starting")
	b.bar = b.container.New(int64(span), mpb.BarStyle(),
		mpb.PrependDecorators(decor.Any(b.clock)),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return *b.state.Load() })))
	return b
}

// clock is the time that has passed, of all.
func (b *bar) clock(s decor.Statistics) string {
	return fmt.Sprintf("%v of %v ", time.Duration(s.Current).Round(time.Second), b.span.Round(time.Second))
}

// say sets the text beside the bar.
func (b *bar) say(text string) { b.state.Store(&text) }

// show moves the bar.
func (b *bar) show(iv *results.Interval) {
	b.say(describe(iv))
	b.bar.SetCurrent(int64(min(max(iv.To, 0), b.span)))
}

// warn prints above the bar.
func (b *bar) warn(err error) { fmt.Fprintf(b.container, "rehearse: %v\n", err) }

// end leaves the bar as it stands.
func (b *bar) end() {
	b.bar.EnableTriggerComplete()
	b.bar.Abort(false)
	b.container.Wait()
}

// describe is an interval in a line.
func describe(iv *results.Interval) string {
	seconds := (iv.To - iv.From).Seconds()
	if seconds <= 0 {
		return ""
	}
	total := iv.Total
	return fmt.Sprintf("%s/s of %s  in flight %d  p50 %s p99 %s  accepted %s rejected %s late %s",
		si(float64(iv.Tally.Sent().Events)/seconds), si(iv.Target), iv.InFlight.Requests,
		short(iv.Latency.Quantile(0.5)), short(iv.Latency.Quantile(0.99)),
		humanize.Comma(total.Fates[capture.FateAccepted].Events), humanize.Comma(total.Fates[capture.FateRejected].Events), humanize.Comma(total.AllLate().Requests))
}

// si writes a rate in few characters.
func si(x float64) string {
	if x < 1000 {
		return fmt.Sprintf("%.0f", x)
	}
	return humanize.SIWithDigits(x, 1, "")
}

// short writes a duration in few characters.
func short(d time.Duration) string {
	switch {
	case d >= 10*time.Second:
		return d.Round(time.Second).String()
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= 10*time.Millisecond:
		return d.Round(time.Millisecond).String()
	}
	return d.Round(10 * time.Microsecond).String()
}
