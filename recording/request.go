package recording

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"rehearse/capture"
)

// Request is one recorded request to an event endpoint.
type Request struct {
	Time            time.Time // when the server received it
	Path            string    // with the query
	ContentType     string
	ContentEncoding string
	ForwardedFor    string // the address that it came from
	Body            []byte // as it went over the wire; its buffer is used again
}

// Parse reads a line with path, method, content_type, content_encoding, ip, now
// and body (in base64), or says why that is no request that can be sent.
func (r *Request) Parse(line []byte) Reason {
	if !gjson.ValidBytes(line) {
		return NotJSON
	}
	f := gjson.GetManyBytes(line, "method", "path", "content_type", "content_encoding", "ip", "now", "body")
	method, path := f[0].Str, f[1].Str
	if method != "" && method != "POST" || path == "" || path[0] != '/' {
		return NotRequest
	}
	now, ok := ParseTime([]byte(f[5].Raw))
	if !ok {
		return NoTime
	}
	body, err := base64.StdEncoding.AppendDecode(r.Body[:0], []byte(f[6].Str))
	if err != nil {
		return NotRequest
	}
	*r = Request{now, path, f[2].Str, f[3].Str, f[4].Str, body}
	return ""
}

// Decode returns what the request submits, as the endpoint would understand it.
func (r *Request) Decode(d *capture.Decoder) (*capture.Submission, error) {
	path, query, _ := strings.Cut(r.Path, "?")
	return d.Decode(&capture.Request{
		Path: []byte(path), Query: []byte(query),
		ContentType: []byte(r.ContentType), ContentEncoding: []byte(r.ContentEncoding), Body: r.Body,
	})
}
