package metrics

import (
	"io"
	"math"
	"mime"
	"strconv"
	"strings"

	"rehearse/results"
	"rehearse/results/protobuf"
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
		if kind == "application/vnd.google.protobuf" && parameters["encoding"] == "delimited" && strings.EqualFold(parameters["proto"], "io.prometheus.client.MetricFamily") {
			native = max(native, weight)
		} else {
			other = max(other, weight)
		}
	}
	return native > 0 && native >= other
}

// WriteNative writes metrics as delimited messages of Prometheus (client_model,
// metrics.proto), with histograms that are native and, for a scraper that wants
// those too, classic.
func WriteNative(w io.Writer, all []Family) error {
	var b []byte
	for i := range all {
		b = protobuf.Delimited(b, all[i].append)
	}
	_, err := w.Write(b)
	return err
}

// types are the kinds in the enumeration MetricType.
var types = [...]uint64{Counter: 0, Gauge: 1, Histogram: 4}

// append appends a MetricFamily.
func (f *Family) append(b []byte) []byte {
	b = protobuf.Text(b, 1, f.Name)
	b = protobuf.Text(b, 2, f.Help)
	b = protobuf.Varint(b, 3, types[f.Kind])
	for _, p := range f.Points {
		b = protobuf.Message(b, 4, func(b []byte) []byte {
			for _, l := range p.Labels {
				b = protobuf.Message(b, 1, func(b []byte) []byte { return protobuf.Text(protobuf.Text(b, 1, l.Name), 2, l.Value) })
			}
			field := 3 // counter
			if f.Kind == Gauge {
				field = 2
			}
			return protobuf.Message(b, field, func(b []byte) []byte { return protobuf.Double(b, 1, p.Value) })
		})
	}
	if f.Kind == Histogram {
		b = protobuf.Message(b, 4, func(b []byte) []byte {
			return protobuf.Message(b, 7, func(b []byte) []byte { return appendHistogram(b, f.Times) })
		})
	}
	return b
}

// appendHistogram appends the fields of a Histogram.
func appendHistogram(b []byte, h *results.Histogram) []byte {
	b = protobuf.Varint(b, 1, uint64(h.Count()))
	b = protobuf.Double(b, 2, Sum(h))
	sum := uint64(0)
	for i, n := range Buckets(h) {
		sum += n
		end := math.Inf(1)
		if i < len(bounds) {
			end = bounds[i]
		}
		b = protobuf.Message(b, 3, func(b []byte) []byte { return protobuf.Double(protobuf.Varint(b, 1, sum), 2, end) })
	}
	zero, buckets := nativeBuckets(h)
	b = protobuf.Zigzag(b, 5, schema)
	b = protobuf.Double(b, 6, zeroThreshold)
	b = protobuf.Varint(b, 7, zero)
	return appendSpans(b, buckets)
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

// appendSpans appends buckets as stretches of neighbours, each with its distance
// from the one before, and each count as the difference to the one before.
func appendSpans(b []byte, buckets []bucket) []byte {
	if len(buckets) == 0 {
		// One span without buckets tells an empty native histogram from a classic one.
		return protobuf.Message(b, 12, func(b []byte) []byte { return protobuf.Varint(protobuf.Zigzag(b, 1, 0), 2, 0) })
	}
	next := 0
	for i := 0; i < len(buckets); {
		end := i + 1
		for end < len(buckets) && buckets[end].index == buckets[end-1].index+1 {
			end++
		}
		offset, size := int64(buckets[i].index-next), uint64(end-i)
		b = protobuf.Message(b, 12, func(b []byte) []byte { return protobuf.Varint(protobuf.Zigzag(b, 1, offset), 2, size) })
		next = buckets[end-1].index + 1
		i = end
	}
	before := int64(0)
	for _, one := range buckets {
		b = protobuf.Zigzag(b, 13, one.count-before)
		before = one.count
	}
	return b
}
