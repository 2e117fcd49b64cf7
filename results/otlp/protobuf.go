package otlp

import (
	"math"

	"rehearse/results/protobuf"
)

// The numbers of the fields are those of opentelemetry-proto
// (metrics.proto, resource.proto, common.proto). Each append function writes the
// fields of a message.

func (r *request) append(b []byte) []byte {
	for i := range r.ResourceMetrics {
		b = protobuf.Message(b, 1, r.ResourceMetrics[i].append)
	}
	return b
}

func (r *resourceMetrics) append(b []byte) []byte {
	b = protobuf.Message(b, 1, func(b []byte) []byte { return appendAttributes(b, 1, r.Resource.Attributes) })
	for i := range r.ScopeMetrics {
		b = protobuf.Message(b, 2, r.ScopeMetrics[i].append)
	}
	return b
}

func (s *scopeMetrics) append(b []byte) []byte {
	b = protobuf.Message(b, 1, func(b []byte) []byte { return protobuf.Text(b, 1, s.Scope.Name) })
	for i := range s.Metrics {
		b = protobuf.Message(b, 2, s.Metrics[i].append)
	}
	return b
}

func appendAttributes(b []byte, field int, all []attribute) []byte {
	for _, a := range all {
		b = protobuf.Message(b, field, func(b []byte) []byte {
			b = protobuf.Text(b, 1, a.Key)
			return protobuf.Message(b, 2, func(b []byte) []byte { return protobuf.Text(b, 1, a.Value.Text) })
		})
	}
	return b
}

func (m *metric) append(b []byte) []byte {
	b = protobuf.Text(b, 1, m.Name)
	b = protobuf.Text(b, 2, m.Description)
	b = protobuf.Text(b, 3, m.Unit)
	switch {
	case m.Gauge != nil:
		return protobuf.Message(b, 5, func(b []byte) []byte { return appendPoints(b, m.Gauge.Points) })
	case m.Sum != nil:
		return protobuf.Message(b, 7, m.Sum.append)
	case m.Histogram != nil:
		return protobuf.Message(b, 9, m.Histogram.append)
	}
	return b
}

func (s *sum) append(b []byte) []byte {
	b = appendPoints(b, s.Points)
	b = protobuf.Varint(b, 2, uint64(s.Temporality))
	if s.Monotonic {
		b = protobuf.Varint(b, 3, 1)
	}
	return b
}

func appendPoints(b []byte, points []point) []byte {
	for i := range points {
		b = protobuf.Message(b, 1, points[i].append)
	}
	return b
}

func (p *point) append(b []byte) []byte {
	b = protobuf.Fixed(b, 2, p.Start)
	b = protobuf.Fixed(b, 3, p.End)
	if p.Int != nil {
		b = protobuf.Fixed(b, 6, uint64(*p.Int))
	}
	if p.Double != nil {
		b = protobuf.Double(b, 4, *p.Double)
	}
	return appendAttributes(b, 7, p.Attributes)
}

func (h *histogram) append(b []byte) []byte {
	for i := range h.Points {
		b = protobuf.Message(b, 1, h.Points[i].append)
	}
	return protobuf.Varint(b, 2, uint64(h.Temporality))
}

func (d *bars) append(b []byte) []byte {
	b = protobuf.Fixed(b, 2, d.Start)
	b = protobuf.Fixed(b, 3, d.End)
	b = protobuf.Fixed(b, 4, d.Count)
	b = protobuf.Double(b, 5, d.Sum)
	b = protobuf.Packed(b, 6, d.Counts)
	ends := make([]uint64, len(d.Bounds))
	for i, end := range d.Bounds {
		ends[i] = math.Float64bits(end)
	}
	b = protobuf.Packed(b, 7, ends)
	return protobuf.Double(b, 12, d.Max)
}
