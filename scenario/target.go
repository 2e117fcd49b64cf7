package scenario

import (
	"fmt"
	"net/url"
	"strings"
	"time"
	"unicode"

	"rehearse/internal/capture"
	"rehearse/scenario/strict"
)

// Endpoint is the route and shape of requests.
type Endpoint string

// The endpoints.
const (
	EndpointBatch   Endpoint = "batch"   // POST /batch/: many events a request
	EndpointArray   Endpoint = "array"   // POST /e/: many events a request, in a list without an envelope
	EndpointCapture Endpoint = "capture" // POST /i/v0/e/: one event a request
	EndpointV1      Endpoint = "v1"      // POST /i/v1/analytics/events: many events, a verdict for each
)

// Compression is the content coding of request bodies.
type Compression string

// The compressions.
const (
	CompressionNone    Compression = "none"
	CompressionGzip    Compression = "gzip"
	CompressionDeflate Compression = "deflate" // v1 only, like those below
	CompressionBrotli  Compression = "br"
	CompressionZstd    Compression = "zstd"
)

// Target says where the events go and how they travel.
type Target struct {
	// http or https, a host, perhaps a path prefix; empty: the embedded staging endpoint on loopback
	URL                 string
	Client              Client // empty: none in particular
	Endpoint            Endpoint
	Path                Path // empty: that of the client or endpoint; see Route
	Token               strict.Secret
	Compression         Compression
	Hint                Hint // empty: as the compression has it; see Hinted
	HistoricalMigration bool
	Connections         int
	Reconnect           bool          // a new connection for every request
	Timeout             time.Duration // from sending a request to the end of its answer
	Watched
}

// Watched is what of the target is asked while a run goes on.
type Watched struct {
	Prometheus string  // its URL; empty: there is none
	Metrics    []Query // in the order of the file
	Backlog    string  // the metric that is the length of a queue behind the endpoint; empty: none is known
}

// Query is a metric of the target: what it is called here, and whom to ask for it what. One of
// PromQL, Group and Waiting is set.
type Query struct {
	Name         string
	PromQL       string // asked of the Prometheus
	Group, Topic string // how many messages of the topic this group of consumers is behind
	Waiting      bool   // how many events wait behind the embedded endpoint
}

// String is the question in words.
func (q *Query) String() string {
	switch {
	case q.Waiting:
		return "events that wait behind the embedded endpoint"
	case q.Group != "":
		return fmt.Sprintf("messages of the topic %s that the group %s is behind", q.Topic, q.Group)
	}
	return q.PromQL
}

// Query returns a metric by its name; nil: there is none.
func (w *Watched) Query(name string) *Query {
	for i := range w.Metrics {
		if w.Metrics[i].Name == name {
			return &w.Metrics[i]
		}
	}
	return nil
}

// readQueries reads metrics by their names.
func readQueries(v strict.Value) (all []Query) {
	v.Entries(func(key strict.Value, name string, entry strict.Value) {
		if !isMetricName(name) {
			key.Fail("cannot be the name of a metric", "letters, digits and underscores, as in consumer_lag")
			return
		}
		if entry.IsMapping() {
			all = append(all, readLag(name, entry))
			return
		}
		if promQL := entry.Line(1, 2000); promQL != "" {
			all = append(all, Query{Name: name, PromQL: promQL})
		}
	})
	return all
}

// readLag reads a metric that no Prometheus is asked for.
func readLag(name string, v strict.Value) Query {
	q := Query{Name: name}
	sound := v.Object(strict.Fields{
		"group":    func(v strict.Value) { q.Group = v.Line(1, 249) },
		"topic":    func(v strict.Value) { q.Topic = v.Line(1, 249) },
		"endpoint": func(v strict.Value) { q.Waiting = strict.OneOf(v, []string{"waiting"}) != "" },
	})
	switch {
	case !sound:
	case v.Gives("endpoint") && (v.Gives("group") || v.Gives("topic")):
		v.FailField("endpoint", "given beside group and topic", "keep one of the two")
	case !v.Gives("endpoint"):
		v.Require("group", "topic")
	}
	return q
}

