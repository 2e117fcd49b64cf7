package capture_test

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"rehearse/internal/capture"

	"github.com/klauspost/compress/gzip"
)

func gzipped(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	if _, err := w.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func inBase64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// post is a request with a JSON body to /batch/, before a test changes it.
func post(body string) *capture.Request {
	return &capture.Request{Path: []byte("/batch/"), ContentType: []byte("application/json"), Body: []byte(body)}
}

func postTo(path, body string) *capture.Request {
	path, query, _ := strings.Cut(path, "?")
	r := post(body)
	r.Path, r.Query = []byte(path), []byte(query)
	return r
}

func form(path, body string) *capture.Request {
	r := postTo(path, body)
	r.ContentType = []byte("application/x-www-form-urlencoded")
	return r
}

func encoded(encoding, body string) *capture.Request {
	r := post(body)
	r.ContentEncoding = []byte(encoding)
	return r
}

func sent(r *capture.Request, body []byte) *capture.Request {
	r.Body = body
	return r
}

// summary is what a table says about a submission: token, then event:id pairs.
func summary(s *capture.Submission) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s", s.Token)
	for i := range s.Events {
		fmt.Fprintf(&b, " %s:%s", s.Events[i].Event, s.Events[i].DistinctID)
	}
	return b.String()
}

const (
	parseText   = "400 failed to parse request: data did not match any variant of untagged enum RawRequest"
	syntaxText  = "400 failed to parse request: expected value at line 1 column 1"
	hydrateText = "400 failed to hydrate events from request: non-engage request missing event name attribute"
)

// outcome is the summary, or the status and text of the refusal.
func outcome(d *capture.Decoder, r *capture.Request) string {
	s, err := d.Decode(r)
	var refusal *capture.Refusal
	if errors.As(err, &refusal) {
		return fmt.Sprintf("%d %s", refusal.Status, refusal.Text)
	}
	return summary(s)
}

const single = `{"api_key":"t","event":"e","distinct_id":"d"}`

// fact is one rule of the service: a request and what becomes of it.
type fact struct {
	name string
	r    *capture.Request
	want string
}

func checkFacts(t *testing.T, facts []fact) {
	t.Helper()
	t.Parallel()
	var d capture.Decoder
	for _, f := range facts {
		if got := outcome(&d, f.r); got != f.want {
			t.Errorf("%s:\n got %s\nwant %s", f.name, got, f.want)
		}
	}
}

// TestDecodeShapes: the four shapes, tried in their order, on any path.
func TestDecodeShapes(t *testing.T) {
	checkFacts(t, []fact{
		{"shape 1: array", post(`[{"token":"t","event":"e","distinct_id":"d"}]`), "t e:d"},
		{"shape 2: batch object with api_key", post(`{"api_key":"t","batch":[{"event":"e","distinct_id":"d"},{"event":"f","distinct_id":"g"}]}`), "t e:d f:g"},
		{"shape 2: batch object with token", post(`{"token":"t","batch":[{"event":"e","distinct_id":"d"}]}`), "t e:d"},
		{"shape 3: single event", post(single), "t e:d"},
		{"any path accepts any shape", postTo("/e/", `{"api_key":"t","batch":[{"event":"e","distinct_id":"d"}]}`), "t e:d"},
		{"shape 4 on /engage is $identify", postTo("/engage/", `{"token":"t","distinct_id":"d","$set":{"a":1}}`), "t $identify:d"},
		{"shape 4 elsewhere", postTo("/e/", `{"token":"t","distinct_id":"d","$set":{"a":1}}`), hydrateText},
		{"a named event on /engage keeps its name", postTo("/engage", single), "t e:d"},
		{"white space anywhere", post(" \n{ \"api_key\" : \"t\" ,\t\"event\":\"e\" , \"distinct_id\" : \"d\" } \n"), "t e:d"},
		{"unknown members are dropped", post(`{"api_key":"t","event":"e","distinct_id":"d","type":"x","library":{"a":[1]},"$unset":[]}`), "t e:d"},
		{"escaped member names count", post(`{"api_key":"t","\u0065vent":"e","distinct_id":"d"}`), "t e:d"},
		{"escapes in the values", post(`{"api_key":"t","event":"a\"\u00e9\ud83d\ude00\n","distinct_id":"d\\"}`), "t a\"é😀\n:d\\"},
	})
}

