package otlp

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"rehearse/results/metrics"
)

// Config is where metrics are pushed to, and how.
type Config struct {
	Interval  time.Duration     // between two pushes
	Transport http.RoundTripper // how; nil: as http.DefaultTransport. The guard of what leaves the machine sets it

	endpoint *url.URL
	headers  http.Header // secret
	json     bool        // else protobuf
	gzip     bool
	timeout  time.Duration
	resource []metrics.Label // what is said of who pushes
}

// The defaults of the OpenTelemetry specification ("Exporter configuration" and
// "Periodic exporting MetricReader").
const (
	defaultInterval = time.Minute
	defaultTimeout  = 10 * time.Second
	metricsPath     = "v1/metrics"
)

// environment reads variables; the first mistake sticks.
type environment struct {
	lookup func(string) (string, bool)
	err    error
}

// FromEnv reads the standard variables OTEL_EXPORTER_OTLP_ENDPOINT, _HEADERS,
// _PROTOCOL (http/protobuf or http/json), _COMPRESSION (gzip or none) and _TIMEOUT, each also as
// OTEL_EXPORTER_OTLP_METRICS_*, OTEL_METRIC_EXPORT_INTERVAL, OTEL_SERVICE_NAME,
// OTEL_RESOURCE_ATTRIBUTES, OTEL_METRICS_EXPORTER and OTEL_SDK_DISABLED. It
// returns nil if they name no endpoint or switch the push off. Its error says
// which variable is wrong, not what is in it.
func FromEnv(lookup func(string) (string, bool)) (*Config, error) {
	e := &environment{lookup: lookup}
	if strings.EqualFold(e.get("OTEL_SDK_DISABLED"), "true") ||
		strings.EqualFold(e.get("OTEL_METRICS_EXPORTER"), "none") {
		return nil, nil
	}
	endpoint := e.endpoint()
	if endpoint == nil && e.err == nil {
		return nil, nil
	}
	c := &Config{
		Interval: e.milliseconds("OTEL_METRIC_EXPORT_INTERVAL", defaultInterval),
		endpoint: endpoint, headers: http.Header{},
	}
	for _, h := range e.pairs(e.either("HEADERS")) {
		c.headers.Set(h.Name, h.Value)
	}
	c.json = e.protocol(e.either("PROTOCOL"))
	c.gzip = e.compression(e.either("COMPRESSION"))
	c.timeout = e.milliseconds(e.either("TIMEOUT"), defaultTimeout)
	c.resource = e.resource()
	if e.err != nil {
		return nil, fmt.Errorf("cannot push metrics: %w", e.err)
	}
	return c, nil
}

// Endpoint returns where metrics are pushed to. It may hold a key, and is not to be
// printed but for its host.
func (c *Config) Endpoint() *url.URL { return c.endpoint }

// get returns a variable; one that is empty counts as unset.
func (e *environment) get(name string) string {
	text, _ := e.lookup(name)
	return strings.TrimSpace(text)
}

// either returns the name of the variable for metrics, or of the one for all
// signals if the first is unset.
func (e *environment) either(option string) string {
	if name := "OTEL_EXPORTER_OTLP_METRICS_" + option; e.get(name) != "" {
		return name
	}
	return "OTEL_EXPORTER_OTLP_" + option
}

func (e *environment) wrong(name, what string) {
	if e.err == nil {
		e.err = errors.New(name + " " + what)
	}
}

// endpoint returns the URL to post to. That for metrics is taken as it is; the
// one for all signals is a base.
func (e *environment) endpoint() *url.URL {
	name := e.either("ENDPOINT")
	text := e.get(name)
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		e.wrong(name, "is no URL of the form http://host:4318")
		return nil
	}
	if !strings.Contains(name, "METRICS") {
		u.Path = strings.TrimSuffix(u.Path, "/") + "/" + metricsPath
	}
	return u
}

// protocol tells whether a push is JSON.
func (e *environment) protocol(name string) bool {
	switch e.get(name) {
	case "", "http/protobuf":
	case "http/json":
		return true
	default:
		e.wrong(name, "must be http/protobuf or http/json: there is no gRPC here")
	}
	return false
}

// compression tells whether a push is compressed.
func (e *environment) compression(name string) bool {
	switch e.get(name) {
	case "", "none":
	case "gzip":
		return true
	default:
		e.wrong(name, "must be gzip or none")
	}
	return false
}

func (e *environment) milliseconds(name string, otherwise time.Duration) time.Duration {
	text := e.get(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil || n < 1 {
		e.wrong(name, "must be a number of milliseconds above 0")
		return otherwise
	}
	return time.Duration(n) * time.Millisecond
}

// pairs reads key=value,key=value with the values percent-encoded, as in the W3C
// Baggage format.
func (e *environment) pairs(name string) []metrics.Label {
	var all []metrics.Label
	for part := range strings.SplitSeq(e.get(name), ",") {
		if strings.TrimSpace(part) == "" {
			continue
		}
		key, value, ok := strings.Cut(part, "=")
		key = strings.TrimSpace(key)
		text, err := url.PathUnescape(strings.TrimSpace(value))
		if !ok || err != nil || key == "" || strings.ContainsAny(text, "\r\n\x00") {
			e.wrong(name, "must be key=value pairs separated by commas, the values percent-encoded")
			return nil
		}
		all = append(all, metrics.Label{Name: key, Value: text})
	}
	return all
}

// resource is what the environment says about who pushes.
func (e *environment) resource() []metrics.Label {
	all := e.pairs("OTEL_RESOURCE_ATTRIBUTES")
	if name := e.get("OTEL_SERVICE_NAME"); name != "" {
		all = with(all, "service.name", name)
	}
	return all
}
