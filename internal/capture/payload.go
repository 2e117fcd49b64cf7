package capture

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
)

// sniff is how much of a payload the service looks at before it takes it for a
// form or for base64, in bytes (capture utils.rs MAX_CHARS_TO_CHECK).
const sniff = 128

// unwrapper takes a request's payload out of its wrappings: query parameter,
// form, base64, gzip, lz64. Its buffers are reused from request to request.
type unwrapper struct {
	source bytes.Reader
	gzip   *gzip.Reader
	lz64   lz64
	plain  []byte // what came out of gzip or lz64
}

// unwrap returns the JSON text that r carries: valid UTF-8, at most limit bytes.
// It aliases r or the buffers of u (capture payload/common.rs, decompression.rs).
func (u *unwrapper) unwrap(r *Request, q *query, limit int) ([]byte, *Refusal) {
	if cap(u.plain) > keep {
		u.plain = nil
	}
	payload := q.data
	if len(payload) == 0 {
		payload = r.Body
	}
	if len(payload) == 0 {
		return nil, refuse(400, textNoPayload)
	}
	if !looksLikeForm(payload) && looksLikeBase64(payload, false) {
		payload = unbase64(payload)
	}
	hint := q.hint
	if r.isForm() {
		data, inner, refusal := readForm(payload)
		if refusal != nil {
			return nil, refusal
		}
		payload = data
		hint = firstHint(hint, inner)
	}
	hint = firstHint(hint, parseCompression(string(r.ContentEncoding)))
	return u.decompress(payload, hint, r.isLegacy(), limit)
}

func firstHint(a, b compression) compression {
	if a != unhinted {
		return a
	}
	return b
}

// decompress undoes gzip if the hint or the first bytes say so, and on the
// legacy paths the base64 that may be inside. A gzip hint on anything else is an
// error; the 2024 generation ignored the hint and looked at the bytes alone.
func (u *unwrapper) decompress(payload []byte, hint compression, legacy bool, limit int) ([]byte, *Refusal) {
	var refusal *Refusal
	switch {
	case hint == hintGzip || isGzip(payload):
		payload, refusal = u.gunzip(payload, limit)
	case hint == hintLZ64:
		payload, refusal = u.unlz64(payload, limit)
	default:
		refusal = checkText(payload, limit)
	}
	if refusal != nil {
		return nil, refusal
	}
	if legacy && looksLikeBase64(payload, false) {
		// Base64 is longer than what it encodes: the limit still holds.
		if inner := unbase64(payload); utf8.Valid(inner) {
			payload = inner
		}
	}
	return payload, nil
}

// isGzip looks at the bytes that the service looks at: the magic and the one
// method there is.
func isGzip(payload []byte) bool { return bytes.HasPrefix(payload, []byte{0x1f, 0x8b, 0x08}) }

// unlz64 decodes lz-string's base64. The limit counts units of UTF-16 first, of
// which text never has more than bytes, and then bytes.
func (u *unwrapper) unlz64(payload []byte, limit int) ([]byte, *Refusal) {
	units, err := u.lz64.decode(payload, limit)
	if cap(u.lz64.out) > keep/2 {
		u.lz64 = lz64{}
	}
	switch {
	case errors.Is(err, errLZ64Large):
		return nil, refuse(413, textTooLarge+fmt.Sprintf(detailLZ64TooBig, limit))
	case err != nil:
		return nil, refuse(400, textDecode+detailLZ64)
	}
	text, whole := appendUTF8(u.plain[:0], units)
	u.plain = text
	switch {
	case !whole:
		return nil, refuse(400, textDecode+detailLZ64Text)
	case len(text) > limit:
		return nil, refuse(413, textTooLarge+detailLZ64Longer)
	}
	return text, nil
}

func checkText(payload []byte, limit int) *Refusal {
	switch {
	case !utf8.Valid(payload):
		return refuse(400, textDecode+detailText)
	case len(payload) > limit:
		return refuseSize(detailPlainTooBig, limit, len(payload))
	}
	return nil
}