// isMetricName tells whether a metric may be called so.
func isMetricName(name string) bool {
	letter := func(c rune) bool {
		return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
	}
	return name != "" && len(name) <= 60 && strings.TrimFunc(name, letter) == ""
}

// checkWatched judges what is asked of a Prometheus.
func checkWatched(d *strict.Document, s *Scenario) {
	w := &s.Target.Watched
	for i := range w.Metrics {
		q := &w.Metrics[i]
		if q.PromQL != "" && w.Prometheus == "" && !d.Has("target.prometheus") {
			d.Fail("target.metrics", "no Prometheus to ask", "give the URL of a Prometheus as target.prometheus")
		}
		if q.Waiting && s.Target.URL != "" {
			d.Fail("target.metrics."+q.Name, "only the embedded endpoint tells what waits",
				"give the group and topic of a consumer, or a query for a Prometheus")
		}
	}
	if w.Backlog != "" && w.Query(w.Backlog) == nil {
		d.Fail("target.backlog", fmt.Sprintf("no metric is called %q", w.Backlog), "name one of target.metrics")
	}
	for i, t := range s.Thresholds {
		switch {
		case t.Metric.Name != MetricOfTarget:
		case w.Query(t.Metric.Of) == nil:
			failItem(d, "thresholds", i, fmt.Sprintf("no metric is called %q", t.Metric.Of),
				"name one of target.metrics")
		case t.Stage != "" || t.Every > 0:
			failItem(d, "thresholds", i, "a metric of the target is judged over the whole run",
				"leave out what follows the value")
		}
	}
}

func defaultTarget() Target {
	return Target{
		Endpoint:    EndpointBatch,
		Token:       strict.NewSecret("phc_rehearsal"),
		Compression: CompressionGzip,
		Connections: 64,
		Timeout:     15 * time.Second,
	}
}

func readTarget(v strict.Value) Target {
	t := defaultTarget()
	v.Object(strict.Fields{
		"url": func(v strict.Value) { t.URL = readURL(v) },
		"client": func(v strict.Value) {
			t.Client = strict.OneOf(v, []Client{ClientJS, ClientGo, ClientPython, ClientNode, ClientImporter})
		},
		"endpoint": func(v strict.Value) {
			t.Endpoint = strict.OneOf(v, []Endpoint{EndpointBatch, EndpointArray, EndpointCapture, EndpointV1})
		},
		"path": func(v strict.Value) {
			t.Path = strict.OneOf(v, []Path{PathBatch, PathBrowser, PathSingle, PathCapture, PathTrack, PathEngage})
		},
		"token":                func(v strict.Value) { t.Token = readToken(v) },
		"compression":          func(v strict.Value) { t.Compression = readCompression(v) },
		"hint":                 func(v strict.Value) { t.Hint = readHint(v) },
		"historical_migration": func(v strict.Value) { t.HistoricalMigration = v.Flag() },
		"connections":          func(v strict.Value) { t.Connections = int(v.Count(1, 10_000)) },
		"keep_alive":           func(v strict.Value) { t.Reconnect = !v.Flag() },
		"timeout":              func(v strict.Value) { t.Timeout = v.Duration(time.Millisecond, 10*time.Minute) },
		"prometheus":           func(v strict.Value) { t.Prometheus = readURL(v) },
		"metrics":              func(v strict.Value) { t.Metrics = readQueries(v) },
		"backlog":              func(v strict.Value) { t.Backlog = v.Line(1, 60) },
	})
	return t
}

// replayForms says how bodies are sent that pages of old put into forms.
const replayForms = "recorded forms are sent byte for byte with replay.format: capture"

