package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"rehearse/generator/source"
	"rehearse/internal/capture"
	"rehearse/internal/text"
	"rehearse/internal/units"
	"rehearse/internal/verify"
	"rehearse/internal/verify/report"
	"rehearse/rehearsal"
	"rehearse/results"
)

// newProgress shows how a run goes. It only ever sees finished intervals, so that
// showing cannot disturb sending.
//
// The rules of the terminal: results go to stdout, everything else to stderr.
// A bar is drawn only on a terminal that can move its cursor (TERM is not dumb),
// as wide as there is room for; elsewhere there is one line every ten seconds,
// made to be read in a log. Nothing is coloured. --quiet shows neither.
func newProgress(e env, o *rehearsal.Outlook) rehearsal.Progress {
	load := fmt.Sprintf("%s events in %s requests, peak %s events/s,",
		text.Count(o.Plan.Events), text.Count(o.Plan.Requests), text.Count(int64(o.Plan.Peak)))
	if o.Closed {
		load = "as fast as it is answered,"
	}
	fmt.Fprintf(e.stderr, "%s: %s over %v, to %s\nwriting %s\n", o.Name, load, units.FormatSpan(o.Plan.Span),
		o.Target, o.Directory)
	if screen, ok := terminal(e.stderr); ok && os.Getenv("TERM") != "dumb" {
		b := newBar(screen, o.Plan.Span, o.Reading)
		return rehearsal.Progress{Interval: b.show, Warn: b.warn, End: b.end}
	}
	l := &lines{out: e.stderr, span: o.Plan.Span, read: o.Reading}
	return rehearsal.Progress{Interval: l.show, Warn: l.warn}
}

// reading tells how far a replay has come at a time of the run; nil: it is none.
type reading = func(time.Duration) source.ReplayProgress

// lines prints a line every ten seconds.
type lines struct {
	out   io.Writer
	span  time.Duration
	shown time.Duration
	read  reading
}

// every is how much time passes between two lines.
const every = 10 * time.Second

// show prints a line if the last one is long enough ago.
func (l *lines) show(iv *results.Interval) {
	if iv.To-l.shown < every {
		return
	}
	l.shown = iv.To.Truncate(every)
	fmt.Fprintf(l.out, "%s of %s  %s\n", units.FormatSpan(iv.To), units.FormatSpan(l.span),
		strings.Join(describe(iv, l.read), "  "))
}

// warn prints at once.
func (l *lines) warn(err error) { fmt.Fprintf(l.out, "rehearse: %v\n", err) }

// The widths of the bar, and of a terminal that is too narrow for the longer one.
const (
	longBar, shortBar = 30, 10
	narrow            = 100
)

// bar draws a bar on a terminal: over the time of the load, or over the bytes of
// a recording.
type bar struct {
	out       io.Writer
	container *mpb.Progress
	bar       *mpb.Bar
	span      time.Duration
	read      reading
	now       atomic.Int64 // nanoseconds since the start of the run
	state     atomic.Pointer[string]
}

// newBar draws an empty bar.
func newBar(out io.Writer, span time.Duration, read reading) *bar {
	b := &bar{out: out, container: mpb.New(mpb.WithOutput(out), mpb.WithWidth(barWidth(columns(out)))), span: span,
		read: read}
	total := int64(span)
	if read != nil {
		total = max(read(0).Total, 1)
	}
	b.say("starting")
	b.bar = b.container.New(total, mpb.BarStyle(),
		mpb.PrependDecorators(decor.Any(b.clock)),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return *b.state.Load() })))
	return b
}

// barWidth is how wide the bar is on a terminal.
func barWidth(columns int) int {
	if columns < narrow {
		return shortBar
	}
	return longBar
}

// clock is the time that has passed, of all.
func (b *bar) clock(decor.Statistics) string {
	return progressClock(time.Duration(b.now.Load()), b.span)
}

func progressClock(now, span time.Duration) string {
	return fmt.Sprintf("%s of %s ", units.FormatSpan(now), units.FormatSpan(span))
}

// say sets the text beside the bar.
func (b *bar) say(text string) { b.state.Store(&text) }

// show moves the bar.
func (b *bar) show(iv *results.Interval) {
	now := min(max(iv.To, 0), b.span)
	current := int64(now)
	if b.read != nil {
		r := b.read(iv.To)
		current = min(r.Bytes, r.Total-1) // a bar that is full cannot be changed any more
	}
	wide := columns(b.out)
	room := wide - barWidth(wide) - utf8.RuneCountInString(progressClock(b.span, b.span)) - 2
	b.now.Store(int64(now))
	b.say(fitting(describe(iv, b.read), room))
	b.bar.SetCurrent(current)
}

// warn prints above the bar.
func (b *bar) warn(err error) { fmt.Fprintf(plain{to: b.container}, "rehearse: %v\n", err) }

// end leaves the bar as it stands.
func (b *bar) end() {
	b.bar.EnableTriggerComplete()
	b.bar.Abort(false)
	b.container.Wait()
}

