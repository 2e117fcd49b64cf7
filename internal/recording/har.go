package recording

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"rehearse/internal/recording/container"
	"rehearse/internal/recording/event"
	"strings"
)

// har reads the entries of an HTTP archive (HAR 1.2), one after the other.
type har struct {
	decoder *json.Decoder
	bound   *io.LimitedReader // what is left for one entry
	most    int64             // what one may have, in bytes
}

// harEntry is what matters of an entry.
type harEntry struct {
	Started json.RawMessage `json:"startedDateTime"`
	Request harRequest      `json:"request"`
}

// newHAR steps to the entries.
func newHAR(in io.Reader) (*har, error) {
	bound := &io.LimitedReader{R: in, N: container.MaxLine}
	h := &har{json.NewDecoder(bound), bound, container.MaxLine}
	for depth := 0; ; {
		token, err := h.decoder.Token()
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		case "entries":
			if depth != 2 {
				continue
			}
			if open, err := h.decoder.Token(); err != nil || open != json.Delim('[') {
				return nil, errors.New("the entries of the archive are no list")
			}
			return h, nil
		}
	}
}

// next returns the next entry as JSON, io.EOF after the last. One that is too long
// ends the reading: where the next begins only the decoder knows.
func (h *har) next() (entry []byte, cut bool, err error) {
	if !h.decoder.More() {
		return nil, false, io.EOF
	}
	h.bound.N = h.most
	var text json.RawMessage
	if err = h.decoder.Decode(&text); err != nil && h.bound.N == 0 {
		err = fmt.Errorf("an entry of more than %d bytes (an archive without the bodies of answers is smaller)", h.most)
	}
	return text, false, err
}

// parseHAR reads an entry. Requests that post no events (other methods, pages,
// scripts) are passed over. The archive tells nothing of HTTP/2 but the names of some
// headers, which begin with a colon.
func (r *Request) parseHAR(text []byte) event.Reason {
	var e harEntry
	if err := json.Unmarshal(text, &e); err != nil {
		return event.NotRequest
	}
	switch {
	case e.Request.Method == "":
		return event.NotRequest
	case !strings.EqualFold(e.Request.Method, http.MethodPost):
		return event.NoEvents
	}
	u, err := url.Parse(e.Request.URL)
	if err != nil {
		return event.NotRequest
	}
	at, ok := event.ParseTime(bytes.TrimSpace(e.Started))
	if !ok {
		return event.NoTime
	}
	*r = Request{Time: at, Path: u.RequestURI(), ContentType: e.Request.Post.Kind}
	for _, h := range e.Request.Headers {
		switch strings.ToLower(h.Name) {
		case "content-encoding":
			r.ContentEncoding = h.Value
		case "content-type":
			r.ContentType = h.Value
		}
		if r.IsV1() {
			r.keep(h.Name, h.Value)
		}
	}
	body, reason := e.Request.body(r.ContentType)
	if len(body) == 0 && u.Query().Has("data") { // The query is the body.
		return ""
	}
	r.Body = body
	if reason != "" {
		return reason
	}
	return r.repack(&e.Request)
}
