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
	"rehearse/generator"
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
// is about to happen. The reading tells how far a replay is; nil: it is none.
func newProgress(r *rehearsal, directory string, reading func(time.Duration) generator.Reading) progress {
	out := r.world.stderr
	if r.flags.quiet {
		return silence{}
	}
	fmt.Fprintf(out, "%s: %s events in %s requests over %v, peak %s events/s, to %s\nwriting %s\n",
		r.scenario.Name, humanize.Comma(r.plan.Events), humanize.Comma(r.plan.Requests),
		r.plan.Span.Round(time.Second), humanize.Comma(int64(r.plan.Peak)), r.target, directory)
	if f, ok := out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		return newBar(out, r.plan.Span, reading)
	}
	return &lines{out: out, span: r.plan.Span, reading: reading}
}

// silence shows nothing.
type silence struct{}

func (silence) show(*results.Interval) {}
func (silence) warn(error)             {}
func (silence) end()                   {}

// lines prints a line every ten seconds.
type lines struct {
	out     io.Writer
	span    time.Duration
	shown   time.Duration
	reading func(time.Duration) generator.Reading
}

// every is how much time passes between two lines.
const every = 10 * time.Second

// show prints a line if the last one is long enough ago.
func (l *lines) show(iv *results.Interval) {
	if iv.To-l.shown < every {
		return
	}
	l.shown = iv.To.Truncate(every)
	place := ""
	if l.reading != nil {
		place = describeReading(l.reading(iv.To))
	}
	fmt.Fprintf(l.out, "%v of %v  %s%s\n", iv.To.Round(time.Second), l.span.Round(time.Second), place, describe(iv))
}

// warn prints at once.
func (l *lines) warn(err error) { fmt.Fprintf(l.out, "rehearse: %v\n", err) }

func (l *lines) end() {}

// bar draws a bar on a terminal.
type bar struct {
	container *mpb.Progress
	bar       *mpb.Bar
	span      time.Duration
	reading   func(time.Duration) generator.Reading // nil: the bar runs over time
	place     atomic.Pointer[string]                // before the bar
	state     atomic.Pointer[string]                // behind it
}

// newBar draws an empty bar: over time, or over the bytes of a recording.
func newBar(out io.Writer, span time.Duration, reading func(time.Duration) generator.Reading) *bar {
	b := &bar{container: mpb.New(mpb.WithOutput(out), mpb.WithWidth(30)), span: span, reading: reading}
	total := int64(span)
	if reading != nil {
		total = max(reading(0).Total, 1)
	}
	set(&b.place, "")
	set(&b.state, "starting")
	b.bar = b.container.New(total, mpb.BarStyle(), mpb.PrependDecorators(shown(&b.place)), mpb.AppendDecorators(shown(&b.state)))
	return b
}

// set changes a text beside the bar.
func set(place *atomic.Pointer[string], text string) { place.Store(&text) }

// shown draws a text beside the bar.
func shown(place *atomic.Pointer[string]) decor.Decorator {
	return decor.Any(func(decor.Statistics) string { return *place.Load() })
}

// show moves the bar.
func (b *bar) show(iv *results.Interval) {
	place, current := "", int64(min(max(iv.To, 0), b.span))
	if b.reading != nil {
		r := b.reading(iv.To)
		place, current = describeReading(r), min(r.Bytes, r.Total-1) // A bar that is full cannot be changed any more.
	}
	set(&b.place, fmt.Sprintf("%v of %v  %s", iv.To.Round(time.Second), b.span.Round(time.Second), place))
	set(&b.state, describe(iv))
	b.bar.SetCurrent(current)
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

// describeReading is how far a replay has come, in a few words.
func describeReading(r generator.Reading) string {
	recorded := "nothing yet"
	if !r.Recorded.IsZero() {
		recorded = r.Recorded.UTC().Format("2006-01-02 15:04:05")
	}
	return fmt.Sprintf("%s of %s read, recorded %s  ", humanize.Bytes(uint64(max(r.Bytes, 0))), humanize.Bytes(uint64(max(r.Total, 0))), recorded)
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
