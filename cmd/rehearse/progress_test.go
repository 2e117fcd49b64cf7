package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"time"

	"rehearse/generator"
	"rehearse/results"
)

// TestProgressOfAReplay: a line says how many bytes were read of how many, and which
// recorded time is due.
func TestProgressOfAReplay(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	reading := func(now time.Duration) generator.Reading {
		if now == 0 {
			return generator.Reading{Total: 3e9}
		}
		return generator.Reading{Bytes: 12e6, Total: 3e9, Recorded: time.Date(2015, 2, 22, 21, 14, 7, 0, time.UTC)}
	}
	iv := results.NewRecorder(1).Tick(10*time.Second, results.Count{})
	l := &lines{out: &out, span: time.Minute, reading: reading}
	l.show(iv)
	if want := "10s of 1m0s  12 MB of 3.0 GB read, recorded 2015-02-22 21:14:07  "; !strings.HasPrefix(out.String(), want) {
		t.Errorf("the line is %q, want %q", out.String(), want)
	}
	b := newBar(io.Discard, time.Minute, reading)
	defer b.end()
	b.show(iv)
	if at := b.bar.Current(); at != 12e6 {
		t.Errorf("the bar stands at %d", at)
	}
	if place := *b.place.Load(); !strings.Contains(place, "12 MB of 3.0 GB") {
		t.Errorf("before the bar is %q", place)
	}
}
