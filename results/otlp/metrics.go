package otlp

import (
	"strings"
	"time"

	"rehearse/results"
	"rehearse/results/metrics"
)

// metricsOf are the metrics of a run so far, of which last is the last interval.
func metricsOf(total *results.Tally, last *results.Row, start time.Time) []metric {
	at := span{nanoseconds(start), nanoseconds(start.Add(time.Duration(1e9 * last.To)))}
	var all []metric
	for _, f := range metrics.Of(total, last) {
		m := metric{Description: f.Help}
		m.Name, m.Unit = spelled(f.Name)
		switch f.Kind {
		case metrics.Counter:
			m.Sum = &sum{points(f, at), cumulative, true}
		case metrics.Gauge:
			m.Gauge = &gauge{points(f, at)}
		case metrics.Histogram:
			m.Histogram = &histogram{[]bars{barsOf(f.Times, at)}, cumulative}
		}
		if f.Kind == metrics.Histogram || len(f.Points) > 0 {
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
func points(f metrics.Family, at span) []point {
	var all []point
	for _, p := range f.Points {
		one := point{span: at}
		for _, l := range p.Labels {
			one.Attributes = append(one.Attributes, attribute{l.Name, textValue{l.Value}})
		}
		if whole := int64(p.Value); f.Kind == metrics.Counter {
			one.Int = &whole
		} else {
			one.Double = &p.Value
		}
		all = append(all, one)
	}
	return all
}

// barsOf is a histogram with classic buckets.
func barsOf(h *results.Histogram, at span) bars {
	return bars{span: at, Count: uint64(h.Count()), Sum: metrics.Sum(h), Counts: metrics.Buckets(h), Bounds: metrics.Bounds(), Max: h.Max().Seconds()}
}

func nanoseconds(t time.Time) uint64 { return uint64(max(t.UnixNano(), 0)) }
