package scenario

import (
	"math"
	"strings"
	"time"

	"rehearse/internal/capture"
	"rehearse/scenario/strict"
)

// Client is a client library whose requests the run's are to look like.
type Client string

// The clients. The zero value is this program itself.
const (
	ClientJS       Client = "posthog-js"
	ClientGo       Client = "posthog-go"
	ClientPython   Client = "posthog-python"
	ClientNode     Client = "posthog-node"
	ClientImporter Client = "importer" // the batch import worker, through posthog-rs
)

// Habits are how a client sends, as its sources have it: posthog-go 1.23.1
// (config.go, backoff.go), posthog-python 7.91.1 (client.py, consumer.py,
// request.py, capture_v1.py _backoff), posthog-node 5.70.0 (posthog-core-stateless
// _flushRoute and fetchWithRetry of @posthog/core), posthog-js 1.418.10
// (request.ts, retry-queue.ts), and the import worker (emit/capture.rs) over
// posthog-rs 0.30.0 (v0_capture.rs, retry.rs). Of all but the importer what went over
// the wire was recorded as well: posthog-js in Chromium 156, the others by themselves.
//
// Not everything is the client's: posthog-python puts a blank after each colon and
// comma of its JSON, which is 4 % more before compression and is left out here.
// posthog-node halves a batch that is refused for its size, which is not done. The
// events of posthog-js hold their distinct_id and token among the properties, and
// an offset in place of a timestamp; here they are those of every client.
type Habits struct {
	Path        string // of its requests
	UserAgent   string
	ContentType string
	Headers     []Header              // that its HTTP library adds
	Unhinted    bool                  // a body that is gzip does not say so
	HintsTwice  bool                  // it says so in the query and in the header
	SentAt      bool                  // the envelope holds sent_at
	Order       capture.EnvelopeOrder // of the envelope
	CountsRetry bool                  // a retry says retry_count in its URL
	Retry       RetryPolicy
	SpeaksV1    bool // it can be told to send to v1, or does so in its newest version

	defaults
}

// defaults are the settings of a client.
type defaults struct {
	compression Compression
	historical  bool
	events      int           // that close a batch
	age         time.Duration // at which a batch is closed
	timeout     time.Duration
}

// Header is a header of HTTP.
type Header struct{ Name, Value string }

// browser is what a page's requests introduce themselves as.
const browser = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Safari/537.36"

// shop is the origin of the page whose requests posthog-js's are: the one that
// synthesized events say they come from.
const shop = "https://shop.example"

// kept is what clients say that would use a connection again.
const kept = "keep-alive"

// headers lists what the client's HTTP library adds: Go's net/http, requests,
// node's fetch, a browser for a page of another site, and reqwest.
func (c Client) headers() []Header {
	switch c {
	case ClientGo:
		return []Header{{"Accept-Encoding", "gzip"}}
	case ClientPython:
		return []Header{{"Accept", "*/*"}, {"Accept-Encoding", "gzip, deflate"}, {"Connection", kept}}
	case ClientNode:
		return []Header{{"Accept", "*/*"}, {"Accept-Encoding", "gzip, deflate"}, {"Accept-Language", "*"},
			{"Connection", kept}, {"Sec-Fetch-Mode", "cors"}}
	case ClientJS:
		return []Header{{"Accept", "*/*"}, {"Accept-Encoding", "gzip, deflate, br, zstd"},
			{"Accept-Language", "en-US,en;q=0.9"},
			{"Connection", kept}, {"Origin", shop}, {"Referer", shop + "/"},
			{"Sec-Ch-Ua", `"Not:A-Brand";v="8", "Chromium";v="156"`}, {"Sec-Ch-Ua-Mobile", "?0"}, {"Sec-Ch-Ua-Platform",
				`"Linux"`},
			{"Sec-Fetch-Dest", "empty"}, {"Sec-Fetch-Mode", "cors"}, {"Sec-Fetch-Site", "cross-site"}}
	case ClientImporter:
		return []Header{{"Accept", "*/*"}, {"Accept-Encoding", "gzip"}}
	}
	return nil
}