// readCompression reads how bodies are compressed.
func readCompression(v strict.Value) Compression {
	if text, ok := v.Scalar("text", strict.Text); ok && (text == "base64" || text == "lz64") {
		v.Fail(text+" bodies, which are forms, are not made", "write gzip; "+replayForms)
		return CompressionGzip
	}
	return strict.OneOf(v, []Compression{CompressionNone, CompressionGzip, CompressionDeflate, CompressionBrotli,
		CompressionZstd})
}

// readHint reads where requests say how they are compressed.
func readHint(v strict.Value) Hint {
	if text, ok := v.Scalar("text", strict.Text); ok && text == "form" {
		v.Fail("forms are not made", "write header, query or none; "+replayForms)
		return HintHeader
	}
	return strict.OneOf(v, []Hint{HintHeader, HintQuery, HintNone})
}

// readToken reads the token. Its mistakes do not tell what it is.
func readToken(v strict.Value) strict.Secret {
	token := v.Line(1, strict.MaxLine)
	if strings.ContainsFunc(token, unicode.IsSpace) {
		v.Fail("must not contain blanks", "")
	}
	return v.Secret(token)
}

// readURL reads the base of the endpoint's URLs. Its mistakes do not tell what it
// is, because it might hold a password.
func readURL(v strict.Value) string {
	text := v.Line(0, 2000)
	if text == "" {
		return ""
	}
	const hint = "as in https://capture.staging.example, perhaps with a path"
	u, err := url.Parse(text)
	switch {
	case err != nil:
		v.Fail("cannot be read as a URL", hint)
	case u.Scheme != "http" && u.Scheme != "https":
		v.Fail("must begin with http:// or https://", hint)
	case u.Hostname() == "":
		v.Fail("has no host", hint)
	case u.User != nil:
		v.Fail("must not hold a user or password", "the token goes to target.token")
	case strings.ContainsAny(text, "?#"):
		v.Fail("must not have a query or fragment", hint)
	}
	return text
}

// Path is a route of v0. One handler of the endpoint serves them all, so that
// each takes bodies of any shape; clients differ in the one that they use.
type Path string

// The routes: of libraries that post batches, of browsers, of the documentation,
// and three older names. The endpoint of 2024 has the first three only.
const (
	PathBatch   Path = "/batch/"
	PathBrowser Path = "/e/"
	PathSingle  Path = "/i/v0/e/"
	PathCapture Path = "/capture/"
	PathTrack   Path = "/track/"
	PathEngage  Path = "/engage/" // an event without a name is $identify there
)

// Known tells whether the endpoint has the route in a generation, with or without
// a slash at its end. What it does not know is answered 404 (capture router.rs).
func (p Path) Known(g capture.Generation) bool {
	switch Path(strings.TrimSuffix(string(p), "/") + "/") {
	case PathBatch, PathBrowser, PathSingle:
		return true
	case PathCapture, PathTrack, PathEngage:
		return g != capture.Generation2024
	}
	return false
}

// Hint is where a request says how its body is compressed.
type Hint string

// The hints. The endpoint of 2024 wants no hint; today's takes the first of
// query and header.
const (
	HintHeader Hint = "header" // Content-Encoding
	HintQuery  Hint = "query"  // ?compression=
	HintNone   Hint = "none"   // nowhere: the endpoint looks at the bytes
)

// Route is where the requests of t go on the endpoint, v1's excepted: what the
// file says, else the client's own, else that of the shape.
func (t *Target) Route() Path {
	h, known := t.Client.Habits()
	switch {
	case t.Path != "":
		return t.Path
	case known:
		return Path(h.Path)
	case t.Endpoint == EndpointArray:
		return PathBrowser
	case t.Endpoint == EndpointCapture:
		return PathSingle
	}
	return PathBatch
}

// Hinted is where the requests of t say how they are compressed.
func (t *Target) Hinted() Hint {
	h, _ := t.Client.Habits()
	switch {
	case t.Hint != "":
		return t.Hint
	case h.Unhinted:
		return HintNone
	}
	return HintHeader
}