// TestDecodeOtherShapes: what fits no shape, or one by accident.
func TestDecodeOtherShapes(t *testing.T) {
	checkFacts(t, []fact{
		{"a malformed event in a batch falls through to shape 4", post(`{"api_key":"t","batch":[{"event":"e","distinct_id":"d"},{"event":5}]}`), hydrateText},
		{"a batch that is no array does too", post(`{"api_key":"t","batch":{}}`), hydrateText},
		{"sent_at as a number does too", post(`{"api_key":"t","sent_at":1,"batch":[]}`), hydrateText},
		{"historical_migration as text does too", post(`{"api_key":"t","historical_migration":"yes","batch":[]}`), hydrateText},
		{"a batch without a token is no batch", post(`{"batch":[{"event":"e","distinct_id":"d"}]}`), hydrateText},
		{"a batch whose token is a number is nothing at all", post(`{"api_key":1,"batch":[]}`), parseText},
		{"scalar body", post(`5`), parseText},
		{"string body", post(`"ab"`), parseText},
		{"null body", post(`null `), parseText},
		{"array with something that is no event", post(`[{"token":"t","event":"e","distinct_id":"d"},5]`), parseText},
		{"array with an event without a name", post(`[{"token":"t","distinct_id":"d"}]`), parseText},
		{"not JSON", post(`{"api_key":`), "400 failed to parse request: EOF while parsing a value at line 1 column 11"},
		{"JSON and more", post(single + "x"), "400 failed to parse request: trailing characters at line 1 column 46"},
		{"the 128th level", post(strings.Repeat("[", 128) + strings.Repeat("]", 128)), "400 failed to parse request: recursion limit exceeded at line 1 column 128"},
		{"brackets in a string are no levels", post(`{"api_key":"t","event":"` + strings.Repeat("[", 200) + `","distinct_id":"d"}`), "t " + strings.Repeat("[", 200) + ":d"},
		{"no body", post(``), "400 request missing data payload"},
		{"empty array", post(`[]`), "400 request holds no event"},
		{"empty batch", post(`{"api_key":"t","batch":[]}`), "400 request holds no event"},
	})
}

// TestDecodeMemberTypes: a known member of the wrong type spoils the whole body.
func TestDecodeMemberTypes(t *testing.T) {
	checkFacts(t, []fact{
		{"uuid that is none fails the body", post(`[{"token":"t","event":"e","distinct_id":"d","uuid":"x"}]`), parseText},
		{"empty uuid is absent", post(`[{"token":"t","event":"e","distinct_id":"d","uuid":""}]`), "t e:d"},
		{"timestamp as a number fails the body", post(`[{"token":"t","event":"e","distinct_id":"d","timestamp":5}]`), parseText},
		{"properties that are no object fail the body", post(`[{"token":"t","event":"e","distinct_id":"d","properties":[]}]`), parseText},
		{"$set that is no object fails the body", post(`[{"token":"t","event":"e","distinct_id":"d","$set":"x"}]`), parseText},
		{"$set_once may be null", post(`[{"token":"t","event":"e","distinct_id":"d","$set_once":null}]`), "t e:d"},
		{"offset that is no integer fails the body", post(`[{"token":"t","event":"e","distinct_id":"d","offset":1.5}]`), parseText},
		{"offset in milliseconds", post(`[{"token":"t","event":"e","distinct_id":"d","offset":1500}]`), "t e:d"},
		{"event name null fails the body", post(`[{"token":"t","event":null,"distinct_id":"d"}]`), parseText},
	})
}

