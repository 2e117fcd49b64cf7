package staging

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rehearse/internal/capture"

	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
	"github.com/valyala/fasthttp"
	"github.com/valyala/fasthttp/fasthttputil"
)

// The headers that v1 demands, as an SDK sends them.
func headersV1() map[string]string {
	return map[string]string{
		"Authorization": "Bearer phc_a", "User-Agent": "test/1", "Content-Type": "application/json",
		capture.HeaderSDKInfo: "test/1", capture.HeaderAttempt: "1",
		capture.HeaderRequestID: "018a981f-4b35-7c66-825e-8b0eeae65714",
		capture.HeaderTimestamp: "2026-03-19T14:30:00Z",
	}
}

func handledV1(s *Server, headers map[string]string, body string) *fasthttp.RequestCtx {
	var in fasthttp.Request
	in.Header.SetMethod("POST")
	in.SetRequestURI(capture.PathV1)
	in.Header.SetNoDefaultContentType(true)
	for name, value := range headers {
		in.Header.Set(name, value)
	}
	in.SetBodyString(body)
	var ctx fasthttp.RequestCtx
	ctx.Init(&in, nil, silence{})
	s.handle(&ctx)
	return &ctx
}

func uuidV1(i int) string { return fmt.Sprintf("018a981f-4b35-7c66-825e-%012x", i) }

// eventV1 is event i with the members of more set over it.
func eventV1(i int, more string) string {
	members := []string{`"event":"e"`, `"uuid":"` + uuidV1(i) + `"`, `"distinct_id":"d"`,
		`"timestamp":"2026-03-19T14:29:58.123Z"`}
	if more != "" {
		name, _, _ := strings.Cut(more, ":")
		members = slices.DeleteFunc(members, func(m string) bool { return strings.HasPrefix(m, name+":") })
		members = append(members, more)
	}
	return "{" + strings.Join(members, ",") + "}"
}

func batchV1(events ...string) string {
	return `{"created_at":"2026-03-19T14:30:00Z","batch":[` + strings.Join(events, ",") + `]}`
}

func resultV1(i int, rest string) string { return `"` + uuidV1(i) + `":{"result":` + rest + `}` }

func resultsV1(results ...string) string {
	return `200 {"results":{` + strings.Join(results, ",") + `}}`
}

func errorV1(status int, code, description string) string {
	return fmt.Sprintf(`%d {"error":%q,"error_description":%q,"error_uri":"https://posthog.com/docs/api"}`, status,
		code, description)
}

// TestConformanceV1Headers: one row a fact about the headers; set is laid over
// the headers of an SDK, and an empty value takes one away.
func TestConformanceV1Headers(t *testing.T) {
	t.Parallel()
	taken := resultsV1(resultV1(1, `"ok"`))
	invalid := func(what string) string { return errorV1(400, "invalid_header_value", "invalid header value: "+what) }
	for _, row := range []struct {
		fact string
		set  map[string]string
		want string
	}{
		{"all of them", nil, taken},
		{"the scheme in any case", map[string]string{"Authorization": "bEARER  phc_a "}, taken},
		{"no authorization is 401", map[string]string{"Authorization": ""},
			errorV1(401, "missing_authorization", "request is missing the Authorization header")},
		{"another scheme", map[string]string{"Authorization": "Basic YTpi"},
			invalid("Authorization must use Bearer scheme")},
		{"a personal key", map[string]string{"Authorization": "Bearer phx_a"},
			errorV1(401, "invalid_api_token", "The provided API token is not valid.")},
		{"missing ones are named together", map[string]string{capture.HeaderAttempt: "", capture.HeaderSDKInfo: ""},
			errorV1(400, "missing_required_headers",
				`request is missing required headers: ["posthog-sdk-info", "posthog-attempt"]`)},
		{"no content type", map[string]string{"Content-Type": ""},
			errorV1(400, "missing_required_headers", `request is missing required headers: ["content-type"]`)},
		{"another content type", map[string]string{"Content-Type": "text/plain"},
			errorV1(415, "unsupported_content_type", "unsupported content type: text/plain")},
		{"a charset", map[string]string{"Content-Type": "Application/JSON; charset=utf-8"}, taken},
		{"another encoding", map[string]string{"Content-Encoding": "lz4"},
			errorV1(415, "unsupported_encoding", "unsupported content encoding: lz4")},
		{"an attempt below 1", map[string]string{capture.HeaderAttempt: "0"},
			invalid("posthog-attempt must be a positive integer: 0")},
		{"a request id that is none", map[string]string{capture.HeaderRequestID: "7"},
			invalid("posthog-request-id is not a valid UUID: 7")},
		{"a timestamp that is none", map[string]string{capture.HeaderTimestamp: "now"},
			invalid("posthog-request-timestamp is not valid RFC 3339: now")},
	} {
		headers := headersV1()
		for name, value := range row.set {
			if headers[name] = value; value == "" {
				delete(headers, name)
			}
		}
		s := New(Config{})
		if got := said(handledV1(s, headers, batchV1(eventV1(1, "")))); got != row.want {
			t.Errorf("%s:\n got %s\nwant %s", row.fact, got, row.want)
		}
	}
}

