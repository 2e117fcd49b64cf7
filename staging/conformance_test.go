package staging

import (
	"net/url"
	"strings"
	"testing"

	"rehearse/internal/capture"
)

// conformance is one fact about the v0 routes: a request, and what either
// generation answers and does. An empty answer in 2024 says that it is the same
// as now.
type conformance struct {
	fact       string
	r          request
	now, in24  string
	did, did24 EventCounts // accepted, refused, filtered
}

const (
	unparsed   = "400 failed to parse request: data did not match any variant of untagged enum RawRequest"
	notJSON    = "400 failed to parse request: expected value at line 1 column 1"
	noValue    = "400 failed to parse request: EOF while parsing a value at line 1 column 0"
	unhydrated = "400 failed to hydrate events from request: non-engage request missing event name attribute"
	unknown    = "404"
)

func accepted(n int64) EventCounts { return EventCounts{Accepted: n} }
func refused(n int64) EventCounts  { return EventCounts{Refused: n} }

var none EventCounts

func withID(id string) string { return `{"event":"e","distinct_id":` + id + `}` }

func withToken(token string) request {
	return post("/batch/", `{"api_key":`+token+`,"batch":[`+event+`]}`)
}

// shapes are the facts about routes, bodies and events: one row a fact of the
// service's sources.
func shapes() []conformance {
	legacy := []conformance{}
	for _, path := range []string{"/capture", "/capture/", "/track", "/track/"} {
		legacy = append(legacy, conformance{"legacy name " + path, post(path, single), ok, unknown, accepted(1), none})
	}
	return append(legacy, []conformance{
		{"/e takes a single event", post("/e", single), ok, "", accepted(1), accepted(1)},
		{"/batch takes a single event", post("/batch", single), ok, "", accepted(1), accepted(1)},
		{"/i/v0/e takes a batch", post("/i/v0/e/", batch(event)), ok, "", accepted(1), accepted(1)},
		{"/e takes an array", post("/e/", "["+single+"]"), ok, "", accepted(1), accepted(1)},
		{"/decide is not in this service", post("/decide/", single), unknown, "", none, none},
		{"/flags is not in this service", post("/flags/", single), unknown, "", none, none},
		{"a path is taken as it is written", post("/%65/", single), unknown, "", none, none},
		{"dots in a path lead nowhere", post("/x/../e/", single), unknown, "", none, none},
		{"a whole URL in place of a path", post("http://x/e/", single), ok, "", accepted(1), accepted(1)},
		{"OPTIONS says nothing", request{method: "OPTIONS", target: "/e/"}, "200", "", none, none},
		{"other methods", request{method: "PUT", target: "/e/", body: []byte(single)}, "405", "", none, none},

		{"no body", post("/e", ""), "400 request missing data payload", noValue, none, none},
		{"not JSON", post("/e", "{"), "400 failed to parse request: EOF while parsing an object at line 1 column 1", "",
			none, none},
		{"a scalar", post("/e", "5"), unparsed, "", none, none},
		{"sent_at must be text", post("/batch", `{"api_key":"t","sent_at":5,"batch":[`+event+`]}`), unhydrated,
			unparsed, refused(1), refused(1)},
		{"batch must be a list", post("/batch", `{"api_key":"t","batch":{}}`), unhydrated, unparsed, refused(1),
			refused(1)},
		{"a batch with a malformed event", post("/batch", batch(`{"event":5,"distinct_id":"d"}`)), unhydrated, unparsed,
			refused(1), refused(1)},
		{"an event without a name", post("/e", `{"token":"t","distinct_id":"d"}`), unhydrated, unparsed, refused(1),
			refused(1)},
		{"on /engage it is an $identify", post("/engage/", `{"token":"t","distinct_id":"d","$set":{}}`), ok, unknown,
			accepted(1), none},
		{"an empty batch", post("/batch", batch("")), "400 request holds no event", "", none, none},
		{"an empty array", post("/e", "[]"), "400 request holds no event", "401 event submitted without an api_key",
			none, none},
		{"properties must be an object", post("/batch", batch(`{"event":"e","distinct_id":"d","properties":[]}`)),
			unhydrated, unparsed, refused(1), refused(1)},
		{"timestamp must be text", post("/batch", batch(`{"event":"e","distinct_id":"d","timestamp":5}`)), unhydrated,
			unparsed, refused(1), refused(1)},
		{"$set must be an object", post("/batch", batch(`{"event":"e","distinct_id":"d","$set":5}`)), unhydrated,
			unparsed, refused(1), refused(1)},
		{"uuid must be one", post("/batch", batch(`{"event":"e","distinct_id":"d","uuid":"x"}`)), unhydrated, unparsed,
			refused(1), refused(1)},
		{"an empty uuid is none", post("/batch", batch(`{"event":"e","distinct_id":"d","uuid":""}`)), ok, unparsed,
			accepted(1), refused(1)},
		{"unknown keys are dropped",
			post("/batch", batch(`{"event":"e","distinct_id":"d","type":"capture","library":"x"}`)), ok, "",
			accepted(1), accepted(1)},

		{"no name", post("/batch", batch(`{"event":"","distinct_id":"d"}`)),
			"400 event submitted with an empty event name", "", refused(1), refused(1)},
		{"no distinct_id", post("/batch", batch(`{"event":"e"}`)), "400 event submitted without a distinct_id", "",
			refused(1), refused(1)},
		{"null is no distinct_id", post("/batch", batch(withID("null"))), "400 event submitted without a distinct_id",
			"", refused(1), refused(1)},
		{"an empty distinct_id", post("/batch", batch(withID(`""`))), "400 event submitted without a distinct_id",
			"400 event submitted with an empty distinct_id", refused(1), refused(1)},
		{"a blank distinct_id", post("/batch", batch(withID(`"  "`))), "400 event submitted without a distinct_id", ok,
			refused(1), accepted(1)},
		{"a distinct_id may be a number", post("/batch", batch(withID("23.4"))), ok, "", accepted(1), accepted(1)},
		{"a distinct_id may be an object", post("/batch", batch(withID(`{"b":1,"a":[2]}`))), ok, "", accepted(1),
			accepted(1)},
		{"a number out of range is no JSON", post("/batch", batch(withID("1e999"))),
			"400 failed to parse request: number out of range at line 1 column 56", "", none, none},
		{"nor is one deep in a distinct_id", post("/batch", batch(withID(`{"a":[1,-1E700]}`))),
			"400 failed to parse request: number out of range at line 1 column 65", "", none, none},
		{"a long distinct_id is cut", post("/batch", batch(withID(`"`+strings.Repeat("x", 300)+`"`))), ok, "",
			accepted(1), accepted(1)},
		{"an illegal distinct_id is taken", post("/batch", batch(withID(`"anonymous"`))), ok, "", accepted(1),
			accepted(1)},
		{"one bad event refuses all", post("/batch", batch(event+","+withID("null")+","+event)),
			"400 event submitted without a distinct_id", "", refused(3), refused(3)},
		{"$performance_event is dropped",
			post("/batch", batch(event+`,{"event":"$performance_event","distinct_id":"d"}`)), ok, ok,
			EventCounts{Accepted: 1, Filtered: 1}, accepted(2)},
		{"$cookieless_mode must be a bool",
			post("/batch", batch(`{"event":"e","distinct_id":"d","properties":{"$cookieless_mode":1}}`)),
			"400 event submitted with invalid cookieless mode", ok, refused(1), accepted(1)},
		{"an event over the limit",
			post("/batch", batch(`{"event":"e","distinct_id":"d","properties":{"p":"`+strings.Repeat("x", 2000)+`"}}`)),
			"413 maximum event size exceeded: Event rejected by kafka during send", "400 maximum event size exceeded",
			refused(1), refused(1)},
	}...)
}

