package report

import (
	"fmt"
	"strings"

	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/results/rundir"
)

// timeColumn is a column of the table of times. Where there is no room for all
// of them, that of the highest rank goes first.
type timeColumn struct {
	name  string
	width int
	rank  int // 0: it stays
	of    func(*results.Summary) string
}

// timeColumns are all of them, in order.
func timeColumns() []timeColumn {
	duration := func(of func(*results.Summary) float64) func(*results.Summary) string {
		return func(s *results.Summary) string { return text.Milliseconds(of(s)) }
	}
	return []timeColumn{
		{"count", 12, 5, func(s *results.Summary) string { return text.Count(s.Count) }},
		{"mean", 10, 3, duration(func(s *results.Summary) float64 { return s.Mean })},
		{"p50", 10, 0, duration(func(s *results.Summary) float64 { return s.P50 })},
		{"p90", 10, 2, duration(func(s *results.Summary) float64 { return s.P90 })},
		{"p95", 10, 4, duration(func(s *results.Summary) float64 { return s.P95 })},
		{"p99", 10, 0, duration(func(s *results.Summary) float64 { return s.P99 })},
		{"p99.9", 10, 1, duration(func(s *results.Summary) float64 { return s.P999 })},
		{"max", 10, 0, duration(func(s *results.Summary) float64 { return s.Max })},
	}
}

// fitting leaves out columns until the others fit beside a name of so many
// columns.
func fitting(all []timeColumn, name, width int) []timeColumn {
	for rank := len(all); rank > 0; rank-- {
		total := name
		for _, c := range all {
			total += 1 + c.width
		}
		if total <= width {
			break
		}
		kept := all[:0:0]
		for _, c := range all {
			if c.rank != rank {
				kept = append(kept, c)
			}
		}
		all = kept
	}
	return all
}

// times sets the histograms together: latency contains lag, service contains
// what it took to connect, and only side by side they say whose time it was.
func (p *sheet) times(r *rundir.Run) {
	const name = 10
	columns := fitting(timeColumns(), name, p.width)
	tight := 0
	if name+11*len(columns) > p.width {
		tight = 1
	}
	row := func(first string, cell func(*timeColumn) string) {
		var b strings.Builder
		fmt.Fprintf(&b, "%-*s", name, first)
		for i := range columns {
			fmt.Fprintf(&b, " %*s", columns[i].width-tight, cell(&columns[i]))
		}
		p.line("%s", b.String())
	}
	p.line("")
	row("time", func(c *timeColumn) string { return c.name })
	for _, t := range timesOf(r.Result) {
		row("  "+t.Name, func(c *timeColumn) string { return c.of(&t.Summary) })
	}
}

// NamedSummary is one of a result's histograms.
type NamedSummary struct {
	Name string
	results.Summary
}

// Times are the histograms of a result in few numbers: latency, service and lag,
// and what opening connections took where any were opened. Where not everything was
// accepted, the latency of what was stands apart.
func timesOf(r *results.Result) []NamedSummary {
	times := []NamedSummary{{"latency", r.Latency}}
	if partlyAccepted(r) {
		times = append(times, NamedSummary{"accepted", *r.AcceptedLatency})
	}
	times = append(times, NamedSummary{"service", r.Service}, NamedSummary{"lag", r.Lag})
	if r.Connect != nil {
		times = append(times, NamedSummary{"connect", *r.Connect})
	}
	if r.TLS != nil {
		times = append(times, NamedSummary{"tls", *r.TLS})
	}
	return times
}

// Mixed says whether some requests were accepted and others were sent and not.
func partlyAccepted(r *results.Result) bool {
	return r.AcceptedLatency != nil && r.AcceptedLatency.Count < r.Latency.Count
}