// TestConformanceV1Bodies: one row a fact about the body: what it is answered,
// and what becomes of its events.
func TestConformanceV1Bodies(t *testing.T) {
	t.Parallel()
	unread := errorV1(400, "request_parsing_error", "Failed to parse request body.")
	dropped := func(detail string) string { return resultsV1(resultV1(1, `"drop","details":"`+detail+`"`)) }
	drop := EventCounts{Dropped: 1}
	for _, row := range []struct {
		fact, body, want string
		did              EventCounts
	}{
		{"a verdict each, in order", batchV1(eventV1(2, ""), eventV1(1, `"event":""`), eventV1(3, "")),
			resultsV1(resultV1(2, `"ok"`), resultV1(1, `"drop","details":"missing_event_name"`), resultV1(3, `"ok"`)),
			EventCounts{Accepted: 2, Dropped: 1}},
		{"an empty body", "", errorV1(400, "empty_body", "request body is empty"), none},
		{"no JSON", "{", unread, none},
		{"an array", "[]", unread, none},
		{"no created_at", `{"batch":[` + eventV1(1, "") + `]}`, unread, refused(1)},
		{"created_at is no time", `{"created_at":"x","batch":[` + eventV1(1, "") + `]}`,
			errorV1(400, "invalid_batch", "invalid batch: created_at is not valid RFC 3339: x"), refused(1)},
		{"an empty batch", batchV1(), errorV1(400, "empty_batch", "request batch is empty"), none},
		{"historical_migration is no bool", `{"created_at":"2026-03-19T14:30:00Z","historical_migration":1,"batch":[` +
			eventV1(1, "") + `]}`, unread, refused(1)},
		{"an event without a member", batchV1(eventV1(1, ""), `{"event":"e"}`), unread, refused(2)},
		{"an event with a member of a wrong type", batchV1(eventV1(1, `"session_id":5`)), unread, refused(1)},
		{"an empty uuid", batchV1(eventV1(1, `"uuid":""`)),
			errorV1(400, "missing_event_uuid", "event submitted without a uuid"), refused(1)},
		{"a uuid that is none", batchV1(eventV1(1, `"uuid":"x"`)),
			errorV1(400, "invalid_event_uuid", "event submitted with an invalid uuid: x"), refused(1)},
		{"a uuid twice", batchV1(eventV1(1, ""), eventV1(1, "")),
			errorV1(400, "duplicate_event_uuid", "duplicate event uuid: "+uuidV1(1)), refused(2)},

		{"$performance_event", batchV1(eventV1(1, `"event":"$performance_event"`)),
			dropped("dropped_performance_event"), drop},
		{"a long name", batchV1(eventV1(1, `"event":"`+strings.Repeat("x", 201)+`"`)),
			dropped("event_name_too_long"), drop},
		{"a name at its limit", batchV1(eventV1(1, `"event":"`+strings.Repeat("x", 200)+`"`)),
			resultsV1(resultV1(1, `"ok"`)), accepted(1)},
		{"a blank distinct_id", batchV1(eventV1(1, `"distinct_id":"  "`)), dropped("missing_distinct_id"), drop},
		{"a distinct_id over 200 bytes", batchV1(eventV1(1, `"distinct_id":"`+strings.Repeat("ö", 101)+`"`)),
			dropped("distinct_id_too_large"), drop},
		{"an illegal distinct_id", batchV1(eventV1(1, `"distinct_id":" Anonymous "`)),
			resultsV1(resultV1(1, `"ok","details":"person_processing_disabled"`)), accepted(1)},
		{"a timestamp that is none", batchV1(eventV1(1, `"timestamp":"2026-03-19"`)),
			dropped("invalid_event_timestamp"), drop},
		{"properties that are no object", batchV1(eventV1(1, `"properties":[]`)),
			dropped("malformed_event_properties"), drop},
		{"options of a wrong type", batchV1(eventV1(1, `"options":{"cookieless_mode":"yes"}`)),
			dropped("invalid_options"), drop},
		{"options that can be read",
			batchV1(eventV1(1, `"options":{"cookieless_mode":" TRUE ","process_person_profile":0,"product_tour_id":5,`+
				`"other":[]}`)), resultsV1(resultV1(1, `"ok"`)), accepted(1)},
		{"no options", batchV1(eventV1(1, `"options":null`)), resultsV1(resultV1(1, `"ok"`)), accepted(1)},
		{"an event over the limit", batchV1(eventV1(1, `"properties":{"p":"`+strings.Repeat("x", 2000)+`"}`)),
			dropped("event_too_big"), drop},
	} {
		s := New(Config{Limits: capture.Limits{Event: 2000}})
		if got := said(handledV1(s, headersV1(), row.body)); got != row.want {
			t.Errorf("%s:\n got %s\nwant %s", row.fact, got, row.want)
		}
		if got := s.Stats().Events; got != row.did {
			t.Errorf("%s: %+v, want %+v", row.fact, got, row.did)
		}
	}
}

