package capture

import (
	"bytes"
	"iter"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Request is one request to an event route, as it came from the wire. Its slices
// belong to the caller; a Decoder reads them while it decodes and while the
// Submission that it returned is in use.
type Request struct {
	Path            []byte // without the query
	Query           []byte // raw, without the question mark
	ContentType     []byte
	ContentEncoding []byte
	ForwardedFor    []byte // X-Forwarded-For: no Decoder reads it
	Body            []byte

	Headers iter.Seq2[[]byte, []byte] // all of them, for who records; nil: unknown. No Decoder reads them
}

// isLegacy reports whether the path is one of the older names, on which a body
// that is base64 inside its compression is unwrapped (capture v0_request.rs).
func (r *Request) isLegacy() bool {
	return string(r.Path) == "/e" || bytes.HasPrefix(r.Path, []byte("/e/")) ||
		bytes.HasPrefix(r.Path, []byte("/capture")) ||
		bytes.HasPrefix(r.Path, []byte("/track")) || r.isEngage()
}

// isEngage reports whether an event without a name is meant as $identify.
func (r *Request) isEngage() bool { return bytes.HasPrefix(r.Path, []byte("/engage")) }

// isForm demands the exact content type, as the service does: with a charset
// behind it, the body is taken for JSON.
func (r *Request) isForm() bool {
	return string(r.ContentType) == "application/x-www-form-urlencoded"
}

// query holds the parameters that capture reads (payload/types.rs). ver, ip,
// retry_count and all others are ignored.
type query struct {
	data   []byte
	hint   compression
	sentAt time.Time
	beacon bool
}

func parseQuery(raw []byte) query {
	var q query
	for name, value := range pairs(raw) {
		switch name {
		case "data":
			q.data = []byte(value)
		case "compression":
			q.hint = parseCompression(strings.ToLower(value))
		case "_", "sent_at":
			q.sentAt = sentAtMilli(value)
		case "beacon":
			q.beacon = value == "1"
		}
	}
	return q
}

// sentAtMilli reads Unix milliseconds. A result before 2021 was meant as
// seconds, by an SDK so old that the service ignores it.
func sentAtMilli(text string) time.Time {
	ms, err := strconv.ParseInt(text, 10, 64)
	if t := time.UnixMilli(ms).UTC(); err == nil && t.Year() > 2020 {
		return t
	}
	return time.Time{}
}

// pairs yields the names and values of an urlencoded text, decoded. A percent
// sign that begins no escape stands for itself.
func pairs(raw []byte) func(yield func(name, value string) bool) {
	return func(yield func(name, value string) bool) {
		for len(raw) > 0 {
			var pair []byte
			pair, raw, _ = bytes.Cut(raw, []byte("&"))
			name, value, _ := bytes.Cut(pair, []byte("="))
			if len(pair) > 0 && !yield(unquote(name), unquote(value)) {
				return
			}
		}
	}
}

func unquote(raw []byte) string {
	if text, err := url.QueryUnescape(string(raw)); err == nil {
		return text
	}
	return lenientUnquote(raw)
}

func lenientUnquote(raw []byte) string {
	text := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		switch b := raw[i]; {
		case b == '+':
			text = append(text, ' ')
		case b == '%' && i+2 < len(raw) && digit(raw[i+1])|digit(raw[i+2]) <= 15:
			text = append(text, digit(raw[i+1])<<4|digit(raw[i+2]))
			i += 2
		default:
			text = append(text, b)
		}
	}
	return string(text)
}

// compression is the hint that a request gives about its body.
type compression uint8

const (
	unhinted compression = iota // none, or one the service does not know
	hintGzip
	hintBase64
	hintLZ64
)

// parseCompression reads a hint.
func parseCompression(text string) compression {
	switch text {
	case "gzip", "gzip-js":
		return hintGzip
	case "base64", "b64":
		return hintBase64
	case "lz64", "lz-string":
		return hintLZ64
	}
	return unhinted
}
