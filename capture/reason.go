package capture

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

	// Network: it did not reach the endpoint whole.
	NameNotFound
	ConnectRefused
	ConnectTimeout
	ConnectFailed
	TLSFailed
	BrokenWhileSending // the connection failed before the last byte was written

	// Network, after the last byte was written: it may have been ingested.
	AnswerTimeout
	ClosedBeforeAnswer
	BrokenWhileReading
	GarbledAnswer   // not HTTP, or a truncated answer
	OversizedAnswer // larger than MaxAnswer

	// Server: it answered, and the answer is no.
	Redirected         // 3xx: never followed
	BadRequest         // 400
	Unauthorized       // 401
	BillingLimit       // 402
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
	UnexpectedStatus   // anything else

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
)
