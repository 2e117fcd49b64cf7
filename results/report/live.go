package report

import (
	"bytes"
	_ "embed"
	"io"
	"math"
	"sync"
	"time"

	"rehearse/internal/capture"
	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/results/metrics"
	"rehearse/results/rundir"
	"rehearse/scenario"
)

//go:embed live.gohtml
var liveText string

// remembered is how many intervals the live charts show: five minutes.
const remembered = 300

// Live is a run as it goes: the charts of the report over the last five minutes,
// and the numbers of the whole so far. It is safe for concurrent use.
type Live struct {
	mu     sync.Mutex
	run    rundir.Run
	series series
	total  *results.Tally // copies of what an Interval only lends
	last   results.Row

	unanswered time.Duration // how long nothing has been answered
	span       time.Duration // of the load
	latest     *results.Result

	beside *Live // the background; nil: there is none
}

// NewLive returns a run that has not begun. The stages, the peak, the
// thresholds and the names are taken from the manifest; span is how long the load takes.
func NewLive(m *results.Manifest, span time.Duration) *Live {
	l := &Live{total: results.NewTally(), series: series{moves: true}, span: span}
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
	l.run = rundir.Run{Result: r, Latency: l.total.Latency, Service: l.total.Service}
	return l
}

// Beside returns what the background that is sent beside has come to: it is shown beside the run,
// and has its metrics.
func (l *Live) Beside(m *results.Manifest, span time.Duration) *Live {
	beside := NewLive(m, span)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.beside = beside
	return beside
}

// background is that; nil: there is none.
func (l *Live) background() *Live {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.beside
}

// Observe takes in an interval, of which it keeps copies, and the result so far, which is
// not changed any more; nil: there is none.
func (l *Live) Observe(iv *results.Interval, latest *results.Result) {
	row := results.RowOf(iv)
	w := rundir.Window{
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
	l.last, l.unanswered, l.latest = row, iv.Unanswered, latest
	l.run.Result.Requests.Retried = l.total.Retries
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
	Facts      []fact
	Thresholds []standing
	Charts     []*chart

	Beside *live // the background; nil: there is none
}

// standing is a threshold as it stands while the run goes on.
type standing struct {
	results.ThresholdRow
	AtEnd bool // it is about all that is planned, so that it cannot be met before the end
}

// side is a number of both streams.
type side struct{ Run, Background fact }

// Sides sets the numbers of the run beside those of the background; nil: there is none.
func (l live) Sides() (rows []side) {
	if l.Beside == nil {
		return nil
	}
	for _, f := range l.Facts {
		row := side{Run: f}
		for _, other := range l.Beside.Facts {
			if other.Name == f.Name {
				row.Background = other
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// Charts is the part of the page that changes, as HTML.
func (l *Live) Charts() ([]byte, error) {
	now := l.now()
	if b := l.background(); b != nil {
		beside := b.now()
		now.Beside = &beside
	}
	return Render(`{{template "now" .}}`, now)
}

// now is what the template shows of one stream.
func (l *Live) now() live {
	l.mu.Lock()
	defer l.mu.Unlock()
	return live{Facts: l.facts(), Thresholds: l.thresholds(), Charts: charts(&l.run, &l.series)}
}

// facts are the numbers on top; l.mu is held.
func (l *Live) facts() []fact {
	t, r := l.total, l.run.Result
	r.Latency.P50, r.Service.P50 = milliseconds(t.Latency, 0.5), milliseconds(t.Service, 0.5)
	r.Latency.Max, r.Service.Max = milliseconds(t.Latency, 1), milliseconds(t.Service, 1)
	sent := t.Sent()
	facts := []fact{
		{"events sent", text.Count(sent.Events), "of " + text.Count(r.Planned.Events) + " planned"},
		{"time left", clock(math.Round(math.Max(l.span.Seconds()-l.last.To, 0))),
			clock(math.Round(l.last.To)) + " of " + clock(math.Round(l.span.Seconds()))},
		{"latency p99", ms(milliseconds(t.Latency, 0.99)), "p50 " + ms(r.Latency.P50) + ", max " + ms(r.Latency.Max)},
		{"not accepted", text.Percent(share(sent.Requests-t.Fates[capture.FateAccepted].Requests, sent.Requests)),
			"of the requests sent"},
		{"late", text.Percent(share(t.AllLate().Requests, sent.Requests)),
			"left over " + lateAfter() + " after their time"},
	}
	if l.unanswered > 0 {
		facts = append(facts,
			fact{"no answer for", clock(l.unanswered.Seconds()), text.Count(l.last.InFlight.Requests) + " in flight"})
	}
	return facts
}

// thresholds are those of the run, as they stand; l.mu is held.
func (l *Live) thresholds() (rows []standing) {
	if l.latest == nil {
		return nil
	}
	running := l.latest.Run.Ended == results.Running
	for _, row := range l.latest.Thresholds {
		rows = append(rows, standing{row, running && !row.OK && ofThePlan(row.Text)})
	}
	return rows
}

// ofThePlan reports whether a threshold is on the accepted events of the whole run, which are held
// against all that is planned.
func ofThePlan(threshold string) bool {
	t, err := scenario.ParseThreshold(threshold)
	return err == nil && t.Metric.Name == "accepted" && t.Stage == "" && t.Every == 0
}

// milliseconds is a quantile.
func milliseconds(h *results.Histogram, q float64) float64 { return h.Quantile(q).Seconds() * 1000 }

// metrics are those of one stream, with the labels that tell its run from others in one
// database; they are good while l.mu is held.
func (l *Live) metrics(run *results.RunInfo, stream string) []metrics.Family {
	return metrics.Of(l.total, &l.last, metrics.Label{Name: "run", Value: run.ID},
		metrics.Label{Name: "scenario", Value: run.Scenario}, metrics.Label{Name: metrics.StreamLabel, Value: stream})
}

// Page is the page around the charts.
func (l *Live) Page() ([]byte, error) { return Render(liveText, l.run.Result) }

// WriteMetrics writes the run so far in the text format of Prometheus, with
// classic histograms.
func (l *Live) WriteMetrics(w io.Writer) error { return l.write(w, metrics.WriteText) }

// WriteNative writes the run so far for a scraper that wants native histograms.
func (l *Live) WriteNative(w io.Writer) error { return l.write(w, metrics.WriteNative) }

// write writes the metrics in one of their forms. A reader that is slow keeps
// no other page waiting.
func (l *Live) write(w io.Writer, form func(io.Writer, []metrics.Family) error) error {
	var text bytes.Buffer
	beside := l.background()
	l.mu.Lock()
	all := l.metrics(&l.run.Result.Run, metrics.RunStream)
	if beside != nil {
		beside.mu.Lock()
		all = metrics.Join(all, beside.metrics(&l.run.Result.Run, metrics.Background))
	}
	err := form(&text, all)
	if beside != nil {
		beside.mu.Unlock()
	}
	l.mu.Unlock()
	if err == nil {
		_, err = text.WriteTo(w)
	}
	return err
}
