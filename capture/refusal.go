package capture

import "fmt"

// Refusal is the endpoint's no to a request: the status and the plain text that
// the capture service answers. It refuses the whole request, whatever the number
// of good events in it.
type Refusal struct {
	Status int
	Text   string
	Code   string // v1's word for it; empty: v0 has none
	Events int    // how many events the request was seen to carry
	Stored int    // how many of them, from the first on, were sent before it failed
}

// Error returns the text as answered.
func (r *Refusal) Error() string { return r.Text }

// What the service answers (capture api.rs of 2026). The 2024 generation has the
// same texts except where a comment says so.
const (
	textNoPayload     = "request missing data payload" // 2024: a parse error
	textNoEvent       = "request holds no event"
	textNoName        = "event submitted with an empty event name"
	textNoDistinctID  = "event submitted without a distinct_id"
	textCookieless    = "event submitted with invalid cookieless mode"
	textUnknownToken  = "API key does not belong to any project. Check the project API key in your PostHog project settings"
	textNoToken       = "event submitted without an api_key"
	textManyTokens    = "batch submitted with inconsistent api_key values"
	textBadToken      = "API key is not valid: "
	textDecode        = "failed to decode request: "
	textParse         = "failed to parse request: "
	textHydrate       = "failed to hydrate events from request: non-engage request missing event name attribute"
	textQuery         = "Failed to deserialize query string: " // the framework's
	textTooLarge      = "maximum event size exceeded: "        // 2024: 400, nothing after "exceeded"
	detailShape       = "data did not match any variant of untagged enum RawRequest"
	detailGzip        = "invalid GZIP data"
	detailGzipText    = "invalid gzip data"
	detailText        = "invalid UTF8 in request payload" // 2024: invalid body encoding
	detailNoForm      = "expected form data in POST request payload"
	detailForm        = "invalid urlencoded form data" // 2024: invalid form data
	detailEventTooBig = "Event rejected by kafka during send"
	detailPlainTooBig = "Uncompressed payload size limit %d exceeded: %d"
	detailGzipTooBig  = "Decompressed payload would exceed %d bytes (got %d bytes)"
	detailLZ64        = "decompress_lz64: failed decompress to UTF16"
	detailLZ64Text    = "decompress_lz64: failed UTF16 to UTF8 conversion"
	detailLZ64TooBig  = "Decompressed LZ64 payload would exceed %d bytes"
	detailLZ64Longer  = "lz64 request payload size limit exceeded"
)

// What the 2024 generation answers where the words differ (hog-rs api.rs).
const (
	textEmptyID2024    = "event submitted with an empty distinct_id"
	textTooLarge2024   = "maximum event size exceeded"
	detailForm2024     = "invalid form data"
	detailFormData2024 = "missing data field"
	detailText2024     = "invalid body encoding"
)

func refuse(status int, text string) *Refusal {
	return &Refusal{Status: status, Text: text}
}

func refuseSize(detail string, limit, got int) *Refusal {
	return refuse(413, textTooLarge+fmt.Sprintf(detail, limit, got))
}
