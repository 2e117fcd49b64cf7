package generator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/posthog/posthog-go"

	"rehearse/generator/body"
	"rehearse/generator/source"
	"rehearse/generator/transport"
	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/scenario"
	"rehearse/staging"
)

// seenRequest is a request as its endpoint saw it.
type seenRequest struct {
	Target  string
	Headers []string // names and values, without lengths and versions
	Members []string // of the body's envelope, in their order
	Token   any
	Events  int

	Historical any
}

// seeing is an endpoint that says Ok and passes on what it saw.
func seeing(t *testing.T) (*httptest.Server, <-chan seenRequest) {
	t.Helper()
	seen := make(chan seenRequest, 16)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		seen <- seeRequest(t, r)
		io.WriteString(w, capture.AnswerOk)
	}))
	t.Cleanup(server.Close)
	return server, seen
}

func seeRequest(t *testing.T, r *http.Request) seenRequest {
	s := seenRequest{Target: r.Method + " " + r.URL.String()}
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		value := r.Header.Get(name)
		switch name {
		case "User-Agent", "Posthog-Sdk-Info":
			value, _, _ = strings.Cut(value, "/")
		case "Posthog-Request-Id", "Posthog-Request-Timestamp":
			value = "…"
		}
		if name != "Content-Length" {
			s.Headers = append(s.Headers, name+": "+value)
		}
	}
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	coding := capture.Coding(r.Header.Get("Content-Encoding"))
	if bytes.HasPrefix(text, []byte{0x1f, 0x8b}) {
		coding = capture.Gzip // said or not
	}
	var inflater capture.Inflater
	if text, err = inflater.Inflate(coding, text, 1<<20); err != nil {
		t.Error(err)
	}
	var members map[string]any
	if err := json.Unmarshal(text, &members); err != nil {
		t.Errorf("%v: %s", err, text)
		return s
	}
	s.Members, s.Token = membersOf(text), members["api_key"]
	batch, _ := members["batch"].([]any)
	s.Events, s.Historical = len(batch), members["historical_migration"]
	return s
}

// membersOf lists the names of an object's members in their order.
func membersOf(text []byte) (names []string) {
	d := json.NewDecoder(strings.NewReader(string(text)))
	d.Token()
	for d.More() {
		name, _ := d.Token()
		names = append(names, fmt.Sprint(name))
		var skipped json.RawMessage
		if d.Decode(&skipped) != nil {
			return names
		}
	}
	return names
}

// sendOne sends one batch of a scenario's traffic to server as the run would.
func sendOne(t *testing.T, server *httptest.Server, s *scenario.Scenario) {
	t.Helper()
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	h, _ := s.Target.Client.Habits()
	w := transport.New(t.Context(), &transport.Destination{URL: u, UserAgent: h.UserAgent, Timeout: s.Target.Timeout, Dial: transport.Loopback(time.Minute)})
	defer w.Close()
	w.Shape(s, time.Now())
	source, _ := source.NewSynth(s)
	b := new(body.Batch)
	if err := source.Next(b); err != nil {
		t.Fatal(err)
	}
	source.Build(b, body.NewBuilder(s, time.Now()))
	w.Prepare(&b.Request, transport.Attempt{First: b.First, Events: b.Events}, 0)
	want := capture.Accepted
	if s.Target.Endpoint == scenario.EndpointV1 {
		want = capture.UnknownAnswer // who looks on answers as v0 does
	}
	var o results.Outcome
	if w.Exchange(&o); o.Reason != want {
		t.Errorf("%v", o.Reason)
	}
}

func clientScenario(t *testing.T, client string) *scenario.Scenario {
	t.Helper()
	return parse(t, "name: test\nload: {profile: 'const(100, 10s)'}\ntarget: {client: "+client+", token: phc_a}\ntraffic: {}\n")
}

