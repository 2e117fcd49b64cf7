package recording

import (
	"encoding/base64"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"rehearse/internal/capture"
	"rehearse/internal/recording/event"
)

// Request is one recorded request to an event endpoint.
type Request struct {
	Time            time.Time // when the server received it
	Place           event.Place
	Ahead           bool   // its clock was found to be ahead: it belongs where it stands
	Path            string // with the query
	ContentType     string
	ContentEncoding string
	ForwardedFor    string // the address that it came from
	Body            []byte // as it went over the wire; its buffer is used again

	Headers []Header // of a request to v1: those that v1 adds to HTTP's own
}

// Header is a header of a recorded request that is sent again as it was.
type Header struct{ Name, Value string }

// headersV1 are the headers without which v1 understands nothing. User-Agent is
// not among them: a replay says who it is.
var headersV1 = [...]string{"Authorization", capture.HeaderSDKInfo, capture.HeaderAttempt, capture.HeaderRequestID,
	capture.HeaderTimestamp}

// keep keeps a header that v1 reads, by any spelling of its name.
func (r *Request) keep(name, value string) {
	for _, known := range headersV1 {
		if strings.EqualFold(name, known) {
			r.Headers = append(r.Headers, Header{known, value})
		}
	}
}

// IsV1 reports whether the request went to v1.
func (r *Request) IsV1() bool {
	path, _, _ := strings.Cut(r.Path, "?")
	return capture.IsV1(path)
}

// Parse reads a line with path, method, content_type, content_encoding, ip, now
// and body (in base64), or says why that is no request that can be sent. headers
// is an object of all others; of a request to v1, those that v1 reads are kept.
func (r *Request) Parse(line []byte) event.Reason {
	if !gjson.ValidBytes(line) {
		return event.NotJSON
	}
	f := gjson.GetManyBytes(line, "method", "path", "content_type", "content_encoding", "ip", "now", "body", "headers")
	method, path := f[0].Str, f[1].Str
	if method != "POST" && isMethod([]byte(method)) {
		return event.NoEvents
	}
	if method != "" && method != "POST" || path == "" || path[0] != '/' {
		return event.NotRequest
	}
	now, ok := event.ParseTime([]byte(f[5].Raw))
	if !ok {
		return event.NoTime
	}
	body, err := base64.StdEncoding.AppendDecode(r.Body[:0], []byte(f[6].Str))
	if err != nil {
		return event.NotRequest
	}
	*r = Request{Time: now, Path: path, ContentType: f[2].Str, ContentEncoding: f[3].Str,
		ForwardedFor: f[4].Str, Body: body}
	if r.IsV1() {
		f[7].ForEach(func(name, value gjson.Result) bool {
			r.keep(name.Str, value.Str)
			return true
		})
	}
	return ""
}

// RequestDecoder understands requests as the API that they went to does. The zero one
// is ready for use.
type RequestDecoder struct {
	v0 capture.Decoder
	v1 capture.DecoderV1
}

// Decode returns what a request submits, good until the next call.
func (d *RequestDecoder) Decode(r *Request) (*capture.Submission, error) {
	if r.IsV1() {
		return r.decodeV1(&d.v1)
	}
	return r.decode(&d.v0)
}

// decodeV1 reads a request to v1.
func (r *Request) decodeV1(d *capture.DecoderV1) (*capture.Submission, error) {
	q := capture.RequestV1{
		UserAgent: []byte("replay"), ContentType: []byte(r.ContentType),
		ContentEncoding: []byte(r.ContentEncoding), Body: r.Body,
	}
	for _, h := range r.Headers {
		for name, to := range map[string]*[]byte{
			"Authorization": &q.Authorization, capture.HeaderSDKInfo: &q.SDKInfo, capture.HeaderAttempt: &q.Attempt,
			capture.HeaderRequestID: &q.RequestID, capture.HeaderTimestamp: &q.Timestamp,
		} {
			if h.Name == name {
				*to = []byte(h.Value)
			}
		}
	}
	return d.Decode(&q)
}

// decode reads a request to v0.
func (r *Request) decode(d *capture.Decoder) (*capture.Submission, error) {
	path, query, _ := strings.Cut(r.Path, "?")
	return d.Decode(&capture.Request{
		Path: []byte(path), Query: []byte(query),
		ContentType: []byte(r.ContentType), ContentEncoding: []byte(r.ContentEncoding), Body: r.Body,
	})
}

// PostsEvents reports whether a request is one for an event endpoint: by its path, or
// else because events are what it holds, as behind a proxy that adds to the path. A
// recorded browser asks for more than that (flags, other products' endpoints), and
// recordings of sessions go to an endpoint of their own.
func (d *RequestDecoder) PostsEvents(r *Request) bool {
	path, _, _ := strings.Cut(r.Path, "?")
	path = strings.TrimSuffix(path, "/")
	switch path {
	case "/batch", "/e", "/i/v0/e", "/capture", "/track", "/engage":
		return true
	}
	if capture.IsV1(path) {
		return true
	}
	if strings.HasSuffix(path, "/s") {
		return false
	}
	got, err := d.Decode(r)
	return err == nil && len(got.Events)+len(got.Results) > 0
}
