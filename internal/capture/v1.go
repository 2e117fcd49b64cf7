package capture

import (
	"bytes"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// PathV1 is the route of v1, without its trailing slash; older servers and
// clients call it pathOldV1 (capture v1/router.rs).
const (
	PathV1    = "/i/v1/analytics/events"
	pathOldV1 = "/i/v1/general/events"
)

// IsV1 reports whether a path, without its query, is that of v1.
func IsV1(path string) bool {
	path = strings.TrimSuffix(path, "/")
	return path == PathV1 || path == pathOldV1
}

// The headers that v1 adds to HTTP's own (capture v1/constants.rs).
const (
	HeaderSDKInfo   = "PostHog-Sdk-Info"          // name/version
	HeaderAttempt   = "PostHog-Attempt"           // 1, 2, …
	HeaderRequestID = "PostHog-Request-Id"        // a UUID, the same for every attempt
	HeaderTimestamp = "PostHog-Request-Timestamp" // RFC 3339, of this attempt
)

// The sizes at which v1 says no, in bytes (v1/analytics/constants.rs).
const (
	MaxWireV1  = 10 << 20
	MaxPlainV1 = 50 << 20

	maxNameV1 = 200 // of an event name
	maxIDV1   = 200 // of a distinct_id
)

// RetryAfterV1 is what v1 says in Retry-After, in seconds.
const RetryAfterV1 = "1"

// Verdict is what v1 says of one event.
type Verdict uint8

// The verdicts. Limited stands in the contract of the SDKs' test harness only.
const (
	VerdictNone    Verdict = iota // nothing was said of it
	VerdictOk                     // taken
	VerdictWarning                // taken, without what a warning says
	VerdictDrop                   // not taken, and never will be
	VerdictRetry                  // not taken, send it again
	VerdictLimited                // not taken, do not send it again
)

// verdictNames are the words of the wire.
var verdictNames = [...]string{"", "ok", "warning", "drop", "retry", "limited"}

// String returns the word of the wire, "" for VerdictNone.
func (v Verdict) String() string {
	if int(v) < len(verdictNames) {
		return verdictNames[v]
	}
	return ""
}

// parseVerdict reads a word of the wire; VerdictNone is one that it does not know.
func parseVerdict(word []byte) Verdict {
	for v := VerdictOk; v <= VerdictLimited; v++ {
		if string(word) == verdictNames[v] {
			return v
		}
	}
	return VerdictNone
}

// Reason is what the verdict means for the event's books.
func (v Verdict) Reason() Reason {
	switch v {
	case VerdictOk, VerdictWarning:
		return Accepted
	case VerdictDrop:
		return Dropped
	case VerdictRetry:
		return NotPersisted
	case VerdictLimited:
		return Limited
	}
	return UnknownAnswer
}

// Detail says why an event got its verdict. It is one of a closed set: v1's own
// details, or OtherDetail.
type Detail uint8

// The details that the staging endpoint gives itself.
const (
	NoDetail           Detail = iota
	OtherDetail               // one that is not known here
	DetailNotPersisted        // with VerdictRetry
	detailNoPersons
	detailNoName
	detailLongName
	detailNoID
	detailLongID
	detailTime
	detailProperties
	detailPerformance
	detailOptions
	detailBig
	detailRestricted
	detailNotHistorical
)

// detailNames are all that v1 is known to say (v1/analytics/process.rs and
// constants.rs).
var detailNames = [...]string{
	"", "other", "not_persisted", "person_processing_disabled",
	"missing_event_name", "event_name_too_long", "missing_distinct_id", "distinct_id_too_large",
	"invalid_event_timestamp", "malformed_event_properties", "dropped_performance_event",
	"invalid_options", "event_too_big",
	"event_restriction_drop", "non_historical_import_drop", "misrouted_event", "ai_byte_rate_limited",
	"ai_event_too_big", "exceptions_over_quota", "survey_responses_over_quota", "llm_events_over_quota",
	"serialization_failed", "rejected", "billing_limit_exceeded",
}

// String returns the word of the wire.
func (d Detail) String() string {
	if int(d) < len(detailNames) {
		return detailNames[d]
	}
	return detailNames[OtherDetail]
}

// parseDetail reads a word of the wire. There are few of them, and most answers
// have none.
func parseDetail(word []byte) Detail {
	for d, name := range detailNames {
		if string(word) == name {
			return Detail(d)
		}
	}
	return OtherDetail
}

// EventResult is what v1 says of one event of a request.
type EventResult struct {
	UUID    UUID
	Verdict Verdict
	Detail  Detail
}

// AppendResults appends the body of a v1 answer, and reports whether any event
// is to be sent again, which the answer says in Retry-After.
func AppendResults(dst []byte, results []EventResult) (body []byte, retry bool) {
	dst = append(dst, `{"results":{`...)
	for i, r := range results {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = AppendUUID(append(dst, '"'), r.UUID)
		dst = append(append(dst, `":{"result":"`...), r.Verdict.String()...)
		if r.Detail != NoDetail {
			dst = append(append(dst, `","details":"`...), r.Detail.String()...)
		}
		dst = append(dst, `"}`...)
		retry = retry || r.Verdict == VerdictRetry
	}
	return append(dst, "}}"...), retry
}

// illegalV1 are the distinct_ids, in lower case, for whose events v1 switches
// persons off (ILLEGAL_DISTINCT_IDS).
var illegalV1 = [...]string{
	"0", "00000000-0000-0000-0000-000000000000", "[object object]", "anonymous", "anonymous-user",
	"backend", "distinct_id", "distinctid", "email", "false", "guest", "id", "nan", "none",
	"not_authenticated", "null", "system", "true", "undefined", "user",
}

// RequestV1 is one request to v1, as it came from the wire: the headers that v1
// reads, nil where one is missing, and the body. Its slices belong to the caller.
type RequestV1 struct {
	Authorization   []byte
	UserAgent       []byte
	ContentType     []byte
	ContentEncoding []byte
	SDKInfo         []byte
	Attempt         []byte
	RequestID       []byte
	Timestamp       []byte
	ForwardedFor    []byte     // X-Forwarded-For
	Peer            netip.Addr // the address that the request came from; zero: not known
	Body            []byte
}

// check returns the token that the headers name, or what is wrong with them.
func (r *RequestV1) check() ([]byte, *Refusal) {
	if r.Authorization == nil {
		return nil, refuseV1(401, "missing_authorization", "request is missing the Authorization header")
	}
	if missing := r.missing(); len(missing) > 0 {
		return nil, refuseV1(400, "missing_required_headers",
			fmt.Sprintf("request is missing required headers: [\"%s\"]", strings.Join(missing, `", "`)))
	}
	const bearer = "Bearer "
	if len(r.Authorization) <= len(bearer) || !strings.EqualFold(string(r.Authorization[:len(bearer)]), bearer) {
		return nil, badHeader("Authorization must use Bearer scheme")
	}
	token, refusal := checkToken(r.Authorization[len(bearer):])
	if refusal != nil {
		return nil, refuseV1(401, "invalid_api_token", "The provided API token is not valid.")
	}
	return token, r.checkValues()
}

// missing names the required headers that are not there, in the order of v1.
func (r *RequestV1) missing() (names []string) {
	for _, h := range []struct {
		name  string
		value []byte
	}{
		{"user-agent", r.UserAgent},
		{"content-type", r.ContentType},
		{strings.ToLower(HeaderSDKInfo), r.SDKInfo},
		{strings.ToLower(HeaderAttempt), r.Attempt},
		{strings.ToLower(HeaderRequestID), r.RequestID},
		{strings.ToLower(HeaderTimestamp), r.Timestamp},
	} {
		if h.value == nil {
			names = append(names, h.name)
		}
	}
	return names
}

// checkValues judges what the headers say.
func (r *RequestV1) checkValues() *Refusal {
	kind, _, _ := bytes.Cut(r.ContentType, []byte(";"))
	if !strings.EqualFold(string(bytes.TrimSpace(kind)), "application/json") {
		return refuseV1(415, "unsupported_content_type", "unsupported content type: "+brief(string(r.ContentType)))
	}
	switch Coding(bytes.ToLower(r.ContentEncoding)) {
	case Identity, Gzip, Deflate, Brotli, Zstd:
	default:
		return refuseV1(415, "unsupported_encoding", "unsupported content encoding: "+brief(string(r.ContentEncoding)))
	}
	if _, err := ParseUUID(r.RequestID); err != nil {
		return badHeader("posthog-request-id is not a valid UUID: " + brief(string(r.RequestID)))
	}
	if n, err := strconv.ParseUint(string(r.Attempt), 10, 32); err != nil || n < 1 {
		return badHeader("posthog-attempt must be a positive integer: " + brief(string(r.Attempt)))
	}
	if _, err := time.Parse(time.RFC3339, string(r.Timestamp)); err != nil {
		return badHeader("posthog-request-timestamp is not valid RFC 3339: " + brief(string(r.Timestamp)))
	}
	return nil
}

func badHeader(what string) *Refusal {
	return refuseV1(400, "invalid_header_value", "invalid header value: "+what)
}