// wrappings are the facts about tokens, compression and forms.
func wrappings(t *testing.T) []conformance {
	return []conformance{
		{"no token", post("/e", event), "401 event submitted without an api_key", "", refused(1), refused(1)},
		{"a token in the properties", post("/e", `{"event":"e","distinct_id":"d","properties":{"token":"t"}}`), ok, "",
			accepted(1), accepted(1)},
		{"two tokens in an array",
			post("/e", `[{"token":"t","event":"e","distinct_id":"d"},{"token":"u","event":"e","distinct_id":"d"}]`),
			"401 batch submitted with inconsistent api_key values", "", refused(2), refused(2)},
		{"the envelope's token wins", post("/batch", batch(`{"token":"u","event":"e","distinct_id":"d"}`)), ok, "",
			accepted(1), accepted(1)},
		{"an empty token", withToken(`""`), "401 API key is not valid: empty", "", refused(1), refused(1)},
		{"blanks around a token", withToken(`" t "`), ok, "", accepted(1), accepted(1)},
		{"a blank token", withToken(`"  "`), "401 API key is not valid: empty", ok, refused(1), accepted(1)},
		{"a long token", withToken(`"` + strings.Repeat("t", 65) + `"`), "401 API key is not valid: too_long", "",
			refused(1), refused(1)},
		{"a token of other letters", withToken(`"tö"`), "401 API key is not valid: not_ascii", "", refused(1),
			refused(1)},
		{"a personal key", withToken(`"phx_a"`), "401 API key is not valid: personal_api_key", "", refused(1),
			refused(1)},
		{"a token with NUL", withToken(`"a\u0000b"`), "401 API key is not valid: null_byte", ok, refused(1),
			accepted(1)},
		{"a header is no token", request{
			method: "POST",
			target: "/e?token=t&api_key=t",
			kind:   "application/json",
			body:   []byte(event),
		}, "401 event submitted without an api_key", "", refused(1), refused(1)},

		{"gzip that nothing announces", request{"POST", "/e/", "text/plain", "", gzipped(t, single)}, ok, "",
			accepted(1), accepted(1)},
		{"gzip announced by the query",
			request{"POST", "/e/?compression=gzip-js", "text/plain", "", gzipped(t, single)}, ok, "", accepted(1),
			accepted(1)},
		{"gzip announced by the header", request{"POST", "/e/", "application/json", "gzip", gzipped(t, single)}, ok, "",
			accepted(1), accepted(1)},
		{"gzip announced, plain sent", request{"POST", "/e/", "application/json", "gzip", []byte(single)},
			"400 failed to decode request: invalid GZIP data", ok, none, accepted(1)},
		{"broken gzip", request{"POST", "/e/", "", "", gzipped(t, single)[:30]},
			"400 failed to decode request: invalid GZIP data", "400 failed to decode request: invalid gzip data",
			none, none},
		{"gzip of no text", request{"POST", "/e/", "", "", gzipped(t, "\xff")},
			"400 failed to decode request: invalid gzip data", "", none, none},
		{"no text", post("/e", "\xff"), "400 failed to decode request: invalid UTF8 in request payload",
			"400 failed to decode request: invalid body encoding", none, none},
		{"an unknown compression is none", post("/e?compression=snappy", single), ok,
			"400 Failed to deserialize query string: unknown variant `snappy`, " +
				"expected one of `Unsupported`, `gzip`, `gzip-js`", accepted(1), none},
		{"_ must be a number", post("/e?_=x", single),
			"400 Failed to deserialize query string: invalid digit found in string", "", none, none},
		{"_ in seconds is ignored", post("/e?_=1694769302", single), ok, "", accepted(1), accepted(1)},
		{"over the decompressed limit", request{"POST", "/batch", "", "", gzipped(t, strings.Repeat(" ", 5000))},
			"413 maximum event size exceeded: Decompressed payload would exceed 4096 bytes (got 5000 bytes)", "",
			none, none},

		{"a form of base64", form("/e/?ip=1", "data="+url.QueryEscape(inBase64(single))), ok, "", accepted(1),
			accepted(1)},
		{"a form of base64 where base64 is not unwrapped", form("/batch/", "data="+url.QueryEscape(inBase64(single))),
			notJSON, ok, none, accepted(1)},
		{"the same on the documented route",
			form("/i/v0/e/?compression=base64", "data="+url.QueryEscape(inBase64(single))), notJSON,
			"400 Failed to deserialize query string: unknown variant `base64`, " +
				"expected one of `Unsupported`, `gzip`, `gzip-js`", none, none},
		{"a form of lz64 on any route", form("/batch/?compression=lz64", "data="+url.QueryEscape(singleLZ64)), ok,
			"400 Failed to deserialize query string: unknown variant `lz64`, expected one of `Unsupported`, `gzip`, " +
				"`gzip-js`", accepted(1), none},
		{"a form of plain JSON", form("/e/", "data="+url.QueryEscape(single)), ok,
			"400 failed to decode request: missing data field", accepted(1), none},
		{"a form without data", form("/e/", "ip=1"), notJSON, "400 failed to decode request: invalid form data",
			none, none},
		{"a form that is none", form("/e/", single),
			"400 failed to decode request: expected form data in POST request payload",
			"400 failed to decode request: invalid form data", none, none},
		{"a form with two data", form("/e/", "data=a&data=b"),
			"400 failed to decode request: invalid urlencoded form data",
			"400 failed to decode request: invalid form data", none, none},
		{"a form with a charset is none",
			request{"POST", "/e/", "application/x-www-form-urlencoded; charset=UTF-8", "",
				[]byte("data=" + inBase64(single))}, notJSON, "", none, none},
		{"a form of lz64", form("/e/?compression=lz64", "data="+url.QueryEscape(singleLZ64)), ok,
			"400 Failed to deserialize query string: unknown variant `lz64`, expected one of `Unsupported`, `gzip`, " +
				"`gzip-js`", accepted(1), none},
		{"a form that names lz64 itself", form("/e/", "compression=lz-string&data="+url.QueryEscape(singleLZ64)), ok,
			"400 failed to decode request: invalid body encoding", accepted(1), none},
		{"lz64 that is none", form("/e/?compression=lz64", "data=*"),
			"400 failed to decode request: decompress_lz64: failed decompress to UTF16",
			"400 Failed to deserialize query string: unknown variant `lz64`, expected one of `Unsupported`, `gzip`, " +
				"`gzip-js`", none, none},
		{"base64 without a form", post("/e/", inBase64(single+"  ")), ok, notJSON, accepted(1), none},
		{"beacon=1 is answered 204", post("/e/?beacon=1", single), "204", ok, accepted(1), accepted(1)},
		{"a payload in the URL", get("/e/?data=" + url.QueryEscape(single)), ok, noValue, accepted(1), none},
	}
}

// singleLZ64 is the constant single with its members in another order, as
// lz-string 1.5.0 packs it.
const singleLZ64 = "N4IgpgbmB2AuIC5wgDQgCYEsDOtPQGNYB9TdRDVEAQwAdNiBrMATwvgF8g=="

func TestConformance(t *testing.T) {
	t.Parallel()
	for _, f := range append(shapes(), wrappings(t)...) {
		if f.in24 == "" {
			f.in24 = f.now
		}
		f.check(t, capture.Current, f.now, f.did)
		f.check(t, capture.Generation2024, f.in24, f.did24)
	}
}

func (f *conformance) check(t *testing.T, g capture.Generation, want string, did EventCounts) {
	t.Helper()
	s := New(Config{Generation: g, Limits: capture.Limits{Plain: 4096, Event: 2000}})
	if got := said(handled(s, f.r)); got != want {
		t.Errorf("%v: %s:\n got %s\nwant %s", g, f.fact, got, want)
	}
	if got := s.Stats().Events; got != did {
		t.Errorf("%v: %s: %+v, want %+v", g, f.fact, got, did)
	}
}