// TestLikePosthogGo: the real client and ours send what an endpoint cannot tell
// apart, but for ids, times and versions.
func TestLikePosthogGo(t *testing.T) {
	t.Parallel()
	server, seen := seeing(t)
	client, err := posthog.NewWithConfig("phc_a", posthog.Config{Endpoint: server.URL, BatchSize: 100})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 100 {
		if err := client.Enqueue(posthog.Capture{DistinctId: fmt.Sprint(i), Event: "$pageview"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	theirs := <-seen
	sendOne(t, server, clientScenario(t, "posthog-go"))
	ours := <-seen
	if diff := cmp.Diff(theirs, ours); diff != "" {
		t.Errorf("theirs -, ours +:\n%s", diff)
	}
}

// TestLikeRecorded: clients that are not written in Go, and what the newest of Go
// can do besides, were recorded, and ours sends what an endpoint cannot tell from that, but for ids, times and versions.
func TestLikeRecorded(t *testing.T) {
	t.Parallel()
	server, seen := seeing(t)
	for client, file := range map[string]string{
		"posthog-node": "posthog-node-5.70.0.jsonl", "posthog-python": "posthog-python-7.91.1.jsonl",
		"posthog-python, endpoint: v1": "posthog-python-7.91.1-v1.jsonl", "posthog-js": "posthog-js-1.418.10.jsonl",
		"posthog-go, compression: gzip": "posthog-go-1.23.1-gzip.jsonl", "posthog-go, endpoint: v1, compression: zstd": "posthog-go-1.23.1-v1-zstd.jsonl",
	} {
		resend(t, server, filepath.Join("testdata", file))
		theirs := <-seen
		sendOne(t, server, clientScenario(t, client))
		ours := <-seen
		if diff := cmp.Diff(theirs, ours); diff != "" {
			t.Errorf("%s: theirs -, ours +:\n%s", client, diff)
		}
	}
}

// resend sends the request that a file holds, with all its headers. What belongs
// to the connection is not recorded: all these clients would keep it, and all but
// posthog-go say so.
func resend(t *testing.T, server *httptest.Server, path string) {
	t.Helper()
	line, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var r struct {
		Path     string
		Kind     string `json:"content_type"`
		Encoding string `json:"content_encoding"`
		Headers  map[string]string
		Body     []byte
	}
	if err := json.Unmarshal(line, &r); err != nil {
		t.Fatal(err)
	}
	q, err := http.NewRequest("POST", server.URL+r.Path, bytes.NewReader(r.Body))
	if err != nil {
		t.Fatal(err)
	}
	r.Headers["Content-Type"], r.Headers["Content-Encoding"] = r.Kind, r.Encoding
	if !strings.HasPrefix(r.Headers["User-Agent"], "posthog-go") {
		r.Headers["Connection"] = "keep-alive"
	}
	for name, value := range r.Headers {
		if value != "" {
			q.Header.Set(name, value)
		}
	}
	answer, err := server.Client().Do(q)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
}

// TestPosthogGoDelivers: what a client that nobody here wrote has sent is what
// the endpoint counts.
func TestPosthogGoDelivers(t *testing.T) {
	t.Parallel()
	endpoint, stop := stagedOnLoopback(t)
	client, err := posthog.NewWithConfig("phc_a", posthog.Config{Endpoint: "http://" + endpoint.addr, BatchSize: 25})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 90 {
		if err := client.Enqueue(posthog.Capture{DistinctId: "user", Event: fmt.Sprint("event ", i%2), Properties: posthog.NewProperties().Set("n", i)}); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range []posthog.Message{
		posthog.Identify{DistinctId: "user", Properties: posthog.NewProperties().Set("plan", "free")},
		posthog.Alias{DistinctId: "user", Alias: "anon"},
		posthog.GroupIdentify{Type: "company", Key: "acme"},
	} {
		if err := client.Enqueue(m); err != nil {
			t.Fatal(err)
		}
	}
	if err := client.Close(); err != nil {
		t.Fatal(err)
	}
	stop()
	stats := endpoint.server.Stats()
	want := []staging.NameCount{{Name: "$create_alias", Events: 1}, {Name: "$groupidentify", Events: 1}, {Name: "$identify", Events: 1}, {Name: "event 0", Events: 45}, {Name: "event 1", Events: 45}}
	if diff := cmp.Diff(want, stats.Names); diff != "" || stats.Events != (staging.EventCounts{Accepted: 93}) {
		t.Errorf("%+v\n%s", stats.Events, diff)
	}
	if m := stats.Pipeline.Merges; m.Total != 1 || m.Merged != 1 {
		t.Errorf("%+v, want the alias merged", m)
	}
}

// TestClients: what requests look like of which no recording tells.
func TestClients(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		client, target, headers, members string
		events                           int
	}{
		{"posthog-js, compression: none", "POST /e/", "Accept: */*, Accept-Encoding: gzip, deflate, br, zstd, Accept-Language: en-US,en;q=0.9, Connection: keep-alive, Content-Type: application/json, Origin: https://shop.example, Referer: https://shop.example/, " +
			`Sec-Ch-Ua: "Not:A-Brand";v="8", "Chromium";v="156", Sec-Ch-Ua-Mobile: ?0, Sec-Ch-Ua-Platform: "Linux", Sec-Fetch-Dest: empty, Sec-Fetch-Mode: cors, Sec-Fetch-Site: cross-site, User-Agent: Mozilla`, "api_key, batch, sent_at", 10},
		{"posthog-node, historical_migration: true", "POST /batch/", "Accept: */*, Accept-Encoding: gzip, deflate, Accept-Language: *, Connection: keep-alive, Content-Encoding: gzip, Content-Type: application/json, Sec-Fetch-Mode: cors, User-Agent: posthog-node", "api_key, batch, sent_at, historical_migration", 20},
		{"importer", "POST /batch/", "Accept: */*, Accept-Encoding: gzip, Content-Type: application/json, User-Agent: posthog-rs", "api_key, historical_migration, sent_at, batch", 100},
	} {
		server, seen := seeing(t)
		sendOne(t, server, clientScenario(t, row.client))
		got := <-seen
		if got.Target != row.target || strings.Join(got.Headers, ", ") != row.headers || strings.Join(got.Members, ", ") != row.members || got.Events != row.events {
			t.Errorf("%s: %+v", row.client, got)
		}
	}
}

// TestLibrary: events say that they come from the server's client that sends them,
// and those of a page and of an import say what they always said.
func TestLibrary(t *testing.T) {
	t.Parallel()
	for client, want := range map[string]string{
		"posthog-go": `"$lib":"posthog-go","$lib_version":"1.23.1"`, "posthog-python": `"$lib":"posthog-python","$lib_version":"7.91.1"`,
		"posthog-node": `"$lib":"posthog-node","$lib_version":"5.70.0"`,
		"posthog-js":   `"$lib":"web","$lib_version":"1.418.10"`, "importer": `"$lib":"web","$lib_version":"1.418.10"`,
	} {
		for _, from := range []string{"browser", "server", "mobile"} {
			s := parse(t, "name: test\nload: {profile: 'const(100, 1s)'}\ntarget: {client: "+client+", token: phc_a, compression: none}\ntraffic: {events: {a: {from: "+from+"}}}\n")
			source, _ := source.NewSynth(s)
			b := new(body.Batch)
			if err := source.Next(b); err != nil {
				t.Fatal(err)
			}
			source.Build(b, body.NewBuilder(s, time.Now()))
			got, versions := strings.Count(string(b.Body), want), strings.Count(string(b.Body), `"$lib_version"`)
			own := strings.Contains(want, "posthog-")
			if (own || from == "browser") && got != int(b.Events) || versions != int(b.Events) {
				t.Errorf("%s, from %s: %d of %d events say %s, and %d versions", client, from, got, b.Events, want, versions)
			}
		}
	}
}

// TestRetryCount: posthog-js says in the URL how often it has tried.
func TestRetryCount(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := clientScenario(t, "posthog-js")
		s.Retry = scenario.RetrySDK
		tries := map[string]int{}
		r := stageRun{scenario: s, endpoint: staging.Config{
			Reject:  []staging.Rejection{{Status: 503, Share: 0.5}, {Status: 429, Share: 0.1}},
			Observe: func(r *capture.Request, _ int) { tries[string(r.Query)]++ },
		}}
		s.Target.Connections = 1 // one request at a time: tries needs no lock
		r.run(t)
		r.balance(t)
		if tries[""] != 100 || tries["retry_count=1"] < 30 || tries["retry_count=2"] < 10 {
			t.Errorf("%v", tries)
		}
		if again := r.total.Attempts[results.Refusal{Reason: capture.RateLimited, Status: 429}]; again.Requests != 0 {
			t.Errorf("%d requests sent again after 429, which posthog-js does not do", again.Requests)
		}
	})
}
