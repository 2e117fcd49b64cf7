package otlp

import (
	"encoding/json"
	"strconv"
)

// The messages of opentelemetry-proto metrics/v1, as far as they are used, under
// the names that they have in JSON (OTLP specification, "JSON Protobuf
// Encoding": 64-bit integers are text, enumerations are numbers).

// request is an ExportMetricsServiceRequest.
type request struct {
	ResourceMetrics []resourceMetrics `json:"resourceMetrics"`
}

type resourceMetrics struct {
	Resource     resource       `json:"resource"`
	ScopeMetrics []scopeMetrics `json:"scopeMetrics"`
}

type resource struct {
	Attributes []attribute `json:"attributes"`
}

type scopeMetrics struct {
	Scope   scope    `json:"scope"`
	Metrics []metric `json:"metrics"`
}

type scope struct {
	Name string `json:"name"`
}

// attribute is a KeyValue whose value is text.
type attribute struct {
	Key   string    `json:"key"`
	Value textValue `json:"value"`
}

type textValue struct {
	Text string `json:"stringValue"`
}

// with sets an attribute.
func with(all []attribute, key, value string) []attribute {
	for i := range all {
		if all[i].Key == key {
			all[i].Value = textValue{value}
			return all
		}
	}
	return append(all, attribute{key, textValue{value}})
}

// metric has one of the three kinds of data.
type metric struct {
	Name        string     `json:"name"`
	Description string     `json:"description"`
	Unit        string     `json:"unit,omitempty"`
	Gauge       *gauge     `json:"gauge,omitempty"`
	Sum         *sum       `json:"sum,omitempty"`
	Histogram   *histogram `json:"histogram,omitempty"`
}

type gauge struct {
	Points []point `json:"dataPoints"`
}

// cumulative is the AggregationTemporality of numbers that count from the start.
const cumulative = 2

type sum struct {
	Points      []point `json:"dataPoints"`
	Temporality int     `json:"aggregationTemporality"`
	Monotonic   bool    `json:"isMonotonic"`
}

type histogram struct {
	Points      []bars `json:"dataPoints"`
	Temporality int    `json:"aggregationTemporality"`
}

// span is the time that a point covers, in nanoseconds since 1970.
type span struct {
	Start uint64 `json:"startTimeUnixNano,string"`
	End   uint64 `json:"timeUnixNano,string"`
}

// point is a NumberDataPoint: a whole number in a sum, else a decimal one.
type point struct {
	span
	Attributes []attribute `json:"attributes,omitempty"`
	Int        *int64      `json:"asInt,string,omitempty"`
	Double     *float64    `json:"asDouble,omitempty"`
}

// bars is a HistogramDataPoint.
type bars struct {
	span
	Count  uint64    `json:"count,string"`
	Sum    float64   `json:"sum"`
	Counts decimals  `json:"bucketCounts"`
	Bounds []float64 `json:"explicitBounds"`
	Max    float64   `json:"max"`
}

// decimals are counts, which are text in JSON.
type decimals []uint64

// MarshalJSON writes an array of text.
func (d decimals) MarshalJSON() ([]byte, error) {
	all := make([]string, len(d))
	for i, n := range d {
		all[i] = strconv.FormatUint(n, 10)
	}
	return json.Marshal(all)
}
