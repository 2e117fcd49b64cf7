package capture

import (
	"bytes"
	"iter"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Request is one request to an event route, as it came from the wire. Its slices
// belong to the caller; a Decoder reads them while it decodes and while the
// Submission that it returned is in use.
type Request struct {
	Path            []byte // without the query
	Query           []byte // raw, without the question mark
	ContentType     []byte
	ContentEncoding []byte
	ForwardedFor    []byte     // X-Forwarded-For
	Peer            netip.Addr // the address that the request came from; zero: not known
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

// query holds the parameters that capture reads (payload/types.rs). ip, retry_count
// and all others are ignored.
type query struct {
	data   []byte
	hint   compression
	sentAt time.Time
	beacon bool

	seen []string // the parameters that came: none may come twice
}

// parseQuery reads the parameters as the framework's extractor does, which refuses
// values of the wrong type, and parameters that come twice, under one name or two.
func parseQuery(raw []byte, g Generation) (q query, refusal *Refusal) {
	for name, value := range pairs(raw) {
		known := parameterOf(name, g)
		if known == "" {
			continue
		}
		if slices.Contains(q.seen, known) {
			return q, refuse(400, textQuery+"duplicate field `"+known+"`")
		}
		q.seen = append(q.seen, known)
		if wrong := q.set(known, value, g); wrong != "" {
			return q, refuse(400, textQuery+wrong)
		}
	}
	return q, nil
}

// parameterOf returns the parameter of a name, "" if it is not read.
func parameterOf(name string, g Generation) string {
	switch name {
	case "_", "sent_at":
		return "sent_at"
	case "compression":
		return name
	case "data", "beacon":
		if g == Current {
			return name
		}
	case "ver", "lib_version":
		if g == Generation2024 {
			return "lib_version"
		}
	}
	return ""
}

// set takes a value over, or returns what is wrong with it.
func (q *query) set(known, value string, g Generation) (wrong string) {
	switch known {
	case "data":
		q.data = []byte(value)
	case "compression":
		if g == Current {
			q.hint = parseCompression(strings.ToLower(value))
		} else if value != "gzip" && value != "gzip-js" && value != "Unsupported" {
			return "unknown variant `" + brief(value) + "`, expected one of `Unsupported`, `gzip`, `gzip-js`"
		}
	case "sent_at":
		ms, wrong := parseInteger(value, 64)
		if wrong != "" {
			return wrong
		}
		q.sentAt = sentAtMilli(ms)
	case "beacon":
		n, wrong := parseInteger(value, 32)
		q.beacon = n == 1
		return wrong
	}
	return ""
}

// parseInteger reads an integer of so many bits, or says in Rust's words what is
// first wrong with it.
func parseInteger(text string, bits int) (n int64, wrong string) {
	if text == "" {
		return 0, "cannot parse integer from empty string"
	}
	digits := strings.TrimPrefix(text, "-")
	negative := len(digits) < len(text)
	if !negative {
		digits = strings.TrimPrefix(text, "+")
	}
	limit := uint64(1)<<(bits-1) - 1
	if negative {
		limit++
	}
	var size uint64
	for _, b := range []byte(digits) {
		switch digit := uint64(b - '0'); {
		case digit > 9:
			return 0, "invalid digit found in string"
		case size > (limit-digit)/10 && negative:
			return 0, "number too small to fit in target type"
		case size > (limit-digit)/10:
			return 0, "number too large to fit in target type"
		default:
			size = size*10 + digit
		}
	}
	switch {
	case digits == "":
		return 0, "invalid digit found in string"
	case negative:
		return -int64(size), ""
	}
	return int64(size), ""
}

// sentAtMilli reads Unix milliseconds. A result before 2021 was meant as
// seconds, by an SDK so old that the service ignores it, and so it does with one
// beyond the year 9999.
func sentAtMilli(ms int64) time.Time {
	if t := time.UnixMilli(ms).UTC(); t.Year() > 2020 && t.Year() <= 9999 {
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

// unquote undoes the escapes. What they spell that is no UTF-8 becomes U+FFFD.
func unquote(raw []byte) string {
	text, err := url.QueryUnescape(string(raw))
	if err != nil {
		text = lenientUnquote(raw)
	}
	if utf8.ValidString(text) {
		return text
	}
	return lossy(text)
}

// lossy replaces what is no UTF-8 as Rust does: the longest beginning of a
// character that breaks off counts as one.
func lossy(text string) string {
	var b strings.Builder
	for len(text) > 0 {
		r, size := utf8.DecodeRuneInString(text)
		if r == utf8.RuneError && size == 1 {
			size = brokenLength(text)
		}
		b.WriteRune(r)
		text = text[size:]
	}
	return b.String()
}

// brokenLength is the length of the broken character that text begins with: the
// longest stretch that could begin a whole one.
func brokenLength(text string) int {
	for n := 3; n > 1; n-- {
		if len(text) >= n && beginsRune(text[:n]) {
			return n
		}
	}
	return 1
}

// beginsRune reports whether some character begins with text.
func beginsRune(text string) bool {
	for _, rest := range []string{"\x80", "\x80\x80", "\xbf", "\xbf\xbf"} {
		if r, size := utf8.DecodeRuneInString(text + rest); r != utf8.RuneError && size == len(text)+len(rest) {
			return true
		}
	}
	return false
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
