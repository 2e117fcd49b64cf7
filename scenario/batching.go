package scenario

import (
	"time"

	"rehearse/scenario/strict"
)

// Batching closes a batch at the first of: enough events, enough bytes, old enough.
type Batching struct {
	MinEvents, MaxEvents int           // sizes are spread evenly between the two; equal: fixed
	Bytes                int64         // of the body before compression
	Age                  time.Duration // 0: no limit
}

// The bounds of a batch.
const (
	maxBatchEvents = 100_000
	maxBatchBytes  = 100_000_000
)

// replayAge is how long an event of a replay in its own rhythm waits for company where
// nobody says: what takes longer would be another rhythm.
const replayAge = time.Second

// orDefault fills in what the file left open.
func (b Batching) orDefault(e Endpoint) Batching {
	if b.MaxEvents == 0 {
		b.MinEvents, b.MaxEvents = 100, 100
		if e == EndpointCapture {
			b.MinEvents, b.MaxEvents = 1, 1
		}
	}
	if b.Bytes == 0 {
		b.Bytes = 5_000_000
	}
	return b
}

func readBatching(v strict.Value) Batching {
	var b Batching
	v.Object(strict.Fields{
		"events": func(v strict.Value) { b.MinEvents, b.MaxEvents = readBatchEvents(v) },
		"bytes":  func(v strict.Value) { b.Bytes = v.Bytes(1000, maxBatchBytes) },
		"age":    func(v strict.Value) { b.Age = v.Duration(0, time.Hour) },
	})
	return b
}

// readBatchEvents reads a count, or the bounds between which counts are spread.
func readBatchEvents(v strict.Value) (low, high int) {
	if !v.IsMapping() {
		n := int(v.Count(1, maxBatchEvents))
		return n, n
	}
	sound := v.Object(strict.Fields{
		"min": func(v strict.Value) { low = int(v.Count(1, maxBatchEvents)) },
		"max": func(v strict.Value) { high = int(v.Count(1, maxBatchEvents)) },
	})
	if v.Require("min", "max") && sound && low > high {
		v.Fail("min is more than max", "")
	}
	return low, high
}
