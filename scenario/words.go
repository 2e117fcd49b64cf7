package scenario

// The closed sets of the scenario file. Each is spelled in the file as here.

// Endpoint is the route and shape of requests.
type Endpoint string

const (
	EndpointBatch   Endpoint = "batch"   // POST /batch/: many events a request
	EndpointCapture Endpoint = "capture" // POST /i/v0/e/: one event a request
)

// Compression is the content coding of request bodies.
type Compression string

const (
	CompressionNone Compression = "none"
	CompressionGzip Compression = "gzip"
)

// Arrivals is how events fall within the curve of the profile.
type Arrivals string

const (
	ArrivalsEven    Arrivals = "even"    // at equal steps of the integral
	ArrivalsPoisson Arrivals = "poisson" // seeded, with the exact total kept
)

// Late is what happens when no connection is free at the due time.
type Late string

const (
	LateQueue Late = "queue" // send late; latency still runs from the due time
	LateSkip  Late = "skip"  // do not send; counted as unsent
)

// Retry is what happens to a request that was refused.
type Retry string

const (
	RetryNone Retry = "none"
)

// Format is the shape of a recording.
type Format string

const (
	FormatAuto    Format = "auto"    // told from the first line
	FormatCapture Format = "capture" // recorded requests, sent byte for byte
	FormatJSONL   Format = "jsonl"   // one event a line, through Replay.Fields
)

// Clock is what sets the due times of a replay.
type Clock string

const (
	ClockRecorded Clock = "recorded" // the recording's own rhythm, times Speed
	ClockProfile  Clock = "profile"  // load.profile
)

// Order is what a replay keeps in sequence.
type Order string

const (
	OrderPerID Order = "per-id" // events of one distinct_id never overtake each other
	OrderFile  Order = "file"   // one request in flight
	OrderNone  Order = "none"
)
