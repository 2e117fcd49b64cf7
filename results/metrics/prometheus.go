package metrics

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"mime"
	"strconv"
	"strings"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/encoding/protodelim"

	"rehearse/results"
)

// NativeType is the content type of what WriteNative writes.
const NativeType = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"

// schema sets the width of native buckets: their ends are the powers of
// 2^(2^-schema), here 2.2 % apart, so that a quantile is at most 1.1 % off.
const schema = 5

// zeroThreshold is up to where durations count as zero: the default of Prometheus
// clients, 2^-128.
var zeroThreshold = math.Ldexp(1, -128)

// Wants tells whether a scraper that accepts these media types prefers native
// histograms, which the text format does not have. Prometheus asks for them with
// scrape_native_histograms.
func Wants(accept string) bool {
	native, other := 0.0, 0.0
	for part := range strings.SplitSeq(accept, ",") {
		kind, parameters, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		weight := 1.0
		if q, err := strconv.ParseFloat(parameters["q"], 64); err == nil {
			weight = q
		}
		if kind == "application/vnd.google.protobuf" && parameters["encoding"] == "delimited" &&
			strings.EqualFold(parameters["proto"], "io.prometheus.client.MetricFamily") {
			native = max(native, weight)
		} else {
			other = max(other, weight)
		}
	}
	return native > 0 && native >= other
}

// WriteNative writes metrics as delimited messages of Prometheus, with histograms
// that are native and, for a scraper that wants those too, classic.
func WriteNative(w io.Writer, all []Family) error {
	var b bytes.Buffer
	for _, f := range all {
		if _, err := protodelim.MarshalTo(&b, family(f)); err != nil {
			return err
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// types are what Prometheus calls the kinds.
var types = [...]dto.MetricType{
	Counter:   dto.MetricType_COUNTER,
	Gauge:     dto.MetricType_GAUGE,
	Histogram: dto.MetricType_HISTOGRAM,
}

// family is a metric as a message.
func family(f Family) *dto.MetricFamily {
	m := &dto.MetricFamily{Name: &f.Name, Help: &f.Help, Type: types[f.Kind].Enum()}
	for _, p := range f.Points {
		one := &dto.Metric{}
		for _, l := range p.Labels {
			one.Label = append(one.Label, &dto.LabelPair{Name: &l.Name, Value: &l.Value})
		}
		switch f.Kind {
		case Gauge:
			one.Gauge = &dto.Gauge{Value: &p.Value}
		case Counter:
			one.Counter = &dto.Counter{Value: &p.Value}
		case Histogram:
			one.Histogram = histogram(p.Times)
		}
		m.Metric = append(m.Metric, one)
	}
	return m
}

// histogram has both kinds of buckets.
func histogram(h *results.Histogram) *dto.Histogram {
	zero, buckets := nativeBuckets(h)
	m := &dto.Histogram{
		SampleCount: new(uint64(h.Count())), SampleSum: new(Sum(h)),
		Schema: new(int32(schema)), ZeroThreshold: new(zeroThreshold), ZeroCount: &zero,
	}
	m.PositiveSpan, m.PositiveDelta = spans(buckets)
	sum := uint64(0)
	for i, n := range Buckets(h) {
		sum += n
		end := math.Inf(1)
		if i < len(bounds) {
			end = bounds[i]
		}
		m.Bucket = append(m.Bucket, &dto.Bucket{CumulativeCount: new(sum), UpperBound: &end})
	}
	return m
}

// bucket is a native bucket: durations up to 2^(index·2^-schema) seconds.
type bucket struct {
	index int
	count int64
}

// nativeBuckets are the buckets of a histogram that hold something, in order, and
// how many durations are zero.
func nativeBuckets(h *results.Histogram) (zero uint64, buckets []bucket) {
	for _, b := range h.Buckets() {
		if b.Below <= 0 {
			zero += uint64(b.Count)
			continue
		}
		index := int(math.Ceil(math.Log2(b.Below.Seconds()) * (1 << schema)))
		if last := len(buckets) - 1; last >= 0 && buckets[last].index == index {
			buckets[last].count += b.Count
			continue
		}
		buckets = append(buckets, bucket{index, b.Count})
	}
	return zero, buckets
}

// spans are buckets as stretches of neighbours, each with its distance from the
// one before, and deltas their counts, each as the difference to the one before.
func spans(buckets []bucket) (spans []*dto.BucketSpan, deltas []int64) {
	if len(buckets) == 0 {
		// One span without buckets tells an empty native histogram from a classic one.
		return []*dto.BucketSpan{{Offset: new(int32(0)), Length: new(uint32(0))}}, nil
	}
	next, before := 0, int64(0)
	for _, b := range buckets {
		if len(spans) == 0 || b.index != next {
			spans = append(spans, &dto.BucketSpan{Offset: new(int32(b.index - next)), Length: new(uint32(0))})
		}
		*spans[len(spans)-1].Length++
		deltas = append(deltas, b.count-before)
		next, before = b.index+1, b.count
	}
	return spans, deltas
}

// TextType is the content type of what WriteText writes.
const TextType = "text/plain; version=0.0.4; charset=utf-8"

// kinds are the names of the kinds in the text format.
var kinds = [...]string{"counter", "gauge", "histogram"}

// WriteText writes metrics in the text format of Prometheus, version 0.0.4, with
// classic histograms.
func WriteText(w io.Writer, all []Family) error {
	var b strings.Builder
	for _, f := range all {
		fmt.Fprintf(&b, "# HELP %s %s\n# TYPE %s %s\n", f.Name, f.Help, f.Name, kinds[f.Kind])
		for _, p := range f.Points {
			if f.Kind == Histogram {
				writeClassic(&b, f.Name, p)
				continue
			}
			fmt.Fprintf(&b, "%s%s %s\n", f.Name, labelled(p.Labels), number(p.Value, f.Kind))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// number writes a count as a whole number.
func number(x float64, kind Kind) string {
	if kind == Counter {
		return fmt.Sprintf("%.0f", x)
	}
	return fmt.Sprintf("%g", x)
}

// labelled writes labels in braces, if there are any.
func labelled(labels []Label) string {
	if len(labels) == 0 {
		return ""
	}
	parts := make([]string, len(labels))
	for i, l := range labels {
		parts[i] = l.Name + `="` + labelValue.Replace(strings.ToValidUTF8(l.Value, "\uFFFD")) + `"`
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// labelValue escapes what the text format takes for more than itself.
var labelValue = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)

// writeClassic writes a histogram with cumulative buckets.
func writeClassic(b *strings.Builder, name string, p Point) {
	counts, sum := Buckets(p.Times), uint64(0)
	for i, bound := range bounds {
		sum += counts[i]
		writeBucket(b, name, p, strconv.FormatFloat(bound, 'g', -1, 64), sum)
	}
	n, labels := p.Times.Count(), labelled(p.Labels)
	writeBucket(b, name, p, "+Inf", uint64(n))
	fmt.Fprintf(b, "%s_sum%s %g\n%s_count%s %d\n", name, labels, Sum(p.Times), name, labels, n)
}

// writeBucket writes one bucket.
func writeBucket(b *strings.Builder, name string, p Point, end string, sum uint64) {
	fmt.Fprintf(b, "%s_bucket%s %d\n", name, labelled(append([]Label{{"le", end}}, p.Labels...)), sum)
}