// describe is an interval in a few words each, what matters most first.
func describe(iv *results.Interval, read reading) []string {
	seconds := (iv.To - iv.From).Seconds()
	if seconds <= 0 {
		return nil
	}
	total := iv.Total
	pace := fmt.Sprintf("%s/s of %s", text.SI(float64(iv.Tally.Sent().Events)/seconds), text.SI(iv.Target))
	p50, p99 := "p50 -", "p99 -" // nothing came to its end, so that nothing is known
	if iv.Latency.Count() > 0 {
		p50, p99 = "p50 "+short(iv.Latency.Quantile(0.5)), "p99 "+short(iv.Latency.Quantile(0.99))
	}
	if iv.Unanswered > 0 {
		pace = fmt.Sprintf("no answer for %s, %d in flight", units.FormatSpan(max(iv.Unanswered.Round(time.Second),
			time.Second)), iv.InFlight.Requests)
	}
	words := []string{
		pace, p99,
		"rejected " + text.Count(total.Fates[capture.FateRejected].Events),
		"late " + text.Count(total.AllLate().Requests),
		"accepted " + text.Count(total.Fates[capture.FateAccepted].Events),
		p50, fmt.Sprintf("in flight %d", iv.InFlight.Requests),
	}
	switch {
	case read == nil:
		return words
	case iv.Unanswered > 0: // that comes first, whatever there is room for
		return slices.Insert(words, 1, describeReading(read(iv.To))...)
	}
	return append(describeReading(read(iv.To)), words...)
}

// describeReading is how far a replay has come: by bytes, and by the time of the
// recording.
func describeReading(r source.ReplayProgress) []string {
	size := func(n int64) string { return text.Size(n) }
	words := []string{fmt.Sprintf("%s of %s read", size(r.Bytes), size(r.Total))}
	if !r.Recorded.IsZero() {
		words = append(words, "at "+r.Recorded.UTC().Format("2006-01-02 15:04:05"))
	}
	return words
}

// fitting joins as many of the words, from the first, as there is room for.
func fitting(words []string, room int) string {
	text := ""
	for i, word := range words {
		longer := text + "  " + word
		if i == 0 {
			longer = word
		}
		if utf8.RuneCountInString(longer) > room {
			break
		}
		text = longer
	}
	return text
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

// notices say at once what cannot wait: above the bar while there is one.
type notices struct{ bar atomic.Pointer[func(error)] }

// over follows a progress, so that notices stand above its bar.
func (n *notices) over(p rehearsal.Progress) rehearsal.Progress {
	n.bar.Store(&p.Warn)
	end := p.End
	p.End = func() {
		n.bar.Store(nil)
		if end != nil {
			end()
		}
	}
	return p
}

// say prints a line.
func (n *notices) say(e env, line string) {
	if warn := n.bar.Load(); warn != nil {
		(*warn)(errors.New(line))
		return
	}
	e.note("rehearse: " + line)
}

// longestStay is how long the live page stays up after a run at most.
const longestStay = 10 * time.Minute

// lingering keeps the live page up after the run, on a terminal: until Enter is pressed,
// an interrupt comes or longestStay has passed. It returns what waits for that. Elsewhere
// the page ends with the run.
func (f *runFlags) lingering(e env) (wait func(soft context.Context)) {
	stdin, typed := e.stdin.(*os.File)
	_, seen := terminal(e.stderr)
	if f.options.Live == "" || !typed || !seen || !isTerminal(stdin) {
		return func(context.Context) {}
	}
	var stop func()
	f.options.Linger = func(end func()) { stop = end }
	return func(soft context.Context) {
		if stop == nil {
			return
		}
		defer stop()
		e.note(fmt.Sprintf("the live page stays up for %.0f minutes: press Enter to end it", longestStay.Minutes()))
		pressed := make(chan struct{})
		go func() { // blocked until the process ends, if no key is pressed
			bufio.NewReader(stdin).ReadByte()
			close(pressed)
		}()
		timeout := time.NewTimer(longestStay)
		defer timeout.Stop()
		select {
		case <-pressed:
		case <-timeout.C:
		case <-soft.Done():
		}
	}
}

// sourceBar shows on a terminal how far a source was read.
type sourceBar struct {
	progress *mpb.Progress // nil: nothing is shown
	bar      *mpb.Bar
	kind     string // of the source
	at       atomic.Pointer[string]
	notices  *notices // stand above the bar
}

// newSourceBar shows that nothing was read.
func (f *verifyRunFlags) newSourceBar(e env, kind string, n *notices) *sourceBar {
	r := &sourceBar{kind: kind, notices: n}
	out, shown := terminal(e.stderr)
	if f.quiet || !shown || os.Getenv("TERM") == "dumb" {
		return r
	}
	r.show(0, 0)
	r.progress = mpb.New(mpb.WithOutput(out), mpb.WithWidth(barWidth(columns(out))))
	r.bar = r.progress.New(1, mpb.BarStyle(),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return *r.at.Load() })))
	above := func(line error) { fmt.Fprintf(plain{to: r.progress}, "rehearse: %v\n", line) }
	n.bar.Store(&above)
	return r
}

// show moves the bar.
func (b *sourceBar) show(read, all int64) {
	at := report.Position(b.kind, read, all) + " read"
	b.at.Store(&at)
	if b.bar != nil {
		b.bar.SetTotal(max(all, 1), false)
		b.bar.SetCurrent(max(min(read, all-1), 0)) // a bar that is full cannot be changed any more
	}
}

// watch shows how many of the expected events are visible.
func (b *sourceBar) watch(p verify.Point, expected int64) {
	at := fmt.Sprintf("%s of %s visible", text.Count(p.Visible), text.Plural(expected, "event"))
	b.at.Store(&at)
	if b.bar != nil {
		b.bar.SetTotal(max(expected, 1), false)
		b.bar.SetCurrent(max(min(p.Visible, expected-1), 0))
	}
}

// end leaves the bar as it stands.
func (b *sourceBar) end() {
	if b.bar != nil {
		b.notices.bar.Store(nil)
		b.bar.EnableTriggerComplete()
		b.bar.Abort(false)
		b.progress.Wait()
	}
}
