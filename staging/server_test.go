package staging

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"rehearse/internal/capture"
	"rehearse/internal/capture/pipeline"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

const (
	single = `{"api_key":"t","event":"e","distinct_id":"d"}`
	ok     = `200 {"status":"Ok"}`
)

const event = `{"event":"e","distinct_id":"d"}`

func batch(events string) string { return `{"api_key":"t","batch":[` + events + `]}` }

func form(target, body string) request {
	return request{method: "POST", target: target, kind: "application/x-www-form-urlencoded", body: []byte(body)}
}

func get(target string) request { return request{method: "GET", target: target} }

// answerRow is a request, its answer, and how many of its events were accepted,
// refused and filtered. It names the fact that it holds the endpoint to.
type answerRow struct {
	fact                        string
	r                           request
	want                        string
	accepted, refused, filtered int64
}

func checkAnswers(t *testing.T, rows []answerRow) {
	t.Helper()
	for _, row := range rows {
		s := New(Config{Limits: capture.Limits{Plain: 4096, Event: 2000}})
		if got := said(handled(s, row.r)); got != row.want {
			t.Errorf("%s:\n got %s\nwant %s", row.fact, got, row.want)
		}
		want := EventCounts{Accepted: row.accepted, Refused: row.refused, Filtered: row.filtered}
		if got := s.Stats().Events; got != want {
			t.Errorf("%s: %+v, want %+v", row.fact, got, want)
		}
	}
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	checkAnswers(t, []answerRow{
		{"/batch", post("/batch", batch(event)), ok, 1, 0, 0},
		{"/batch/", post("/batch/", batch(event+","+event)), ok, 2, 0, 0},
		{"/e", post("/e", single), ok, 1, 0, 0},
		{"/e/", post("/e/", "["+single+"]"), ok, 1, 0, 0},
		{"/i/v0/e", post("/i/v0/e", single), ok, 1, 0, 0},
		{"/i/v0/e/", post("/i/v0/e/", single), ok, 1, 0, 0},
		{"/capture", post("/capture/", single), ok, 1, 0, 0},
		{"/track", post("/track/", single), ok, 1, 0, 0},
		{"/engage hydrates $identify", post("/engage/", `{"token":"t","distinct_id":"d","$set":{}}`), ok, 1, 0, 0},
		{"elsewhere an event needs its name", post("/e/", `{"token":"t","distinct_id":"d","$set":{}}`),
			"400 failed to hydrate events from request: non-engage request missing event name attribute", 0, 1, 0},
		{"GET carries its payload in the URL", get("/e/?data=" + url.QueryEscape(single)), ok, 1, 0, 0},
		{"GET without a payload", get("/e/"), "400 request missing data payload", 0, 0, 0},
		{"OPTIONS", request{method: "OPTIONS", target: "/batch"}, "200", 0, 0, 0},
		{"other methods", request{method: "PUT", target: "/batch", body: []byte(single)}, "405", 0, 0, 0},
		{"/ is the text capture", get("/"), "200 capture", 0, 0, 0},
		{"/_readiness", get("/_readiness"), "200 capture", 0, 0, 0},
		{"/_liveness", get("/_liveness"), "200 capture", 0, 0, 0},
		{"/ takes no events", post("/", single), "405", 0, 0, 0},
		{"/decide is not in this service", post("/decide", "{}"), "404", 0, 0, 0},
		{"/s is for recordings", post("/s/", "{}"), "404", 0, 0, 0},
		{"/batch2 is unknown", post("/batch2", single), "404", 0, 0, 0},

		{"beacon=1: 204 without a body", post("/e/?beacon=1", single), "204", 1, 0, 0},
		{"beacon=1, refused", post("/e/?beacon=1", "{"),
			"400 failed to parse request: EOF while parsing an object at line 1 column 1", 0, 0, 0},
		{"one bad event refuses the batch", post("/batch", batch(event+`,{"event":"","distinct_id":"d"}`)),
			"400 event submitted with an empty event name", 0, 2, 0},
		{"no distinct_id", post("/batch", batch(`{"event":"e"}`)),
			"400 event submitted without a distinct_id", 0, 1, 0},
		{"no event", post("/batch", batch("")), "400 request holds no event", 0, 0, 0},
		{"no token", post("/e", `[`+event+`]`), "401 event submitted without an api_key", 0, 1, 0},
		{"two tokens", post("/e", `[{"token":"t","event":"e"},{"token":"u","event":"e"}]`),
			"401 batch submitted with inconsistent api_key values", 0, 2, 0},
		{"personal token", post("/batch", strings.Replace(batch(event), `"t"`, `"phx_a"`, 1)),
			"401 API key is not valid: personal_api_key", 0, 1, 0},
		{"an unknown token is not looked up", post("/batch", strings.Replace(batch(event), `"t"`, `"phc_nobody"`, 1)),
			ok, 1, 0, 0},
		{"$performance_event is filtered",
			post("/batch", batch(event+`,{"event":"$performance_event","distinct_id":"d"}`)), ok, 1, 0, 1},
		{"nothing but $performance_event", post("/batch", batch(`{"event":"$performance_event"}`)), ok, 0, 0, 1},
		{"an event over the limit",
			post("/batch", batch(`{"event":"e","distinct_id":"d","properties":{"p":"`+strings.Repeat("x", 2000)+`"}}`)),
			"413 maximum event size exceeded: Event rejected by kafka during send", 0, 1, 0},
		{"over the decompressed limit", request{
			method: "POST",
			target: "/batch",
			body:   gzipped(t, strings.Repeat(" ", 5000)),
		}, "413 maximum event size exceeded: Decompressed payload would exceed 4096 bytes (got 5000 bytes)", 0, 0, 0},
	})
}