// TestDecodeToken: where the token is looked for, and what it must look like.
func TestDecodeToken(t *testing.T) {
	checkFacts(t, []fact{
		{"the envelope's token wins", post(`{"token":"t","batch":[{"event":"e","distinct_id":"d","token":"u"}]}`), "t e:d"},
		{"array: one token is enough", post(`[{"event":"e","distinct_id":"d"},{"token":"t","event":"e","distinct_id":"d"}]`), "t e:d e:d"},
		{"array: none", post(`[{"event":"e","distinct_id":"d"}]`), "401 event submitted without an api_key"},
		{"array: two", post(`[{"token":"t","event":"e","distinct_id":"d"},{"token":"u","event":"e","distinct_id":"d"}]`), "401 batch submitted with inconsistent api_key values"},
		{"alias $token", post(`{"$token":"t","event":"e","distinct_id":"d"}`), "t e:d"},
		{"single: token in properties", post(`{"event":"e","distinct_id":"d","properties":{"token":"t"}}`), "t e:d"},
		{"single: token in properties that is no string", post(`{"event":"e","distinct_id":"d","properties":{"token":5}}`), "401 event submitted without an api_key"},
		{"token trimmed", post(`{"api_key":" t\n","event":"e","distinct_id":"d"}`), "t e:d"},
		{"token empty", post(`{"api_key":" ","event":"e","distinct_id":"d"}`), "401 API key is not valid: empty"},
		{"token of 64 bytes", post(`{"api_key":"` + strings.Repeat("x", 64) + `","event":"e","distinct_id":"d"}`), strings.Repeat("x", 64) + " e:d"},
		{"token too long", post(`{"api_key":"` + strings.Repeat("x", 65) + `","event":"e","distinct_id":"d"}`), "401 API key is not valid: too_long"},
		{"token not ASCII", post(`{"api_key":"é","event":"e","distinct_id":"d"}`), "401 API key is not valid: not_ascii"},
		{"token personal", post(`{"api_key":"phx_a","event":"e","distinct_id":"d"}`), "401 API key is not valid: personal_api_key"},
		{"token with NUL", post(`{"api_key":"a\u0000","event":"e","distinct_id":"d"}`), "401 API key is not valid: null_byte"},
		{"the token is looked at before the events", post(`[{"event":"","distinct_id":"d"}]`), "401 event submitted without an api_key"},
	})
}

// TestDecodeDistinctID: where the id is looked for, and what it becomes.
func TestDecodeDistinctID(t *testing.T) {
	long := strings.Repeat("x", 201)
	checkFacts(t, []fact{
		{"id in the properties", post(`{"api_key":"t","event":"e","properties":{"distinct_id":"d"}}`), "t e:d"},
		{"id at the top level wins", post(`{"api_key":"t","event":"e","distinct_id":"d","properties":{"distinct_id":"g"}}`), "t e:d"},
		{"id null gives way to the properties", post(`{"api_key":"t","event":"e","distinct_id":null,"properties":{"distinct_id":"g"}}`), "t e:g"},
		{"id alias", post(`{"api_key":"t","event":"e","$distinct_id":"d"}`), "t e:d"},
		{"id an integer", post(`{"api_key":"t","event":"e","distinct_id":23}`), "t e:23"},
		{"id a fraction", post(`{"api_key":"t","event":"e","distinct_id":23.40}`), "t e:23.4"},
		{"id an array", post(`{"api_key":"t","event":"e","distinct_id":["a", "b" ]}`), `t e:["a","b"]`},
		{"id an object, sorted", post(`{"api_key":"t","event":"e","distinct_id":{"string": "a", "number": 3}}`), `t e:{"number":3,"string":"a"}`},
		{"id true", post(`{"api_key":"t","event":"e","distinct_id":true}`), "t e:true"},
		{"id missing", post(`{"api_key":"t","event":"e"}`), "400 event submitted without a distinct_id"},
		{"id null", post(`{"api_key":"t","event":"e","distinct_id":null}`), "400 event submitted without a distinct_id"},
		{"id empty", post(`{"api_key":"t","event":"e","distinct_id":""}`), "400 event submitted without a distinct_id"},
		{"id nothing but white space", post(`{"api_key":"t","event":"e","distinct_id":" \t"}`), "400 event submitted without a distinct_id"},
		{"id keeps its white space", post(`{"api_key":"t","event":"e","distinct_id":" d "}`), "t e: d "},
		{"id with NUL", post(`{"api_key":"t","event":"e","distinct_id":"a\u0000b"}`), "t e:a\uFFFDb"},
		{"id cut to 200 characters", post(`{"api_key":"t","event":"e","distinct_id":"` + long + `"}`), "t e:" + long[:200]},
		{"id cut to characters, not bytes", post(`{"api_key":"t","event":"e","distinct_id":"` + strings.Repeat("é", 201) + `"}`), "t e:" + strings.Repeat("é", 200)},
	})
}