// TestConformanceV1Codings: what each coding holds is read, refused when it is
// broken, and bounded.
func TestConformanceV1Codings(t *testing.T) {
	t.Parallel()
	body := batchV1(eventV1(1, ""))
	for name, pack := range map[string]func(io.Writer) (io.WriteCloser, error){
		"br":      func(w io.Writer) (io.WriteCloser, error) { return brotli.NewWriter(w), nil },
		"zstd":    func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) },
		"deflate": func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, 1) },
		// In any case, in either form.
		"Deflate": func(w io.Writer) (io.WriteCloser, error) { return zlib.NewWriter(w), nil },
	} {
		s := New(Config{Limits: capture.Limits{Plain: 1000}})
		headers := headersV1()
		headers["Content-Encoding"] = name
		packed, large := packedWith(t, pack, body), packedWith(t, pack, body+strings.Repeat(" ", 1000))
		tooLarge := errorV1(413, "payload_too_large",
			"payload too large: decompressed "+strings.ToLower(name)+" payload exceeds limit of 1000 bytes")
		for i, row := range []struct{ body, want string }{
			{packed, resultsV1(resultV1(1, `"ok"`))},
			{packed[:len(packed)/2], errorV1(400, "request_decoding_error", "Failed to decode request body.")},
			{large, tooLarge},
			{packed, resultsV1(resultV1(1, `"ok"`))}, // the memory is used again
		} {
			if got := said(handledV1(s, headers, row.body)); got != row.want {
				t.Errorf("%s %d:\n got %s\nwant %s", name, i, got, row.want)
			}
		}
	}
}