// Habits returns how c sends, and whether c is a client at all.
func (c Client) Habits() (h Habits, known bool) {
	const second, json = time.Second, "application/json"
	doubling := RetryPolicy{Retries: 3, Base: second / 10, Factor: 2, Cap: 30 * second, HonoursRetryAfter: true}
	switch c {
	case ClientGo:
		return Habits{Headers: c.headers(), Path: "/batch/", UserAgent: "posthog-go/1.23.1", ContentType: json,
			HintsTwice: true, SpeaksV1: true, Retry: doubling,
			defaults: defaults{compression: CompressionNone, events: 100, age: 5 * second, timeout: 10 * second}}, true
	case ClientPython:
		doubling.Base, doubling.CapsRetryAfter = second, true
		return Habits{Headers: c.headers(), Path: "/batch/", UserAgent: "posthog-python/7.91.1", ContentType: json,
			SentAt: true, Order: capture.BatchFirst, SpeaksV1: true, Retry: doubling,
			defaults: defaults{compression: CompressionNone, events: 100, age: 5 * second, timeout: 15 * second}}, true
	case ClientNode:
		return Habits{Headers: c.headers(), Path: "/batch/", UserAgent: "posthog-node/5.70.0", ContentType: json,
			SentAt: true, Order: capture.SentAtAfter,
			Retry:    RetryPolicy{Retries: 3, Base: 3 * second, Factor: 1, Cap: 3 * second},
			defaults: defaults{compression: CompressionGzip, events: 20, age: 5 * second, timeout: 10 * second}}, true
	case ClientJS:
		return Habits{Headers: c.headers(), Path: "/e/", UserAgent: browser, ContentType: "text/plain", SentAt: true,
			Order: capture.SentAtAfter, CountsRetry: true, Unhinted: true,
			Retry: RetryPolicy{Retries: 10, Unanswered: 3, Base: 3 * second, Factor: 2, Cap: 30 * time.Minute,
				Jitter: 0.25, OnlyServerErrors: true},
			defaults: defaults{compression: CompressionGzip, events: 10, age: 3 * second, timeout: time.Minute}}, true
	case ClientImporter:
		return Habits{Headers: c.headers(), Path: "/batch/", UserAgent: "posthog-rs/0.30.0", ContentType: json,
			SentAt: true, SpeaksV1: true,
			Retry: RetryPolicy{Retries: 5, Base: second, Factor: 2, Cap: 30 * second, HonoursRetryAfter: true,
				CapsRetryAfter: true, AskedOnly: true},
			defaults: defaults{compression: CompressionNone, historical: true, events: 100, timeout: 30 * second}}, true
	}
	return Habits{}, false
}

// Library returns what the events of a server's client say that they come from, as
// $lib and $lib_version; ok is false for the others, whose events say so themselves.
func (c Client) Library() (name, version string, ok bool) {
	switch c {
	case ClientGo, ClientPython, ClientNode:
		h, _ := c.Habits()
		name, version, ok = strings.Cut(h.UserAgent, "/")
	}
	return name, version, ok
}

// speaks tells whether the client sends what an endpoint takes. posthog-js sent
// lists until 2025; the libraries that know v1 send there only when told to.
func (c Client) speaks(e Endpoint) bool {
	h, _ := c.Habits()
	switch e {
	case EndpointBatch:
		return true
	case EndpointArray:
		return c == ClientJS
	case EndpointV1:
		return h.SpeaksV1
	}
	return false
}

// adopt fills in the habits of the client where the file says nothing else.
func (s *Scenario) adopt(d *strict.Document) {
	h, known := s.Target.Client.Habits()
	if !known {
		return
	}
	if s.Traffic != nil {
		s.Traffic.Client = s.Target.Client
	}
	if !d.Has("target.compression") {
		s.Target.Compression = h.compression
	}
	if !d.Has("target.historical_migration") {
		s.Target.HistoricalMigration = h.historical
	}
	if !d.Has("target.timeout") {
		s.Target.Timeout = h.timeout
	}
	if !d.Has("batching.events") {
		s.Batching.MinEvents, s.Batching.MaxEvents = h.events, h.events
	}
	if !d.Has("batching.age") {
		s.Batching.Age = h.age
	}
}

// Retry is what happens to a request that was refused.
type Retry string

// The ways to retry.
const (
	RetryNone Retry = "none" // once is all
	RetrySDK  Retry = "sdk"  // again, as the official client libraries do
)

// RetryPolicy is how a client sends again what was refused for now: how often,
// and how long it waits before.
type RetryPolicy struct {
	Retries    int           // after the first attempt
	Unanswered int           // likewise, of a request that got no answer; 0: Retries
	Base       time.Duration // before the first retry
	Factor     float64       // by which each wait is longer than the last
	Cap        time.Duration // the longest wait of the client's own choosing
	Jitter     float64       // share by which a wait is shorter or longer at random

	HonoursRetryAfter bool // it waits at least as long as the endpoint asks for
	AskedOnly         bool // it sends again after 429 only if the endpoint says when
	CapsRetryAfter    bool // but no longer than Cap
	OnlyServerErrors  bool // it does not send again after 408 and 429
}

// Allows tells whether the client sends a request again that was sent again as
// often as attempt says. answered: the endpoint said something.
func (p RetryPolicy) Allows(attempt int, answered bool) bool {
	if !answered && p.Unanswered > 0 {
		return attempt < p.Unanswered
	}
	return attempt < p.Retries
}

// Wait is how long the client waits before retry number n, from 0. draw, from 0
// to 1, stands for chance. asked is the endpoint's Retry-After, 0 for none.
func (p RetryPolicy) Wait(n int, draw float64, asked time.Duration) time.Duration {
	wait := math.Min(float64(p.Base)*math.Pow(p.Factor, float64(n)), float64(p.Cap))
	wait *= 1 + p.Jitter*(2*draw-1)
	if p.CapsRetryAfter {
		asked = min(asked, p.Cap)
	}
	if p.HonoursRetryAfter {
		return max(time.Duration(wait), asked)
	}
	return time.Duration(wait)
}

// Policy is how a scenario's requests are sent again: as the client does, and
// without one as posthog-go does. It is meaningful where Retry is RetrySDK.
func (s *Scenario) Policy() RetryPolicy {
	h, known := s.Target.Client.Habits()
	if !known {
		h, _ = ClientGo.Habits()
	}
	if s.Target.Endpoint == EndpointV1 {
		h.Retry.CapsRetryAfter = true // posthog-go does not in v0 (capture_v1_send.go retryDelayV1)
	}
	return h.Retry
}
