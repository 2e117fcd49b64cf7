package generator

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// TestFollow: the place in the recording is that of what is due, however far ahead
// the batches were dealt out, over two passes of a loop.
func TestFollow(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range 100 {
		fmt.Fprintf(&text, `{"e":"a","d":"user-1","t":%d}`+"\n", 1767225600000+i*1000)
	}
	s := replayOf(t, "a", text.String(), "batching: {events: 1}\n")
	s.Replay.Loop = 2
	source, plan, err := opened(s, Part{})
	if err != nil {
		t.Fatal(err)
	}
	follow := source.Follow()
	for b := newBatch(); source.Next(b) == nil; b.reset() {
		if b.Events != 1 {
			t.Fatalf("%d events in a batch", b.Events)
		}
	}
	total := 2 * int64(text.Len())
	for _, c := range []struct {
		now      time.Duration
		bytes    int64
		recorded int64 // seconds after the first event
	}{
		{-time.Second, 0, -1},
		{0, total / 200, 0},
		{30500 * time.Millisecond, total / 200 * 31, 30},
		{100 * time.Second, total / 200 * 101, 0}, // the second pass begins a second after the first one's last event
		{plan.Span, total, 99},
	} {
		got := follow(c.now)
		if got.Bytes != c.bytes || got.Total != total || c.recorded >= 0 && got.Recorded.Unix() != 1767225600+c.recorded || got.Recorded.IsZero() != (c.recorded < 0) {
			t.Errorf("at %v: %+v, want %d bytes of %d and second %d", c.now, got, c.bytes, total, c.recorded)
		}
	}
}
