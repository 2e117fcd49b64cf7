package capture

import (
	"fmt"
	"slices"
)

// Generation is one of the behaviours that the v0 event routes have had. The
// zero value is Current.
type Generation uint8

// The generations.
const (
	Current        Generation = iota // the service of 2026
	Generation2024                   // the first public one, hog-rs
)

// ParseGeneration reads "current", which is what there is in November 2026, or "2024".
func ParseGeneration(text string) (Generation, error) {
	for _, g := range []Generation{Current, Generation2024} {
		if g.String() == text {
			return g, nil
		}
	}
	return 0, fmt.Errorf("cannot parse generation %q: want current or 2024", brief(text))
}

// String returns the form that ParseGeneration reads.
func (g Generation) String() string {
	if g == Generation2024 {
		return "2024"
	}
	return "current"
}

// MaxWire is the largest body of a v0 request as it travels, in bytes.
func (g Generation) MaxWire() int {
	if g == Generation2024 {
		return maxWire2024
	}
	return MaxWire
}

// RefuseBroken returns the refusal of a body that ended before its end, in the
// words of the HTTP library that the service is built with.
func (g Generation) RefuseBroken() *Refusal {
	const cause = "error reading a body from connection"
	if g == Generation2024 {
		return refuse(400, "Failed to buffer the request body: "+cause)
	}
	return refuse(400, textDecode+"Error reading request body: "+cause)
}

// RefuseWire returns the refusal of a body that is larger than limit as it
// travels, in bytes (capture extractors.rs; in 2024 the words of the axum
// framework).
func (g Generation) RefuseWire(limit int) *Refusal {
	if g == Generation2024 {
		return refuse(413, "Failed to buffer the request body: length limit exceeded")
	}
	return refuse(413, fmt.Sprintf("%sRequest body exceeds limit of %d bytes", textTooLarge, limit))
}

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
// arrived, leaves Wire to the code that reads from the network.
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

// Policy is what a deployment of the service decides of requests beside their
// form. The zero value takes everything.
type Policy struct {
	// OverQuota are tokens whose events are discarded behind a 200; v1 answers 402.
	OverQuota []string

	// KnownTokens, unless it is empty, are those that belong to a project. Others
	// are answered 401 (known_tokens.rs, mode enforce).
	KnownTokens []string

	// Drop are tokens, or token:distinct_id, whose events are dropped behind a 200
	// (DROP_EVENTS_BY_TOKEN_DISTINCT_ID, and event restrictions of that kind).
	Drop []string

	// Import is the import mode: what is not marked as historical_migration is
	// discarded behind a 200.
	Import bool
}

// Discard says why the service takes none of a request's events and answers 200
// all the same.
type Discard uint8

// The reasons.
const (
	NotDiscarded  Discard = iota
	OverQuota             // the project has no quota left
	NotHistorical         // an endpoint for imports takes no others
	ByRule                // a rule drops events of its token or distinct_id
)

// String returns the cause in the words of the service's metrics.
func (d Discard) String() string {
	switch d {
	case OverQuota:
		return "over_quota"
	case NotHistorical:
		return "non_historical_import"
	case ByRule:
		return "event_restriction"
	}
	return ""
}

// authorize refuses a token that belongs to no project.
func (p *Policy) authorize(token []byte) *Refusal {
	if len(p.KnownTokens) > 0 && !slices.Contains(p.KnownTokens, string(token)) {
		return refuse(401, textUnknownToken)
	}
	return nil
}

// discards returns why all of a request is discarded. Its events have not been
// looked at by then.
func (p *Policy) discards(token []byte, historical bool) Discard {
	switch {
	case p.isOverQuota(token):
		return OverQuota
	case p.Import && !historical:
		return NotHistorical
	}
	return NotDiscarded
}

func (p *Policy) isOverQuota(token []byte) bool { return slices.Contains(p.OverQuota, string(token)) }

// dropsOf reports whether any event of a token may be dropped.
func (p *Policy) dropsOf(token []byte) bool {
	return slices.ContainsFunc(p.Drop, func(rule string) bool {
		n := len(token)
		return len(rule) >= n && rule[:n] == string(token) &&
			(len(rule) == n || rule[n] == ':')
	})
}

// drops reports whether an event is dropped.
func (p *Policy) drops(token, id []byte) bool {
	return slices.ContainsFunc(p.Drop, func(rule string) bool {
		n := len(token)
		return len(rule) >= n && rule[:n] == string(token) &&
			(len(rule) == n || rule[n] == ':' && rule[n+1:] == string(id))
	})
}
