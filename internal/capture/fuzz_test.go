package capture_test

import (
	"errors"
	"testing"
	"unicode/utf8"

	"rehearse/internal/capture"
)

// FuzzDecode: whatever comes, the answer is a submission that keeps the rules or
// a refusal with a status and a text, and nothing outgrows its limit.
func FuzzDecode(f *testing.F) {
	const single = `{"api_key":"t","event":"e","distinct_id":"d","uuid":"018a981f-4b35-7c66-825e-8b0eeae65714"}`
	for _, seed := range []struct{ path, query, kind, encoding, body string }{
		{"/batch/", "", "application/json", "", `{"api_key":"t","batch":[` + single + `,` + single + `],"historical_migration":true,"sent_at":"2025-01-01T00:00:00Z"}`},
		{"/e/", "compression=gzip-js&_=1694769302325&beacon=1", "text/plain", "", string(gzipped(f, "["+single+"]"))},
		{"/e/", "ip=1", "application/x-www-form-urlencoded", "", "data=" + inBase64(single)},
		{"/engage", "data=%7B%7D", "", "gzip", ""},
		{"/track", "", "", "", inBase64(single + "  ")},
		{"/i/v0/e/", "", "", "", `{"event":"e","distinct_id":{"b":[1,2.50],"a":{}},"properties":{"token":"t","$cookieless_mode":true}}`},
		{"/e/", "", "", "", `[{"event":"$performance_event"},5]`},
	} {
		f.Add([]byte(seed.path), []byte(seed.query), []byte(seed.kind), []byte(seed.encoding), []byte(seed.body))
	}
	f.Fuzz(func(t *testing.T, path, query, kind, encoding, body []byte) {
		d := capture.Decoder{Limits: capture.Limits{Plain: 1 << 16, Event: 1 << 14}, Generation: capture.Generation(len(body) % 2)}
		r := &capture.Request{Path: path, Query: query, ContentType: kind, ContentEncoding: encoding, Body: body}
		first := outcome(&d, r)
		if again := outcome(&d, r); again != first {
			t.Errorf("a second time: got %q, want %q", again, first)
		}
		s, err := d.Decode(r)
		var refusal *capture.Refusal
		switch {
		case errors.As(err, &refusal):
			if refusal.Status < 400 || refusal.Status > 413 || refusal.Text == "" {
				t.Errorf("refusal %+v", refusal)
			}
			return
		case err != nil:
			t.Fatalf("%v is no refusal", err)
		case s.Bytes > 1<<16:
			t.Errorf("%d bytes", s.Bytes)
		case len(s.Events) > 0 && (len(s.Token) == 0 || len(s.Token) > capture.MaxToken):
			t.Errorf("token %q", s.Token)
		}
		for _, e := range s.Events {
			if len(e.Event) == 0 || len(e.DistinctID) == 0 || utf8.RuneCount(e.DistinctID) > capture.MaxDistinctID {
				t.Errorf("event %q of %q", e.Event, e.DistinctID)
			}
		}
	})
}

func FuzzParseUUID(f *testing.F) {
	f.Add("018a981f-4b35-7c66-825e-8b0eeae65714")
	f.Add("{018a981f4b357c66825e8b0eeae65714}")
	f.Add("urn:uuid:018a981f-4b35-7c66-825e-8b0eeae65714")
	f.Fuzz(func(t *testing.T, text string) {
		u, err := capture.ParseUUID(text)
		if again, err2 := capture.ParseUUID(u.String()); err == nil && (err2 != nil || again != u) {
			t.Errorf("%q: got %v, %v, want %v", text, again, err2, u)
		}
	})
}
