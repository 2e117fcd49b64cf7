package capture

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

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
	textNoPayload    = "request missing data payload" // 2024: a parse error
	textNoEvent      = "request holds no event"
	textNoName       = "event submitted with an empty event name"
	textNoDistinctID = "event submitted without a distinct_id"
	textCookieless   = "event submitted with invalid cookieless mode"
	textUnknownToken = "API key does not belong to any project. " +
		"Check the project API key in your PostHog project settings"
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

// refuseV1 returns a refusal in v1's words: an error code, and a description.
func refuseV1(status int, code, description string) *Refusal {
	return &Refusal{Status: status, Code: code, Text: description}
}

// RefuseV1 returns the refusal that v1 answers with an injected status.
func RefuseV1(status int) *Refusal {
	switch status {
	case 402:
		return refuseV1(402, "billing_limit_exceeded", "billing limit exceeded")
	case 408:
		return refuseV1(408, "request_timeout", "request timed out")
	case 429:
		return refuseV1(429, "rate_limited", "Rate limit exceeded.")
	case 503:
		return refuseV1(503, "service_unavailable", "Service Unavailable")
	case 504:
		return refuseV1(504, "gateway_timeout", "Gateway Timeout")
	}
	return refuseV1(status, "internal_error", "Internal Server Error")
}

// RefuseWireV1 returns the refusal of a v1 body that is larger than limit as it
// travels, in bytes.
func RefuseWireV1(limit int) *Refusal {
	return refuseV1(413, "payload_too_large",
		fmt.Sprintf("payload too large: Request body exceeds limit of %d bytes", limit))
}

// RefuseBrokenV1 returns the refusal of a v1 body that could not be read to its end.
func RefuseBrokenV1() *Refusal {
	return refuseV1(400, "request_decoding_error", "Failed to decode request body.")
}

// AppendJSON appends the answer of v1 to a request that it refuses
// (v1/error.rs ErrorResponse).
func (r *Refusal) AppendJSON(dst []byte) []byte {
	where := "https://posthog.com/docs/api"
	if r.Status == 402 {
		where = "https://posthog.com/docs/billing/limits"
	}
	dst = AppendString(append(dst, `{"error":`...), r.Code)
	dst = AppendString(append(dst, `,"error_description":`...), r.Text)
	return append(AppendString(append(dst, `,"error_uri":`...), where), '}')
}

// RetryAfter reports whether v1 says in Retry-After when to come again.
func (r *Refusal) RetryAfter() bool {
	return r.Status == 408 || r.Status == 429 || r.Status >= 500
}

// Oversize is which size of a request an endpoint found too large.
type Oversize uint8

// The sizes that have a limit.
const (
	NotOversize   Oversize = iota
	OversizeWire           // the body as it travels
	OversizePlain          // the body once it is decompressed
	OversizeEvent          // the Kafka message that one of its events becomes
)

// String returns what is too large; empty: nothing is.
func (o Oversize) String() string {
	return [...]string{"", "request body too large", "decompressed body too large", "event too large"}[o]
}

// Oversize returns which size the refusal is about; NotOversize if it has another
// reason.
func (r *Refusal) Oversize() Oversize {
	switch {
	case r.Text == textTooLarge2024 || strings.HasSuffix(r.Text, detailEventTooBig):
		return OversizeEvent
	case r.Status != 413:
		return NotOversize
	case strings.Contains(r.Text, "Request body exceeds limit") || strings.Contains(r.Text, "length limit exceeded"):
		return OversizeWire
	}
	return OversizePlain
}

// Refused is how much of some load an endpoint refuses for one reason.
type Refused struct {
	Status   int
	Reason   string // in the endpoint's words, or v1's for an event that it drops
	Oversize Oversize
	Discard  Discard // why the answer is 200 all the same; NotDiscarded: for another reason
	Requests int64   // 0: events alone are dropped, and their requests answered 200
	Events   int64   // that are lost
	Error    float64 // half the width of a 95 % interval of both, as a share; 0: exact
}

// RefusedBy counts what is refused, by reason. The zero value has counted nothing.
type RefusedBy struct{ all []Refused }

// The bounds of what is told apart.
const (
	mostReasons   = 20
	longestReason = 120 // characters
	otherReason   = "other reasons"
)

// Add counts requests with events that are refused.
func (b *RefusedBy) Add(r *Refusal, requests, events int64) {
	at := b.at(r.Status, r.reason(), r.Oversize())
	at.Requests += requests
	at.Events += events
}

// Take counts what is lost of a request that is taken: what v0 filters out, and the
// events that v1 drops one by one.
func (b *RefusedBy) Take(s *Submission) {
	switch {
	case s.Discarded == NotHistorical && len(s.Results) == 0: // v1 says so of each event
		of := b.at(200, "an endpoint for imports drops what is not marked historical_migration", NotOversize)
		of.Events, of.Discard = of.Events+int64(s.Len()), NotHistorical
		return
	case s.Discarded == OverQuota: // which is told of apart
		return
	case s.Dropped > 0:
		of := b.at(200, "a rule drops the events of this token or distinct_id", NotOversize)
		of.Events, of.Discard = of.Events+int64(s.Dropped), ByRule
	}
	if s.Filtered > 0 {
		b.at(200, "$performance_event is filtered out", NotOversize).Events += int64(s.Filtered)
	}
	for i := range s.Results {
		if r := &s.Results[i]; r.Verdict == VerdictDrop {
			over := NotOversize
			if r.Detail == detailBig {
				over = OversizeEvent
			}
			of := b.at(200, r.Detail.String(), over)
			of.Events, of.Discard = of.Events+1, r.Detail.discard()
		}
	}
}

// discard is why an event is dropped that has nothing wrong.
func (d Detail) discard() Discard {
	switch d {
	case detailNotHistorical:
		return NotHistorical
	case detailRestricted:
		return ByRule
	}
	return NotDiscarded
}

// All lists what was counted, the reason that loses the most events first.
func (b *RefusedBy) All() []Refused {
	all := slices.Clone(b.all)
	slices.SortStableFunc(all, func(x, y Refused) int { return cmp.Compare(y.Events, x.Events) })
	return all
}

// at returns the place of a reason. Those that find no room are counted as one.
func (b *RefusedBy) at(status int, reason string, over Oversize) *Refused {
	find := func() int {
		return slices.IndexFunc(b.all, func(r Refused) bool { return r.Status == status && r.Reason == reason })
	}
	i := find()
	if i < 0 && len(b.all) >= mostReasons {
		status, reason, over = 0, otherReason, NotOversize
		i = find()
	}
	if i < 0 {
		i = len(b.all)
		b.all = append(b.all, Refused{Status: status, Reason: reason, Oversize: over})
	}
	return &b.all[i]
}

// reason is the refusal's text without what differs from request to request.
func (r *Refusal) reason() string {
	if over := r.Oversize(); over != NotOversize {
		return over.String()
	}
	if r.Code != "" {
		return r.Code
	}
	return string([]rune(r.Text)[:min(utf8.RuneCountInString(r.Text), longestReason)])
}
