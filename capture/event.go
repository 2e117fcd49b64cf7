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
	Order               EnvelopeOrder
}

// EnvelopeOrder is how the members of an envelope follow each other, which tells
// clients apart and nothing else: endpoints take any order.
type EnvelopeOrder uint8

// The orders. Where historical_migration is not set all but BatchFirst leave it out.
const (
	BatchLast   EnvelopeOrder = iota // api_key, historical_migration, sent_at, batch
	SentAtAfter                      // api_key, batch, sent_at, historical_migration: posthog-js and -node
	BatchFirst                       // batch, historical_migration, sent_at, api_key: posthog-python
)