// TestRecordedKinds: what posthog-js, posthog-node and a batch export send.
func TestRecordedKinds(t *testing.T) {
	t.Parallel()
	checkAnswers(t, []answerRow{
		{"posthog-js: form of base64",
			form("/e/?ip=1&_=1694769302325&ver=1.78.5", "data="+url.QueryEscape(inBase64(single))), ok, 1, 0, 0},
		{"posthog-js: gzip-js as text/plain",
			request{"POST", "/e/?compression=gzip-js&ip=1&_=1694769305355&ver=1.78.5", "text/plain", "",
				gzipped(t, "["+single+"]")}, ok, 1, 0, 0},
		{"gzip that nothing announces",
			request{"POST", "/e/?ip=1&_=1694769329412&ver=1.78.5", "text/plain", "", gzipped(t, "["+single+"]")},
			ok, 1, 0, 0},
		{"a form that is announced as gzip",
			form("/e/?compression=gzip-js&ip=1", "data="+url.QueryEscape(inBase64(single))),
			"400 failed to decode request: invalid GZIP data", 0, 0, 0},
		{"posthog-node: plain JSON", post("/batch/", batch(event)), ok, 1, 0, 0},
		{"batch export: historical, spaced",
			post("/batch", `{"api_key": "t","historical_migration":true,"batch":[{"event": "e", "distinct_id": "d"}]}`),
			ok, 1, 0, 0},
		{"SDKs: gzip by Content-Encoding",
			request{"POST", "/batch/", "application/json", "gzip", gzipped(t, batch(event))}, ok, 1, 0, 0},
	})
}

