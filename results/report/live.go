package report

import (
	_ "embed"
	"fmt"
	"io"
	"math"
	"sync"

	"rehearse/capture"
	"rehearse/results"
)

//go:embed live.gohtml
var liveText string

// remembered is how many intervals the live charts show: five minutes.
const remembered = 300

// Live is a run as it goes: the charts of the report over the last five minutes,
// and the numbers of the whole so far. It is safe for concurrent use.
type Live struct {
	mu     sync.Mutex
	run    results.Run
	series series
	total  *results.Tally // copies of what an Interval only lends
	last   results.Row
}

// NewLive returns a run that has not begun. The stages, the peak, the
// thresholds and the names are taken from the manifest.
func NewLive(m *results.Manifest) *Live {
	l := &Live{total: results.NewTally()}
	r := &results.Result{Planned: m.Planned, Stages: results.StageRows(m.Stages)}
	r.Run.ID, r.Run.Scenario, r.Run.Target = m.RunID, m.Scenario, m.Target
	for _, t := range m.Thresholds {
		r.Thresholds = append(r.Thresholds, results.ThresholdRow{Text: t.Text})
	}
	for reason := range capture.Reasons() {
		r.Rejections = append(r.Rejections, results.RejectionRow{Reason: reason.String(), Side: reason.Side().String()})
		if reason != capture.Accepted {
			l.series.reasons = append(l.series.reasons, reason.String())
		}
	}
	l.run = results.Run{Result: r, Latency: l.total.Latency, Service: l.total.Service}
	return l
}

