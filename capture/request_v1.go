package capture

import (
	"bytes"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

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
