package capture_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"rehearse/internal/capture"
)

// The size of an event is that of its text.
func TestEventSizeIsThatOfItsText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		e := capture.Event{
			Name:       rapid.SliceOf(rapid.Byte()).Draw(t, "name"),
			DistinctID: []byte(rapid.String().Draw(t, "id")),
		}
		if rapid.Bool().Draw(t, "uuid") {
			e.UUID[3] = 7
		}
		if rapid.Bool().Draw(t, "time") {
			e.Timestamp = time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "seconds"), 0)
		}
		if rapid.Bool().Draw(t, "properties") {
			e.Properties = []byte(`{"a":1}`)
		}
		if got, want := capture.EventSize(&e), len(capture.AppendEvent(nil, &e)); got != want {
			t.Fatalf("%d bytes, want %d", got, want)
		}
	})
}
