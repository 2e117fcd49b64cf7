package otlp

import (
	"encoding/binary"
	"math"
	"strconv"
)

// The numbers of the fields are those of opentelemetry-proto
// (metrics.proto, resource.proto, common.proto). Each append function writes the
// fields of a message; within writes it as a field of another.

// The wire types of protobuf.
const (
	wireVarint  = 0
	wireFixed64 = 1
	wireBytes   = 2
)

// MarshalText makes a count text, as JSON has 64-bit integers.
func (t tally) MarshalText() ([]byte, error) { return strconv.AppendUint(nil, uint64(t), 10), nil }

func key(b []byte, field, wire int) []byte {
	return binary.AppendUvarint(b, uint64(field<<3|wire))
}

func appendText(b []byte, field int, text string) []byte {
	if text == "" {
		return b
	}
	b = binary.AppendUvarint(key(b, field, wireBytes), uint64(len(text)))
	return append(b, text...)
}

func appendVarint(b []byte, field int, n uint64) []byte {
	return binary.AppendUvarint(key(b, field, wireVarint), n)
}

func appendFixed(b []byte, field int, n uint64) []byte {
	return binary.LittleEndian.AppendUint64(key(b, field, wireFixed64), n)
}

// within appends a message as a field.
func within(b []byte, field int, message func([]byte) []byte) []byte {
	inner := message(nil)
	b = binary.AppendUvarint(key(b, field, wireBytes), uint64(len(inner)))
	return append(b, inner...)
}

func (r *request) append(b []byte) []byte {
	for i := range r.ResourceMetrics {
		b = within(b, 1, r.ResourceMetrics[i].append)
	}
	return b
}

func (r *resourceMetrics) append(b []byte) []byte {
	b = within(b, 1, func(b []byte) []byte { return appendAttributes(b, 1, r.Resource.Attributes) })
	for i := range r.ScopeMetrics {
		b = within(b, 2, r.ScopeMetrics[i].append)
	}
	return b
}

func (s *scopeMetrics) append(b []byte) []byte {
	b = within(b, 1, func(b []byte) []byte { return appendText(b, 1, s.Scope.Name) })
	for i := range s.Metrics {
		b = within(b, 2, s.Metrics[i].append)
	}
	return b
}

func appendAttributes(b []byte, field int, all []attribute) []byte {
	for _, a := range all {
		b = within(b, field, func(b []byte) []byte {
			b = appendText(b, 1, a.Key)
			return within(b, 2, func(b []byte) []byte { return appendText(b, 1, a.Value.Text) })
		})
	}
	return b
}

func (m *metric) append(b []byte) []byte {
	b = appendText(b, 1, m.Name)
	b = appendText(b, 2, m.Description)
	b = appendText(b, 3, m.Unit)
	switch {
	case m.Gauge != nil:
		return within(b, 5, func(b []byte) []byte { return appendPoints(b, m.Gauge.Points) })
	case m.Sum != nil:
		return within(b, 7, m.Sum.append)
	case m.Histogram != nil:
		return within(b, 9, m.Histogram.append)
	}
	return b
}

func (s *sum) append(b []byte) []byte {
	b = appendPoints(b, s.Points)
	b = appendVarint(b, 2, uint64(s.Temporality))
	if s.Monotonic {
		b = appendVarint(b, 3, 1)
	}
	return b
}

func appendPoints(b []byte, points []point) []byte {
	for i := range points {
		b = within(b, 1, points[i].append)
	}
	return b
}

func (p *point) append(b []byte) []byte {
	b = appendFixed(b, 2, p.Start)
	b = appendFixed(b, 3, p.End)
	if p.Int != nil {
		b = appendFixed(b, 6, uint64(*p.Int))
	}
	if p.Double != nil {
		b = appendFixed(b, 4, math.Float64bits(*p.Double))
	}
	return appendAttributes(b, 7, p.Attributes)
}

func (h *histogram) append(b []byte) []byte {
	for i := range h.Points {
		b = within(b, 1, h.Points[i].append)
	}
	return appendVarint(b, 2, uint64(h.Temporality))
}

func (d *bars) append(b []byte) []byte {
	b = appendFixed(b, 2, d.Start)
	b = appendFixed(b, 3, d.End)
	b = appendFixed(b, 4, d.Count)
	b = appendFixed(b, 5, math.Float64bits(d.Sum))
	b = within(b, 6, func(b []byte) []byte {
		for _, n := range d.Counts {
			b = binary.LittleEndian.AppendUint64(b, uint64(n))
		}
		return b
	})
	b = within(b, 7, func(b []byte) []byte {
		for _, bound := range d.Bounds {
			b = binary.LittleEndian.AppendUint64(b, math.Float64bits(bound))
		}
		return b
	})
	return appendFixed(b, 12, math.Float64bits(d.Max))
}
