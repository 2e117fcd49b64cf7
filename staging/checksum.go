package staging

import (
	"rehearse/capture"

	"github.com/zeebo/xxh3"
)

// Checksum returns the hash of an event. The wrapping sum of such hashes is the
// same, whatever the order, the batches and the connections in which the same
// events arrive; an event lost, doubled or changed changes it.
//
// An event's hash covers its uuid, name, distinct_id (as ingested) and raw
// properties. It leaves out the timestamp, which differs from run to run where a
// scenario says now. Each field is hashed with the hash of those before it as
// seed, so that no two lists of fields run together.
func Checksum(e *capture.Received) uint64 {
	h := xxh3.Hash(e.UUID[:])
	h = xxh3.HashSeed(e.Event, h)
	h = xxh3.HashSeed(e.DistinctID, h)
	return xxh3.HashSeed(e.Properties, h)
}