// TestDecodeRules: what an event must hold, and which are dropped.
func TestDecodeRules(t *testing.T) {
	checkFacts(t, []fact{
		{"event name empty", post(`{"api_key":"t","event":"","distinct_id":"d"}`), "400 event submitted with an empty event name"},
		{"one bad event refuses all", post(`{"api_key":"t","batch":[{"event":"e","distinct_id":"d"},{"event":"f"}]}`), "400 event submitted without a distinct_id"},
		{"$performance_event is filtered", post(`{"api_key":"t","batch":[{"event":"$performance_event","distinct_id":"d"},{"event":"f","distinct_id":"d"}]}`), "t f:d"},
		{"nothing but $performance_event is no error, whatever the token", post(`[{"event":"$performance_event"}]`), ""},
		{"$cookieless_mode a bool", post(`{"api_key":"t","event":"e","distinct_id":"d","properties":{"$cookieless_mode":true}}`), "t e:d"},
		{"$cookieless_mode anything else", post(`{"api_key":"t","event":"e","distinct_id":"d","properties":{"$cookieless_mode":"true"}}`), "400 event submitted with invalid cookieless mode"},
	})
}

func TestDecodeFields(t *testing.T) {
	t.Parallel()
	event := `{"event":"e","uuid":"018A981F-4B35-7c66-825e-8b0eeae65714","distinct_id":"d","timestamp":"2025-01-02T03:04:05Z","properties":{"a": [1, {"b":"}"}]}}`
	var d capture.Decoder
	body := `{"api_key":"t","historical_migration":true,"sent_at":"2025-01-02T03:04:06.5Z","batch":[` + event + `]}`
	s, err := d.Decode(post(body))
	if err != nil {
		t.Fatal(err)
	}
	e := s.Events[0]
	for _, row := range []struct{ name, got, want string }{
		{"Raw", string(e.Raw), event},
		{"Properties", string(e.Properties), `{"a": [1, {"b":"}"}]}`},
		{"UUID", e.UUID.String(), "018a981f-4b35-7c66-825e-8b0eeae65714"},
		{"Timestamp", string(e.Timestamp), "2025-01-02T03:04:05Z"},
		{"SentAt", s.SentAt.Format(time.RFC3339Nano), "2025-01-02T03:04:06.5Z"},
		{"Historical, Beacon, Bytes", fmt.Sprint(s.Historical, s.Beacon, s.Bytes), fmt.Sprint(true, false, len(body))},
	} {
		if row.got != row.want {
			t.Errorf("%s = %s, want %s", row.name, row.got, row.want)
		}
	}
}

func TestDecodeQuery(t *testing.T) {
	t.Parallel()
	const body = `{"api_key":"t","event":"e","distinct_id":"d"}`
	rows := []struct {
		query  string
		beacon bool
		sentAt string
	}{
		{"", false, "0001-01-01T00:00:00Z"},
		{"beacon=1", true, "0001-01-01T00:00:00Z"},
		{"beacon=0", false, "0001-01-01T00:00:00Z"},
		{"_=1694769302325", false, "2023-09-15T09:15:02.325Z"},
		{"sent_at=1694769302325", false, "2023-09-15T09:15:02.325Z"},
		{"_=1694769302", false, "0001-01-01T00:00:00Z"}, // seconds: 1970 as milliseconds
		{"lib=y&lib=z&%zz&&retry_count=1", false, "0001-01-01T00:00:00Z"},
	}
	var d capture.Decoder
	for _, row := range rows {
		s, err := d.Decode(postTo("/e/?"+row.query, body))
		if err != nil {
			t.Errorf("%q: %v", row.query, err)
			continue
		}
		if got := s.SentAt.Format(time.RFC3339Nano); s.Beacon != row.beacon || got != row.sentAt {
			t.Errorf("%q: beacon %v, sent at %s, want %v, %s", row.query, s.Beacon, got, row.beacon, row.sentAt)
		}
	}
}
