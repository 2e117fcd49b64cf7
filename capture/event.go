package capture

import "time"

// UUID is the event's identifier for deduplication.
type UUID [16]byte

// Event is one analytics event, ready to be encoded. Its byte slices belong to
// whoever filled it; encoding copies them.
type Event struct {
	Name       []byte // unescaped
	DistinctID []byte // unescaped
	UUID       UUID
	Timestamp  time.Time // zero: left out
	Properties []byte    // a complete JSON object, written as it is
}

// Envelope is what a /batch/ body carries around its events.
type Envelope struct {
	Token               string
	HistoricalMigration bool
	SentAt              time.Time // zero: left out
	SentAtLast          bool      // it stands behind the events, as SDKs have it
}
