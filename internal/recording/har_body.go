package recording

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"mime"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
	"golang.org/x/text/encoding/htmlindex"
	"rehearse/internal/jsonscan"
	"rehearse/internal/recording/event"
)

// harRequest is what matters of a request. Whatever wrote the archive decides which of
// these it has: HAR 1.2 has a text or the parameters of a form, and no word for bytes.
type harRequest struct {
	Method   string          `json:"method"`
	URL      string          `json:"url"`
	Headers  []harPair       `json:"headers"`
	BodySize json.RawMessage `json:"bodySize"` // on the wire; -1: not known
	Post     harBody         `json:"postData"`
	Content  harBody         `json:"_content"` // HTTP Toolkit's word for bytes
	Status   string          `json:"_requestBodyStatus"`
}

// harPair is a name with its value.
type harPair struct{ Name, Value string }

// harBody is a body as an archive has it.
type harBody struct {
	Kind     string `json:"mimeType"`
	Text     string `json:"text"`
	Encoding string `json:"encoding"`
	Params   []struct {
		Name, Value string
		FileName    string `json:"fileName"`
	} `json:"params"`
}

// body puts together what was sent, or says why that cannot be done.
func (q *harRequest) body(contentType string) ([]byte, event.Reason) {
	post := &q.Post
	if post.Text == "" && q.Content.Text != "" {
		post = &q.Content
	}
	switch {
	case post.Encoding == "base64":
		return fromBase64(post.Text)
	case post.Text != "":
		return q.fromText(post.Text, contentType)
	case len(post.Params) > 0:
		return q.fromParams(contentType)
	case q.isEmpty():
		return nil, ""
	}
	return nil, event.NoBody
}

// size is how many bytes the body had, -1 if nothing tells. What was compressed on
// its way counts as that.
func (q *harRequest) size() int64 {
	for _, h := range q.Headers {
		if strings.EqualFold(h.Name, "Content-Length") {
			if n, err := strconv.ParseInt(strings.TrimSpace(h.Value), 10, 64); err == nil && n >= 0 {
				return n
			}
		}
	}
	if n, err := strconv.ParseInt(string(q.BodySize), 10, 64); err == nil && n >= 0 {
		return n
	}
	return -1
}

// isEmpty reports whether the request is known to have had no body.
func (q *harRequest) isEmpty() bool { return q.size() == 0 && q.Status == "" }

// fromBase64 reads base64 of any alphabet, with or without padding and line ends.
func fromBase64(text string) ([]byte, event.Reason) {
	plain := strings.NewReplacer("-", "+", "_", "/", "=", "", "\n", "", "\r", "", " ", "").Replace(text)
	body, err := base64.RawStdEncoding.DecodeString(plain)
	if err != nil {
		return nil, event.NotRequest
	}
	return body, ""
}

// fromText makes a text the bytes that it was. Bytes that are no text stand in it one
// character each (Chrome), as base64 without saying so (where its size gives it away),
// or are lost (U+FFFD).
func (q *harRequest) fromText(text, contentType string) ([]byte, event.Reason) {
	if isPackedText(text) {
		if body, ok := latin1(text); ok {
			return body, ""
		}
		return nil, event.BrokenBody
	}
	if size := q.size(); size > 0 && size != int64(len(text)) {
		if body, reason := fromBase64(text); reason == "" && int64(len(body)) == size {
			return body, ""
		}
		if breaksOff(text, size) {
			return nil, event.NoBody
		}
	}
	return inCharset(text, contentType)
}

// isPackedText reports whether a text begins like compressed bytes, each of which
// became a character: gzip, zstd, or zlib, whose two bytes are a multiple of 31 (RFC
// 1950).
func isPackedText(text string) bool {
	first, n := utf8.DecodeRuneInString(text)
	second, _ := utf8.DecodeRuneInString(text[n:])
	switch first {
	case 0x1f: // 0x8b is lost where it was read as UTF-8
		return second == 0x8b || second == utf8.RuneError
	case 0x28:
		return second == 0xb5 || strings.HasPrefix(text[n:], "\ufffd/\ufffd")
	case 0x78:
		return second != utf8.RuneError && (0x7800+second)%31 == 0 && !isPrintable(text)
	}
	return false
}

// isPrintable reports whether a text begins with characters that people write.
func isPrintable(text string) bool {
	for _, r := range text[:min(len(text), 32)] {
		if r < ' ' && r != '\n' && r != '\r' && r != '\t' {
			return false
		}
	}
	return true
}

