package scenario

// The closed sets of the scenario file. Each word is spelled in the file as here.

// Endpoint is the route and shape of requests.
type Endpoint string

// The endpoints.
const (
	EndpointBatch   Endpoint = "batch"   // POST /batch/: many events a request
	EndpointArray   Endpoint = "array"   // POST /e/: many events a request, in a list without an envelope
	EndpointCapture Endpoint = "capture" // POST /i/v0/e/: one event a request
	EndpointV1      Endpoint = "v1"      // POST /i/v1/analytics/events: many events, a verdict for each
)

// Compression is the content coding of request bodies.
type Compression string

// The compressions.
const (
	CompressionNone    Compression = "none"
	CompressionGzip    Compression = "gzip"
	CompressionDeflate Compression = "deflate" // v1 only, like those below
	CompressionBrotli  Compression = "br"
	CompressionZstd    Compression = "zstd"
)

// Late is what happens when no connection is free at the due time.
type Late string

// The answers to being late.
const (
	LateQueue Late = "queue" // send late; latency still runs from the due time
	LateSkip  Late = "skip"  // do not send; counted as unsent
)

// Retry is what happens to a request that was refused.
type Retry string

// The ways to retry.
const (
	RetryNone Retry = "none" // once is all
	RetrySDK  Retry = "sdk"  // again, as the official client libraries do
)

// Format is the shape of a recording.
type Format string

// The formats of recordings.
const (
	FormatAuto      Format = "auto"       // told from the first line
	FormatPostHog   Format = "posthog"    // batch export, or records of the events API
	FormatMixpanel  Format = "mixpanel"   // raw export
	FormatAmplitude Format = "amplitude"  // export
	FormatSegment   Format = "segment"    // messages of Segment or RudderStack
	FormatSnowplow  Format = "snowplow"   // enriched events, tab-separated
	FormatAccessLog Format = "access-log" // Common Log Format, combined or not
	FormatCSV       Format = "csv"        // a table with a header, through Replay.Fields
	FormatJSONL     Format = "jsonl"      // one event a line, through Replay.Fields
	FormatParquet   Format = "parquet"    // rows of a Parquet file, told from its columns
	FormatCapture   Format = "capture"    // recorded requests, sent byte for byte
)

// formats are all of them.
var formats = [...]Format{
	FormatAuto, FormatPostHog, FormatMixpanel, FormatAmplitude, FormatSegment,
	FormatSnowplow, FormatAccessLog, FormatCSV, FormatJSONL, FormatParquet, FormatCapture,
}

// Stamps is what time replayed events bear.
type Stamps string

// The time stamps of a replay.
const (
	StampsKept Stamps = "kept" // that of the recording: a historical import
	StampsNow  Stamps = "now"  // when they are due: as if it happened again
)

// Kept is what a run keeps of recorded lines that it cannot send.
type Kept string

// What is kept.
const (
	KeptLines  Kept = "lines"  // the lines as they were recorded, personal data included
	KeptPlaces Kept = "places" // where they stand, and why they are left out
)

// Clock is what sets the due times of a replay.
type Clock string

// The clocks of a replay.
const (
	ClockRecorded Clock = "recorded" // the recording's own rhythm, times Speed
	ClockProfile  Clock = "profile"  // load.profile
)

// Order is what a replay keeps in sequence.
type Order string

// The orders of a replay.
const (
	OrderPerID Order = "per-id" // events of one distinct_id never overtake each other
	OrderFile  Order = "file"   // one request in flight
	OrderNone  Order = "none"
)
