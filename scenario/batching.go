package scenario

import (
	"time"

	"go.yaml.in/yaml/v4"
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

func readBatching(v value) Batching {
	var b Batching
	v.object(fields{
		"events": func(v value) { b.MinEvents, b.MaxEvents = readBatchEvents(v) },
		"bytes":  func(v value) { b.Bytes = v.bytes(1000, maxBatchBytes) },
		"age":    func(v value) { b.Age = v.duration(0, time.Hour) },
	})
	return b
}

// readBatchEvents reads a count, or the bounds between which counts are spread.
func readBatchEvents(v value) (low, high int) {
	if v.node.Kind != yaml.MappingNode {
		n := int(v.count(1, maxBatchEvents))
		return n, n
	}
	sound := v.object(fields{
		"min": func(v value) { low = int(v.count(1, maxBatchEvents)) },
		"max": func(v value) { high = int(v.count(1, maxBatchEvents)) },
	})
	if v.require("min", "max") && sound && low > high {
		v.fail("min is more than max", "")
	}
	return low, high
}