// latin1 makes bytes of characters; false if one of them is none.
func latin1(text string) ([]byte, bool) {
	bytes := make([]byte, 0, len(text))
	for _, r := range text {
		if r > 0xff {
			return nil, false
		}
		bytes = append(bytes, byte(r))
	}
	return bytes, true
}

// breaksOff reports whether a text is the beginning of JSON of a size.
func breaksOff(text string, size int64) bool {
	return int64(len(text)) < size && (text[0] == '{' || text[0] == '[') && !json.Valid([]byte(text))
}

// inCharset writes a text as the charset of its content type has it.
func inCharset(text, contentType string) ([]byte, event.Reason) {
	_, params, err := mime.ParseMediaType(contentType)
	charset := strings.ToLower(params["charset"])
	if err != nil || charset == "" || charset == "utf-8" || charset == "utf8" {
		return []byte(text), ""
	}
	encoding, err := htmlindex.Get(charset)
	if err != nil {
		return []byte(text), ""
	}
	body, err := encoding.NewEncoder().Bytes([]byte(text))
	if err != nil {
		return nil, event.BrokenBody
	}
	return body, ""
}

// fromParams rebuilds a form. Values are taken as they are where they are escaped
// already, and escaped where they are not; the size of the body decides, if it fits
// one of the two.
func (q *harRequest) fromParams(contentType string) ([]byte, event.Reason) {
	kind, _, _ := mime.ParseMediaType(contentType)
	if kind != "" && kind != "application/x-www-form-urlencoded" {
		return nil, event.NoBody // The parts of a multipart form are not told byte for byte.
	}
	var asIs, escaped, guess []byte
	for i, p := range q.Post.Params {
		if p.FileName != "" {
			return nil, event.NoBody
		}
		if i > 0 {
			asIs, escaped, guess = append(asIs, '&'), append(escaped, '&'), append(guess, '&')
		}
		raw := p.Name + "=" + p.Value
		coded := url.QueryEscape(p.Name) + "=" + url.QueryEscape(p.Value)
		asIs, escaped = append(asIs, raw...), append(escaped, coded...)
		if isEscaped(p.Value) && isEscaped(p.Name) {
			guess = append(guess, raw...)
		} else {
			guess = append(guess, coded...)
		}
	}
	switch size := q.size(); size {
	case int64(len(escaped)):
		return escaped, ""
	case int64(len(asIs)):
		return asIs, ""
	}
	return guess, ""
}

// isEscaped reports whether a value of a form can stand as it is: nothing in it wants
// escaping (URL Standard, "application/x-www-form-urlencoded percent-encode set").
func isEscaped(value string) bool {
	for i := 0; i < len(value); i++ {
		b := value[i]
		switch {
		case b|0x20-'a' < 26, b-'0' <= 9, strings.IndexByte("*-._+", b) >= 0:
		case b == '%' && i+2 < len(value) && jsonscan.IsHex(value[i+1]) && jsonscan.IsHex(value[i+2]):
			i += 2
		default:
			return false
		}
	}
	return true
}

// repack makes the body agree with what the request says of its compression: tools
// that show bodies to people undo it and leave the header where it was.
func (r *Request) repack(q *harRequest) event.Reason {
	_, query, _ := strings.Cut(r.Path, "?")
	asked, _ := url.ParseQuery(query) // what can be read of it
	zipped := strings.HasPrefix(asked.Get("compression"), "gzip")
	coding := strings.ToLower(strings.TrimSpace(r.ContentEncoding))
	switch {
	case len(r.Body) == 0, bytes.HasPrefix(r.Body, []byte{0x1f, 0x8b}):
		return ""
	case coding == "gzip", coding == "" && zipped && !isForm(r.ContentType) && json.Valid(r.Body):
		r.Body = compressed(r.Body)
	case (coding == "br" || coding == "deflate" || coding == "zstd") && json.Valid(r.Body):
		r.ContentEncoding = ""
	}
	return ""
}

// isForm reports whether a content type is that of a form.
func isForm(contentType string) bool {
	return strings.HasPrefix(strings.ToLower(contentType), "application/x-www-form-urlencoded")
}

// compressed compresses with gzip.
func compressed(body []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	z.Write(body) // to memory: it cannot fail
	z.Close()
	return b.Bytes()
}