func TestStats(t *testing.T) {
	t.Parallel()
	s := New(Config{})
	plain := batchOf(0, 6)
	for _, r := range []request{
		{method: "POST", target: "/batch/", body: gzipped(t, string(plain))},
		post("/batch", string(batchOf(6, 1))),
		post("/e/", single),
		post("/e/", `[{"token":"t","event":"e"},{"event":"e"}]`),
		post("/e/", `{"token":"t","event":"e"}`),
		post("/nowhere", "12345"),
		{method: "GET", target: "/"},
	} {
		handled(s, r)
	}
	var got Stats
	text := handled(s, request{method: "GET", target: "/_rehearse/stats"}).Response.Body()
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	const noID = "event submitted without a distinct_id"
	want := Stats{
		Format: "rehearse/stage/v1",
		Requests: []RequestCount{
			{Route: "/", Status: 200, Requests: 1}, {Route: "/batch", Status: 200, Requests: 2},
			{Route: "/e", Status: 200, Requests: 1}, {Route: "/e", Status: 400, Requests: 2},
			{Route: "other", Status: 404, Requests: 1},
		},
		Refusals: []RefusalCount{{Status: 400, Text: noID, Requests: 2, Events: 3}},
		Events:   EventCounts{Accepted: 8, Refused: 3},
		Bytes: ByteCounts{
			Wire:  int64(len(gzipped(t, string(plain))) + len(batchOf(6, 1)) + len(single) + 41 + 25 + 5),
			Plain: int64(len(plain) + len(batchOf(6, 1)) + len(single)),
		},
		Names: []NameCount{{Name: "$identify", Events: 2}, {Name: "$pageview", Events: 3},
			{Name: "e", Events: 1}, {Name: "purchase", Events: 2}}, // 0…6 by threes, and single's
		Verdicts: []VerdictCount{},
		Pipeline: got.Pipeline,
		Checksum: got.Checksum,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
	if p := got.Pipeline; len(p.Lanes) != 1 || p.Lanes[0].Events != 8 || len(p.HotIDs) != 8 {
		t.Errorf("the pipeline got %+v", p)
	}
	if len(got.Checksum) != 16 || got.Checksum == strings.Repeat("0", 16) {
		t.Errorf("checksum %q", got.Checksum)
	}
}

// TestStatsConcurrent: nothing is lost between goroutines and shards, and the
// sum is that of one goroutine.
func TestStatsConcurrent(t *testing.T) {
	t.Parallel()
	const goroutines, each, events = 8, 25, 10
	one, many := New(Config{}), New(Config{})
	var wg sync.WaitGroup
	for g := range goroutines {
		wg.Go(func() {
			for i := range each {
				handled(many, post("/batch", string(batchOf((g*each+i)*events, events))))
				handled(many, post("/batch", "{"))
			}
		})
	}
	wg.Wait()
	for i := range goroutines * each {
		handled(one, post("/batch", string(batchOf(i*events, events))))
		handled(one, post("/batch", "{"))
	}
	// How late the queues are is a matter of when the requests came.
	late := cmpopts.IgnoreFields(pipeline.Stats{}, "Lag")
	if diff := cmp.Diff(one.Stats(), many.Stats(), late); diff != "" {
		t.Errorf("one -, many +:\n%s", diff)
	}
	if got, want := many.Stats().Events.Accepted, int64(goroutines*each*events); got != want {
		t.Errorf("%d events accepted, want %d", got, want)
	}
}

// TestNamesAreBounded: 1,000 names are told apart, the rest is one number.
func TestNamesAreBounded(t *testing.T) {
	t.Parallel()
	s := New(Config{})
	long := strings.Repeat("x", 201)
	for i := range 1100 {
		handled(s, post("/e", fmt.Sprintf(`{"api_key":"t","event":"name %d","distinct_id":"d"}`, i)))
	}
	handled(s, post("/e", `{"api_key":"t","event":"name 7","distinct_id":"d"}`))
	handled(s, post("/e", `{"api_key":"t","event":"`+long+`","distinct_id":"d"}`))
	stats := s.Stats()
	seven := NameCount{}
	for _, n := range stats.Names {
		if n.Name == "name 7" {
			seven = n
		}
	}
	if len(stats.Names) != 1000 || stats.OtherNames != 101 || seven.Events != 2 {
		t.Errorf("%d names, %d others, %+v, want 1000, 101 and 2 events", len(stats.Names), stats.OtherNames, seven)
	}
}

// TestRefusalsAreBounded: a client cannot make the endpoint remember any number
// of texts by asking for any number of sizes.
func TestRefusalsAreBounded(t *testing.T) {
	t.Parallel()
	s := New(Config{Limits: capture.Limits{Plain: 100}})
	for i := range 150 {
		handled(s, post("/e", strings.Repeat(" ", 101+i)))
	}
	refusals := s.Stats().Refusals
	if len(refusals) != maxTexts+1 ||
		refusals[0] != (RefusalCount{Status: 0, Text: otherText, Requests: 50, Events: 0}) {
		t.Errorf("%d texts, the first %+v", len(refusals), refusals[0])
	}
}

func TestCrossOrigin(t *testing.T) {
	t.Parallel()
	s := New(Config{})
	ctx := handled(s, request{method: "OPTIONS", target: "/e/"})
	if got := string(ctx.Response.Header.Peek("Access-Control-Allow-Origin")); got != "" {
		t.Errorf("without an origin: allowed %q", got)
	}
	ctx.Request.Header.Set("Origin", "https://example.com")
	ctx.Request.Header.Set("Access-Control-Request-Headers", "x-a, x-b")
	s.handle(ctx)
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin":      "https://example.com",
		"Access-Control-Allow-Credentials": "true",
		"Access-Control-Allow-Methods":     "GET,POST,OPTIONS",
		"Access-Control-Allow-Headers":     "x-a, x-b",
	} {
		if got := string(ctx.Response.Header.Peek(name)); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// TestObserve: what was sent is seen byte for byte, with the status that
// answers it.
func TestObserve(t *testing.T) {
	t.Parallel()
	var got []string
	s := New(Config{Observe: func(r *capture.Request, status int) {
		got = append(got, fmt.Sprintf("%d %s %s %s %s %q", status, r.Path, r.Query, r.ContentType,
			r.ContentEncoding, r.Body))
	}})
	body := gzipped(t, single)
	handled(s, request{"POST", "/e/?compression=gzip&ip=1", "text/plain", "gzip", body})
	handled(s, post("/batch", "{"))
	handled(s, request{method: "OPTIONS", target: "/batch"})
	want := []string{
		fmt.Sprintf("200 /e/ compression=gzip&ip=1 text/plain gzip %q", body),
		`400 /batch  application/json  "{"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("want -, got +:\n%s", diff)
	}
}

// FuzzHandler: whatever comes, it is answered and the books balance.
func FuzzHandler(f *testing.F) {
	f.Add("POST", "/batch/", "application/json", "",
		[]byte(`{"api_key":"t","batch":[{"event":"e","distinct_id":"d"}]}`))
	f.Add("POST", "/e/?compression=gzip-js&beacon=1", "text/plain", "gzip", gzipped(f, "["+single+"]"))
	f.Add("POST", "/e/", "application/x-www-form-urlencoded", "", []byte("data="+inBase64(single)))
	f.Add("GET", "/engage?data=%7B%22token%22%3A%22t%22%7D", "", "", []byte(nil))
	f.Add("OPTIONS", "/capture", "", "", []byte("x"))
	f.Add("PUT", "/_rehearse/stats", "", "", []byte("[[[["))
	f.Fuzz(func(t *testing.T, method, target, kind, encoding string, body []byte) {
		s := New(Config{Limits: capture.Limits{Plain: 1 << 16}})
		status := handled(s, request{method, target, kind, encoding, body}).Response.StatusCode()
		if status < 200 || status > 499 {
			t.Errorf("status %d", status)
		}
		stats := s.Stats()
		var requests, named int64
		for _, r := range stats.Requests {
			requests += r.Requests
		}
		for _, n := range stats.Names {
			named += n.Events
		}
		if requests != 1 || named+stats.OtherNames != stats.Events.Accepted {
			t.Errorf("%d requests, %d named events of %d", requests, named, stats.Events.Accepted)
		}
	})
}
