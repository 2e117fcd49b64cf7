package otlp

import (
	"slices"
	"strings"
	"time"

	commonpb "go.opentelemetry.io/proto/otlp/common/v1"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	resourcepb "go.opentelemetry.io/proto/otlp/resource/v1"

	"rehearse/results"
	"rehearse/results/metrics"
)

// cumulative says of numbers that they count from the start.
const cumulative = metricspb.AggregationTemporality_AGGREGATION_TEMPORALITY_CUMULATIVE

// span is the time that a point covers, in nanoseconds since 1970.
type span struct{ start, end uint64 }

// metricsOf are the metrics of a stream so far, of which last is the last interval.
// They keep nothing of what they are made from.
func metricsOf(total *results.Tally, last *results.Row, from origin) []*metricspb.Metric {
	at := span{nanoseconds(from.start), nanoseconds(from.start.Add(time.Duration(1e9 * last.To)))}
	var all []*metricspb.Metric
	for _, f := range metrics.Of(total, last, metrics.Label{Name: metrics.StreamLabel, Value: from.stream}) {
		m := &metricspb.Metric{Description: f.Help}
		m.Name, m.Unit = spelled(f.Name)
		switch f.Kind {
		case metrics.Counter:
			m.Data = &metricspb.Metric_Sum{Sum: &metricspb.Sum{
				DataPoints:             points(f, at),
				AggregationTemporality: cumulative,
				IsMonotonic:            true,
			}}
		case metrics.Gauge:
			m.Data = &metricspb.Metric_Gauge{Gauge: &metricspb.Gauge{DataPoints: points(f, at)}}
		case metrics.Histogram:
			m.Data = &metricspb.Metric_Histogram{Histogram: &metricspb.Histogram{
				DataPoints:             bars(f, at),
				AggregationTemporality: cumulative,
			}}
		}
		if len(f.Points) > 0 {
			all = append(all, m)
		}
	}
	return all
}

// spelled is the name that Prometheus makes its own of, and the unit: it appends
// _total to a counter and the unit to a name, and takes a dot for an underscore.
func spelled(name string) (dotted, unit string) {
	name, seconds := strings.CutSuffix(strings.TrimSuffix(name, "_total"), "_seconds")
	if seconds {
		unit = "s"
	}
	return strings.Replace(name, "_", ".", 1), unit
}

// points are the values of a counter, which are whole, or of a gauge.
func points(f metrics.Family, at span) []*metricspb.NumberDataPoint {
	var all []*metricspb.NumberDataPoint
	for _, p := range f.Points {
		one := &metricspb.NumberDataPoint{
			StartTimeUnixNano: at.start,
			TimeUnixNano:      at.end,
			Attributes:        attributes(p.Labels),
		}
		if f.Kind == metrics.Counter {
			one.Value = &metricspb.NumberDataPoint_AsInt{AsInt: int64(p.Value)}
		} else {
			one.Value = &metricspb.NumberDataPoint_AsDouble{AsDouble: p.Value}
		}
		all = append(all, one)
	}
	return all
}

// bars are the points of a histogram with classic buckets.
func bars(f metrics.Family, at span) []*metricspb.HistogramDataPoint {
	var all []*metricspb.HistogramDataPoint
	for _, p := range f.Points {
		h := p.Times
		all = append(all, &metricspb.HistogramDataPoint{
			StartTimeUnixNano: at.start, TimeUnixNano: at.end, Attributes: attributes(p.Labels),
			Count: uint64(h.Count()), Sum: new(metrics.Sum(h)), Max: new(h.Max().Seconds()),
			BucketCounts: metrics.Buckets(h), ExplicitBounds: metrics.Bounds(),
		})
	}
	return all
}

func nanoseconds(t time.Time) uint64 { return uint64(max(t.UnixNano(), 0)) }

// resourceOf is who pushes: what the environment says of it, and the run.
func resourceOf(labels []metrics.Label, m *results.Manifest) *resourcepb.Resource {
	all := slices.Clone(labels)
	if !has(all, "service.name") {
		all = with(all, "service.name", "rehearse")
	}
	if !has(all, "service.instance.id") {
		all = with(all, "service.instance.id", m.RunID)
	}
	all = with(all, "rehearse.run.id", m.RunID)
	all = with(all, "rehearse.scenario", m.Scenario)
	return &resourcepb.Resource{Attributes: attributes(all)}
}

// has tells whether a label is set.
func has(all []metrics.Label, name string) bool {
	return slices.ContainsFunc(all, func(l metrics.Label) bool { return l.Name == name })
}

// with sets a label.
func with(all []metrics.Label, name, value string) []metrics.Label {
	for i := range all {
		if all[i].Name == name {
			all[i].Value = value
			return all
		}
	}
	return append(all, metrics.Label{Name: name, Value: value})
}

// attributes are labels as the protocol has them.
func attributes(labels []metrics.Label) []*commonpb.KeyValue {
	var all []*commonpb.KeyValue
	for _, l := range labels {
		all = append(all, &commonpb.KeyValue{
			Key:   valid(l.Name),
			Value: &commonpb.AnyValue{Value: &commonpb.AnyValue_StringValue{StringValue: valid(l.Value)}},
		})
	}
	return all
}

// valid replaces what is not UTF-8, which no message can hold, as the W3C Baggage
// format asks for.
func valid(text string) string { return strings.ToValidUTF8(text, "\uFFFD") }