func packedWith(t *testing.T, pack func(io.Writer) (io.WriteCloser, error), text string) string {
	t.Helper()
	var out bytes.Buffer
	w, err := pack(&out)
	if err != nil {
		t.Fatal(err)
	}
	_, err = io.WriteString(w, text)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestV1Answers: the headers of an answer, the methods, and the routes.
func TestV1Answers(t *testing.T) {
	t.Parallel()
	s := New(Config{NotPersisted: 0.1, Reject: []Rejection{{503, 0.5}}})
	retries, unavailable := 0, 0
	for i := range 2000 {
		ctx := handledV1(s, headersV1(), batchV1(eventV1(i, "")))
		h := &ctx.Response.Header
		again := bytes.Contains(ctx.Response.Body(), []byte(`"retry","details":"not_persisted"`))
		if again {
			retries++
		}
		if ctx.Response.StatusCode() == 503 {
			unavailable++
			again = true
		}
		if got := string(h.Peek("Retry-After")); (got == "1") != again {
			t.Errorf("%s after %q", said(ctx), got)
		}
		if string(h.Peek(capture.HeaderRequestID)) != headersV1()[capture.HeaderRequestID] {
			t.Errorf("%s", h)
		}
	}
	// Half of the requests reach the verdicts, and every tenth of 1,000 is lost.
	if want := (EventCounts{Accepted: 900, Returned: 100, Refused: 1000}); s.Stats().Events != want || retries != 100 ||
		unavailable != 1000 {
		t.Errorf("%+v, %d retries, %d times 503", s.Stats().Events, retries, unavailable)
	}
	for _, r := range []request{get(capture.PathV1), {method: "OPTIONS", target: capture.PathV1 + "/"}} {
		if ctx := handled(s, r); said(ctx) != "405" || string(ctx.Response.Header.Peek("Allow")) != "POST" {
			t.Errorf("%s: %s", r.method, said(ctx))
		}
	}
	old := New(Config{Generation: capture.Generation2024})
	if got := said(handledV1(old, headersV1(), batchV1(eventV1(1, "")))); got != "404" {
		t.Errorf("2024: %s", got)
	}
}

// TestConformanceV1Date: every answer of v1 says when it was made, good or bad, and
// keeps what else it has to say; no other answer does.
func TestConformanceV1Date(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // in virtual time, which begins in 2000 and stands still
		listener := fasthttputil.NewInmemoryListener()
		s, served := New(Config{}), make(chan error)
		go func() { served <- s.Serve(listener) }()
		c, err := listener.Dial()
		if err != nil {
			t.Fatal(err)
		}
		r := bufio.NewReader(c)
		for _, row := range []struct{ path, body, date string }{
			{capture.PathV1, batchV1(eventV1(1, "")), "Sat, 01 Jan 2000 00:00:00 GMT"},
			{capture.PathV1, "{", "Sat, 01 Jan 2000 00:00:00 GMT"},
			{"/batch/", "{", ""},
		} {
			head := ""
			for name, value := range headersV1() {
				head += name + ": " + value + "\r\n"
			}
			fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nOrigin: http://page\r\n%sContent-Length: %d\r\n\r\n%s",
				row.path, head, len(row.body), row.body)
			var answer fasthttp.Response
			if err := answer.Read(r); err != nil {
				t.Fatal(err)
			}
			h := &answer.Header
			if got := string(h.Peek("Date")); got != row.date || answer.ConnectionClose() ||
				string(h.Server()) != "rehearse" ||
				string(h.Peek("Access-Control-Allow-Origin")) != "http://page" ||
				h.ContentLength() != len(answer.Body()) {
				t.Errorf("%s: Date %q, want %q, in\n%s", row.path, got, row.date, h)
			}
		}
		c.Close()
		listener.Close()
		if err := <-served; err != nil {
			t.Error(err)
		}
		time.Sleep(time.Minute) // lets the server's cleaners end
	})
}
