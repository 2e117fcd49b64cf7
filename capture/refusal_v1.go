package capture

import "fmt"

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
	return refuseV1(413, "payload_too_large", fmt.Sprintf("payload too large: Request body exceeds limit of %d bytes", limit))
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
