package capture

import (
	"fmt"
	"iter"
)

// Reason says what became of one request: accepted, or why not. It is a closed
// set; reasonTable is the only place that knows a reason's name, its side and
// what it means for the events of the request.
type Reason uint8

// The reasons, in the order in which a request can meet them.
const (
	Accepted Reason = iota

	// Ours: the request never left.
	NoFreeConnection // late: skip, and every connection was busy at the due time
	NotStarted       // the run ended before the request was due
	NotBuilt         // the body could not be built (a recording that broke off)
	HeldBack         // the permit's cap had no room for it
	NotBuiltInTime   // late: skip, and its body was not ready: the generator lacked CPU
	NotSentInTime    // late: skip, and it was ready, but the generator was late
	GeneratorStalled // late: skip, and the generator stood still

	// Network: it did not reach the endpoint whole.
	NameNotFound
	ConnectRefused
	ConnectTimeout
	ConnectFailed
	TLSFailed
	BadCertificate     // expired, for another host, or of an unknown authority
	BrokenWhileSending // the connection failed before the last byte was written

	// Ours, when a connection was to be opened.
	NoSocket // no file, port or buffer was left for it

	// Network, after the last byte was written: it may have been ingested.
	AnswerTimeout
	ClosedBeforeAnswer
	BrokenWhileReading
	GarbledAnswer   // not HTTP, or a truncated answer
	OversizedAnswer // larger than MaxAnswer

	// Ours, after the last byte was written.
	Abandoned // the run was broken off: we stopped waiting
	ShardLost // the shard that may have sent it left no word of it

	// Server: it answered, and the answer is no.
	Redirected         // 3xx: never followed
	BadRequest         // 400
	Unauthorized       // 401
	BillingLimit       // 402, or a 200 that names events as quota limited
	Forbidden          // 403
	NotFound           // 404
	RequestTimeout     // 408
	PayloadTooLarge    // 413
	UnsupportedContent // 415
	RateLimited        // 429
	InternalError      // 500
	BadGateway         // 502
	Unavailable        // 503
	GatewayTimeout     // 504
	OtherServerError   // any other 5xx
	UnexpectedStatus   // anything else

	// Server: it answered 200, and said no of the event (v1).
	Dropped      // and always will
	NotPersisted // for now: it asks to have it again
	Limited      // and does not want it again

	// Server: it answered 2xx, but not as a capture endpoint does.
	UnknownAnswer // a login page, a proxy's greeting: it may have been ingested

	reasons // how many there are
)

// Side says whose doing a rejection was.
type Side uint8

// The sides. Nobody's is the side of Accepted.
const (
	Nobody Side = iota
	Server
	Network
	Ours
)

// Fate is what a reason means for the books: every planned request and event
// has exactly one.
type Fate uint8

// The fates: planned = sent + unsent, sent = accepted + rejected + ambiguous.
const (
	FateUnsent Fate = iota
	FateAccepted
	FateRejected
	FateAmbiguous // it may have been ingested

	// FateMayBeStored is a rejected event of a request that was refused in such a
	// way that some of it may be stored (see StoredOf). No reason means it by itself.
	FateMayBeStored
)

type reasonRow struct {
	name  string
	side  Side
	fate  Fate
	retry bool
}