// Observe takes in an interval, of which it keeps copies.
func (l *Live) Observe(iv *results.Interval) {
	row := results.RowOf(iv)
	w := results.Window{
		From: row.From, To: row.To, Latency: iv.Latency, Service: iv.Service, Lag: iv.Lag, Reasons: map[string]int64{},
	}
	for reason, h := range iv.ByReason {
		if h != nil && h.Count() > 0 {
			w.Reasons[capture.Reason(reason).String()] = h.Count()
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.total.Add(&iv.Tally)
	l.last = row
	l.series.windows = lately(append(l.series.windows, newWindow(&w)))
	l.run.Timeline = lately(append(l.run.Timeline, row))
	l.series.steps = steps(l.run.Timeline, 0)
	l.series.from, l.series.to = l.series.windows[0].from, math.Max(row.To, l.series.windows[0].from+0.001)
}

// lately drops what is too old to be shown.
func lately[T any](all []T) []T {
	if len(all) > remembered {
		all = append(all[:0], all[len(all)-remembered:]...)
	}
	return all
}

// live is what the template of the charts shows.
type live struct {
	Facts  []fact
	Charts []*chart
}

// Charts is the part of the page that changes, as HTML.
func (l *Live) Charts() ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	run, s := &l.run, &l.series
	return render(`<dl class="facts">{{range .Facts}}<div><dt>{{.Name}}</dt><dd>{{.Value}}</dd><small>{{.Note}}</small></div>{{end}}</dl>
<h2>The last five minutes</h2><div class="grid2">{{range .Charts}}{{template "chart" .}}{{end}}</div>`, live{l.facts(), []*chart{
		rateChart(run, s), latencyChart(run, s), spectrumChart(run), heatChart(run, s),
		serviceChart(run, s), refusalChart(run, s), lagChart(run, s), flightChart(run, s),
	}})
}

// facts are the numbers on top; l.mu is held.
func (l *Live) facts() []fact {
	t, r := l.total, l.run.Result
	r.Latency.P50, r.Service.P50 = milliseconds(t.Latency, 0.5), milliseconds(t.Service, 0.5)
	r.Latency.Max, r.Service.Max = milliseconds(t.Latency, 1), milliseconds(t.Service, 1)
	sent := t.Sent()
	return []fact{
		{"events sent", results.FormatCount(sent.Events), "of " + results.FormatCount(r.Planned.Events) + " planned"},
		{"time", clock(l.last.To), "since the start"},
		{"latency p99", ms(milliseconds(t.Latency, 0.99)), "p50 " + ms(r.Latency.P50) + ", max " + ms(r.Latency.Max)},
		{"not accepted", results.FormatShare(share(sent.Requests-t.Fates[capture.FateAccepted].Requests, sent.Requests)), "of the requests sent"},
		{"late", results.FormatShare(share(t.AllLate().Requests, sent.Requests)), "left over " + results.LateAfter.String() + " after their time"},
	}
}

// milliseconds is a quantile.
func milliseconds(h *results.Histogram, q float64) float64 { return h.Quantile(q).Seconds() * 1000 }

// Page is the page around the charts.
func (l *Live) Page() ([]byte, error) { return render(liveText, l.run.Result) }

// bounds are the upper ends of the buckets of the metrics, in seconds.
var bounds = [...]float64{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60}

// WriteMetrics writes the run so far in the text format of Prometheus, version
// 0.0.4, with classic histograms.
func (l *Live) WriteMetrics(w io.Writer) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	m := &exposition{w: w}
	m.family("rehearse_requests_total", "counter", "Requests that came to their end, by what became of them.")
	for fate, name := range fates {
		m.line("rehearse_requests_total{fate=%q} %d\n", name, l.total.Fates[fate].Requests)
	}
	m.family("rehearse_events_total", "counter", "Events that came to their end, by what became of them.")
	for fate, name := range fates {
		m.line("rehearse_events_total{fate=%q} %d\n", name, l.total.Fates[fate].Events)
	}
	m.family("rehearse_not_accepted_total", "counter", "Requests that were not accepted, by reason.")
	for kind, count := range l.total.Refusals {
		m.line("rehearse_not_accepted_total{reason=%q,side=%q,status=\"%d\"} %d\n", kind.Reason, kind.Reason.Side(), kind.Status, count.Requests)
	}
	m.family("rehearse_late_total", "counter", "Requests that left late.")
	m.line("rehearse_late_total %d\n", l.total.AllLate().Requests)
	m.family("rehearse_connections_total", "counter", "Connections that were opened, or could not be.")
	m.line("rehearse_connections_total{opened=\"yes\"} %d\n", l.total.Connections.Opened)
	m.line("rehearse_connections_total{opened=\"no\"} %d\n", l.total.Connections.Failed)
	m.family("rehearse_in_flight_requests", "gauge", "Requests sent and unanswered.")
	m.line("rehearse_in_flight_requests %d\n", l.last.InFlight.Requests)
	m.family("rehearse_target_events_per_second", "gauge", "Events a second that the scenario asks for.")
	m.line("rehearse_target_events_per_second %g\n", l.last.Target)
	m.histogram("rehearse_latency_seconds", "From due to done: what a customer would have felt.", l.total.Latency)
	m.histogram("rehearse_service_seconds", "From sent to done: what the endpoint took.", l.total.Service)
	m.histogram("rehearse_lag_seconds", "From due to sent.", l.total.Lag)
	return m.err
}

// fates are the names of capture.Fate, in its order.
var fates = [...]string{"unsent", "accepted", "rejected", "ambiguous"}

// exposition writes metrics; the first error sticks.
type exposition struct {
	w   io.Writer
	err error
}

// line writes one line or more.
func (m *exposition) line(format string, args ...any) {
	if m.err == nil {
		_, m.err = fmt.Fprintf(m.w, format, args...)
	}
}

// family begins a metric.
func (m *exposition) family(name, kind, help string) {
	m.line("# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}

// histogram writes a classic histogram.
func (m *exposition) histogram(name, help string, h *results.Histogram) {
	m.family(name, "histogram", help)
	buckets, i, sum := h.Buckets(), 0, int64(0)
	for _, bound := range bounds {
		for ; i < len(buckets) && buckets[i].Below.Seconds() <= bound*1.001; i++ { // a bucket is a thousandth wide
			sum += buckets[i].Count
		}
		m.line("%s_bucket{le=\"%g\"} %d\n", name, bound, sum)
	}
	m.line("%s_bucket{le=\"+Inf\"} %d\n%s_sum %g\n%s_count %d\n", name, h.Count(), name, h.Mean().Seconds()*float64(h.Count()), name, h.Count())
}
