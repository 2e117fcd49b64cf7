package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"rehearse/generator/source"
	"rehearse/internal/capture"
	"rehearse/results"
)

// What there is no room for is left out from the end; the first words never make
// a line too long.
func TestProgressFits(t *testing.T) {
	t.Parallel()
	words := describe(interval(), nil)
	for room, want := range map[int]string{
		200: "100/s of 0  p99 20ms  rejected 10  late 0  accepted 90  p50 20ms  in flight 3",
		40:  "100/s of 0  p99 20ms  rejected 10",
		20:  "100/s of 0  p99 20ms",
		10:  "100/s of 0",
		9:   "",
		-5:  "",
	} {
		if got := fitting(words, room); got != want || utf8.RuneCountInString(got) > max(room, 0) {
			t.Errorf("%d columns: %q, want %q", room, got, want)
		}
	}
	if words := describe(&results.Interval{}, nil); fitting(words, 100) != "" {
		t.Errorf("an interval of no length is %q", words)
	}
}

// A second without an answer has no quantile, and an endpoint that owes answers is
// said to owe them for as long as it does.
func TestProgressOfAStalledEndpoint(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		iv   results.Interval
		want string
	}{
		{results.Interval{InFlight: results.Count{Requests: 8}, Unanswered: 3 * time.Second},
			"no answer for 3s, 8 in flight  p99 -  rejected 0"},
		{results.Interval{InFlight: results.Count{Requests: 1}, Unanswered: 200 * time.Millisecond},
			"no answer for 1s, 1 in flight  p99 -  rejected 0"},
		{results.Interval{}, "0/s of 0  p99 -  rejected 0"},
	} {
		row.iv.Tally, row.iv.Total, row.iv.To = *results.NewTally(), results.NewTally(), time.Second
		if got := strings.Join(describe(&row.iv, nil), "  "); !strings.HasPrefix(got, row.want) {
			t.Errorf("%q, want %q", got, row.want)
		}
		read := func(time.Duration) source.ReplayProgress { return source.ReplayProgress{Total: 10} }
		first := describe(&row.iv, read)[0]
		if stalled := strings.HasPrefix(first, "no answer"); stalled != (row.iv.Unanswered > 0) {
			t.Errorf("the first words of a replay are %q", first)
		}
	}
}

// Where there is no terminal there is a line every ten seconds, and no escape.
func TestProgressLines(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	l := &lines{out: &out, span: time.Minute}
	iv := interval()
	for second := range 25 {
		iv.To = time.Duration(second+1) * time.Second
		iv.From = iv.To - time.Second
		l.show(iv)
	}
	if got := strings.Count(out.String(), "\n"); got != 2 ||
		!strings.HasPrefix(out.String(), "10s of 1m0s  100/s of 0  p99 20ms") ||
		strings.Contains(out.String(), "\x1b") {
		t.Errorf("%d lines:\n%s", got, out.String())
	}
	if got := columns(&out); got != unbounded {
		t.Errorf("%d columns where there is no terminal, want %d", got, unbounded)
	}
}

// TestProgressOfAReplay: a line says how many bytes were read of how many, and which
// recorded time is due.
func TestProgressOfAReplay(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	reading := func(now time.Duration) source.ReplayProgress {
		if now == 0 {
			return source.ReplayProgress{Total: 3e9}
		}
		return source.ReplayProgress{Bytes: 12e6, Total: 3e9, Recorded: time.Date(2015, 2, 22, 21, 14, 7, 0, time.UTC)}
	}
	iv := results.NewRecorder(1).Tick(10*time.Second, results.Count{})
	l := &lines{out: &out, span: time.Minute, read: reading}
	l.show(iv)
	if want := "10s of 1m0s  12 MB of 3.0 GB read  at 2015-02-22 21:14:07  "; !strings.HasPrefix(out.String(), want) {
		t.Errorf("the line is %q, want %q", out.String(), want)
	}
	b := newBar(io.Discard, time.Minute, reading)
	defer b.end()
	b.show(iv)
	if at := b.bar.Current(); at != 12e6 {
		t.Errorf("the bar stands at %d", at)
	}
	if words := *b.state.Load(); !strings.HasPrefix(words, "12 MB of 3.0 GB read") {
		t.Errorf("behind the bar is %q", words)
	}
}

// interval is one of a hundred requests, of which ten were refused.
func interval() *results.Interval {
	r := results.NewRecorder(1)
	for i := range 100 {
		due := time.Duration(i) * 10 * time.Millisecond
		o := results.Outcome{
			First:  int64(i),
			Events: 1,
			Due:    due,
			Sent:   due,
			Done:   due + 20*time.Millisecond,
			Status: 200,
		}
		if i < 10 {
			o.Reason, o.Status = capture.RateLimited, 429
		}
		r.Sender(0).Record(&o)
	}
	return r.Tick(time.Second, results.Count{Requests: 3, Events: 3})
}
