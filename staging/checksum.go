package staging

import (
	"rehearse/capture"

	"github.com/zeebo/xxh3"
)

// checksum returns the wrapping sum of one 64-bit hash an event: whatever the
// order, the batches and the connections in which the same events arrive, the
// sum is the same; an event lost, doubled or changed changes it.
//
// An event's hash covers its uuid, name, distinct_id (as ingested) and raw
// properties. It leaves out the timestamp, which differs from run to run where a
// scenario says now. Each field is hashed with the hash of those before it as
// seed, so that no two lists of fields run together.
func checksum(events []capture.Received) uint64 {
	var sum uint64
	for i := range events {
		e := &events[i]
		h := xxh3.Hash(e.UUID[:])
		h = xxh3.HashSeed(e.Event, h)
		h = xxh3.HashSeed(e.DistinctID, h)
		sum += xxh3.HashSeed(e.Properties, h)
	}
	return sum
}
