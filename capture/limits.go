package capture

// The sizes at which the capture service of 2026 says no.
const (
	// MaxWire is the largest body of a v0 request as it travels, in bytes: one
	// cap for all six event routes (integration_wire_body_limits.rs).
	MaxWire = 20 << 20

	// maxWire2024 is what the framework of the 2024 generation let through.
	maxWire2024 = 2 << 20

	// MaxPlain is the largest body once it is decompressed, in bytes: five times
	// the wire limit (same source).
	MaxPlain = 5 * MaxWire

	// MaxEvent is the largest Kafka message that an event may become, in bytes
	// (KAFKA_PRODUCER_MESSAGE_MAX_BYTES). The event travels as a JSON string
	// inside that message, so each of its quotes costs one byte more.
	MaxEvent = 1_000_000

	// MaxDistinctID is how many characters of a distinct_id are kept; the rest is
	// cut off without an error (common/types event.rs).
	MaxDistinctID = 200

	// MaxToken is the longest token, in bytes (capture token.rs).
	MaxToken = 64

	// MaxDepth is how deeply arrays and objects may be nested: serde_json refuses
	// the 128th level.
	MaxDepth = 127

	// MaxAnswer is how much of an answer a client reads, in bytes. The endpoint's
	// own answers are below 1 KiB; a peer that sends more is not the endpoint.
	MaxAnswer = 64 << 10
)

// Limits are the largest sizes that an endpoint takes, in bytes. What is larger is
// refused with a 413 (an event of 2024 with a 400), on v0 with all the events of its
// request. A zero field means the limit of the service. A Decoder, which reads what has
// arrived, leaves Wire to whoever reads from the network.
type Limits struct {
	Wire  int // of a body as it travels; see Generation.MaxWire
	Plain int // of a body once it is decompressed; see MaxPlain
	Event int // of the Kafka message that an event becomes; see MaxEvent
}

func (l Limits) plain() int {
	if l.Plain > 0 {
		return l.Plain
	}
	return MaxPlain
}

func (l Limits) event() int {
	if l.Event > 0 {
		return l.Event
	}
	return MaxEvent
}