// gunzip decompresses the first member of a gzip stream and ignores what follows
// it, as the service's decoder does. It never holds more than limit bytes and
// the slack of a growing buffer.
func (u *unwrapper) gunzip(payload []byte, limit int) ([]byte, *Refusal) {
	if u.open(payload) != nil {
		return nil, refuse(400, textDecode+detailGzip)
	}
	u.plain = slices.Grow(u.plain[:0], min(4*len(payload), limit)+1)
	for {
		n, err := u.gzip.Read(u.plain[len(u.plain):cap(u.plain)])
		u.plain = u.plain[:len(u.plain)+n]
		switch {
		case len(u.plain) > limit:
			return nil, refuseSize(detailGzipTooBig, limit, len(u.plain))
		case err == io.EOF && !utf8.Valid(u.plain):
			return nil, refuse(400, textDecode+detailGzipText)
		case err == io.EOF:
			return u.plain, nil
		case err != nil:
			return nil, refuse(400, textDecode+detailGzip)
		}
		u.plain = slices.Grow(u.plain, 1)
	}
}

func (u *unwrapper) open(payload []byte) (err error) {
	u.source.Reset(payload)
	if u.gzip == nil {
		u.gzip, err = gzip.NewReader(&u.source)
	} else {
		err = u.gzip.Reset(&u.source)
	}
	if err == nil {
		u.gzip.Multistream(false)
	}
	return err
}

// unbase64 returns payload decoded, or payload itself if it is not base64.
func unbase64(payload []byte) []byte {
	decoded, err := base64.StdEncoding.Strict().AppendDecode(nil, payload)
	if err != nil {
		return payload
	}
	return decoded
}

// readForm returns the data and the compression hint of a form. A form without
// data stands for itself: it will turn out not to be JSON.
func readForm(payload []byte) (data []byte, hint compression, refusal *Refusal) {
	if !looksLikeForm(payload) {
		return nil, unhinted, refuse(400, textDecode+detailNoForm)
	}
	data = payload
	datas, hints := 0, 0
	for name, value := range pairs(payload) {
		switch name {
		case "data":
			data = []byte(value)
			datas++
		case "compression":
			hint = parseCompression(strings.ToLower(value))
			hints++
		}
	}
	if datas > 1 || hints > 1 {
		return nil, unhinted, refuse(400, textDecode+detailForm)
	}
	if datas == 1 && looksLikeBase64(data, true) {
		data = bytes.ReplaceAll(data, []byte(" "), []byte("+"))
	}
	return data, hint, nil
}

func looksLikeForm(payload []byte) bool {
	head := payload[:min(len(payload), sniff)]
	for _, field := range []string{"data=", "_=", "ip=", "compression="} {
		if bytes.HasPrefix(head, []byte(field)) || bytes.Contains(head, []byte("&"+field)) {
			return true
		}
	}
	return false
}

// looksLikeBase64 reports whether the length is that of base64 and the beginning
// is of its alphabet; spaces are let pass where they may have been plus signs.
func looksLikeBase64(payload []byte, spaces bool) bool {
	if len(payload) == 0 || len(payload)%4 != 0 {
		return false
	}
	for _, b := range payload[:min(len(payload), sniff)] {
		letter := 'a' <= b|0x20 && b|0x20 <= 'z'
		if !letter && (b < '0' || b > '9') && b != '+' && b != '/' && b != '=' && (b != ' ' || !spaces) {
			return false
		}
	}
	return true
}

// unwrap2024 returns the JSON text that r carries. Whether it is gzip its first
// bytes say, whatever is announced. That generation set no limit to what comes
// out; this one must.
func (u *unwrapper) unwrap2024(r *Request, limit int) ([]byte, *Refusal) {
	payload := r.Body
	if r.isForm() {
		var refusal *Refusal
		if payload, refusal = readForm2024(payload); refusal != nil {
			return nil, refusal
		}
	}
	if isGzip(payload) {
		text, refusal := u.gunzip(payload, limit)
		if refusal != nil && refusal.Status == 400 {
			return nil, refuse(400, textDecode+detailGzipText)
		}
		return text, refusal
	}
	if refusal := checkText(payload, limit); refusal != nil {
		if refusal.Status == 400 {
			return nil, refuse(400, textDecode+detailText2024)
		}
		return nil, refusal
	}
	return payload, nil
}

// readForm2024 returns what the one data field of a form encodes.
func readForm2024(form []byte) ([]byte, *Refusal) {
	found := 0
	var data string
	for name, value := range pairs(form) {
		if name == "data" {
			data = value
			found++
		}
	}
	if found != 1 {
		return nil, refuse(400, textDecode+detailForm2024)
	}
	payload, err := base64.StdEncoding.Strict().DecodeString(data)
	if err != nil {
		return nil, refuse(400, textDecode+detailFormData2024)
	}
	return payload, nil
}