// reasonTable says all there is to say about each reason. SDKs send again after
// network errors, 408, 429 and 5xx, and after nothing else (capture-harness
// contract capture_tests.yaml; posthog-go, -python and -js agree). An oversized
// answer is no network error to them: they saw a status.
//
// A refusal counts as rejected though some events of its batch may have landed:
// StoredOf says of which.
var reasonTable = [reasons]reasonRow{
	Accepted: {"accepted", Nobody, FateAccepted, false},

	NoFreeConnection: {"no_free_connection", Ours, FateUnsent, false},
	NotStarted:       {"not_started", Ours, FateUnsent, false},
	NotBuilt:         {"not_built", Ours, FateUnsent, false},
	HeldBack:         {"held_back", Ours, FateUnsent, false},
	NotBuiltInTime:   {"not_built_in_time", Ours, FateUnsent, false},
	NotSentInTime:    {"not_sent_in_time", Ours, FateUnsent, false},
	GeneratorStalled: {"generator_stalled", Ours, FateUnsent, false},

	NameNotFound:       {"name_not_found", Network, FateRejected, true},
	ConnectRefused:     {"connect_refused", Network, FateRejected, true},
	ConnectTimeout:     {"connect_timeout", Network, FateRejected, true},
	ConnectFailed:      {"connect_failed", Network, FateRejected, true},
	TLSFailed:          {"tls_failed", Network, FateRejected, true},
	BadCertificate:     {"bad_certificate", Network, FateRejected, true},
	BrokenWhileSending: {"broken_while_sending", Network, FateRejected, true},

	NoSocket: {"no_socket", Ours, FateRejected, true},

	AnswerTimeout:      {"answer_timeout", Network, FateAmbiguous, true},
	ClosedBeforeAnswer: {"closed_before_answer", Network, FateAmbiguous, true},
	BrokenWhileReading: {"broken_while_reading", Network, FateAmbiguous, true},
	GarbledAnswer:      {"garbled_answer", Network, FateAmbiguous, true},
	OversizedAnswer:    {"oversized_answer", Network, FateAmbiguous, false},

	Abandoned: {"abandoned", Ours, FateAmbiguous, false},
	ShardLost: {"shard_lost", Ours, FateAmbiguous, false},

	Redirected:         {"redirected", Server, FateRejected, false},
	BadRequest:         {"bad_request", Server, FateRejected, false},
	Unauthorized:       {"unauthorized", Server, FateRejected, false},
	BillingLimit:       {"billing_limit", Server, FateRejected, false},
	Forbidden:          {"forbidden", Server, FateRejected, false},
	NotFound:           {"not_found", Server, FateRejected, false},
	RequestTimeout:     {"request_timeout", Server, FateRejected, true},
	PayloadTooLarge:    {"payload_too_large", Server, FateRejected, false},
	UnsupportedContent: {"unsupported_content", Server, FateRejected, false},
	RateLimited:        {"rate_limited", Server, FateRejected, true},
	InternalError:      {"internal_error", Server, FateRejected, true},
	BadGateway:         {"bad_gateway", Server, FateRejected, true},
	Unavailable:        {"unavailable", Server, FateRejected, true},
	GatewayTimeout:     {"gateway_timeout", Server, FateRejected, true},
	OtherServerError:   {"other_server_error", Server, FateRejected, true},
	UnexpectedStatus:   {"unexpected_status", Server, FateRejected, false},

	Dropped:      {"dropped", Server, FateRejected, false},
	NotPersisted: {"not_persisted", Server, FateRejected, true},
	Limited:      {"limited", Server, FateRejected, false},

	UnknownAnswer: {"unknown_answer", Server, FateAmbiguous, false},
}

// String returns the name of r as it stands in result.json.
func (r Reason) String() string {
	if r >= reasons {
		return fmt.Sprintf("reason(%d)", uint8(r))
	}
	return reasonTable[r].name
}

// Side says whose doing r was. A value that is no reason is ours.
func (r Reason) Side() Side {
	if r >= reasons {
		return Ours
	}
	return reasonTable[r].side
}

// Fate says what r means for the events of the request. A value that is no
// reason is ambiguous: nothing is known about it.
func (r Reason) Fate() Fate {
	if r >= reasons {
		return FateAmbiguous
	}
	return reasonTable[r].fate
}

// Retryable reports whether the official SDKs would send the request again.
func (r Reason) Retryable() bool { return r < reasons && reasonTable[r].retry }

// Reasons yields every reason, Accepted first.
func Reasons() iter.Seq[Reason] {
	return func(yield func(Reason) bool) {
		for r := range reasons {
			if !yield(r) {
				return
			}
		}
	}
}

// ParseReason returns the reason of that name, the inverse of String.
func ParseReason(name string) (Reason, error) {
	for r := range Reasons() {
		if reasonTable[r].name == name {
			return r, nil
		}
	}
	return 0, fmt.Errorf("cannot parse reason %q: no such reason", brief(name))
}

// String returns the name of s as it stands in result.json; Nobody is "".
func (s Side) String() string {
	switch s {
	case Server:
		return "server"
	case Network:
		return "network"
	case Ours:
		return "ours"
	}
	return ""
}
