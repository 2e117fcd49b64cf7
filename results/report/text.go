package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/results/judge"
	"rehearse/results/rundir"
)

// sheet is a text being set, in so many columns.
type sheet struct {
	bytes.Buffer
	width int
}

// line sets one line. Whatever stands in it, a server's words included, cannot
// command the terminal.
func (p *sheet) line(format string, args ...any) {
	text := strings.Map(text.Harmless, fmt.Sprintf(format, args...))
	p.WriteString(strings.TrimRight(text, " "))
	p.WriteByte('\n')
}

// fact sets one line of a section, or more where it is narrow.
func (p *sheet) fact(name, format string, args ...any) {
	p.paragraph(fmt.Sprintf("  %-10s ", name), fmt.Sprintf(format, args...))
}

// paragraph sets text in as many lines as it needs, the first after mark.
func (p *sheet) paragraph(mark, message string) {
	for _, line := range text.Wrap(message, p.width-utf8.RuneCountInString(mark)) {
		p.line("%s%s", mark, line)
		mark = strings.Repeat(" ", utf8.RuneCountInString(mark))
	}
}

// WriteText writes the summary of a run, as it is shown after the run and by
// every later look at its directory: plain text of at most width columns, from
// text.MinColumns to text.Columns, ending with why the verdict is what it is. What does
// not fit is wrapped; of the quantiles those that matter least are left out. The
// verdict itself is left to the caller, who knows the exit code that belongs to
// it.
func WriteText(w io.Writer, r *rundir.Run, width int) error {
	p := sheet{width: min(max(width, text.MinColumns), text.Columns)}
	p.header(r)
	p.schedule(r)
	p.throughput(r)
	p.times(r)
	p.stages(r)
	p.outcomes(r)
	p.backlog(r)
	p.rejections(r)
	p.generator(r)
	p.thresholds(r)
	p.background(r)
	p.arrivals(r)
	p.warnings(r)
	p.line("")
	p.paragraph("", judge.Because(r.Result))
	if _, err := w.Write(p.Bytes()); err != nil {
		return fmt.Errorf("cannot write report: %w", err)
	}
	return nil
}

// header sets what was run.
func (p *sheet) header(r *rundir.Run) {
	run := &r.Result.Run
	p.paragraph("", fmt.Sprintf("%s, run %s", run.Scenario, run.ID))
	p.fact("target", "%s", run.Target)
	if run.Permit != "" {
		p.fact("permit", "%s", run.Permit)
	}
	p.fact("seed", "%d", run.Seed)
	p.fact("started", "%s", startedText(run))
	ended := string(run.Ended)
	switch run.Ended {
	case results.Running:
		ended = "and still running"
	case results.Killed:
		ended = "killed or still running"
	}
	p.fact("ran", "%s s, %s", text.Figures(run.Seconds), ended)
	if run.Why != "" {
		p.fact("because", "%s", run.Why)
	}
	if run.Shard.Of > 1 {
		p.fact("shard", "%d of %d", run.Shard.Index, run.Shard.Of)
	}
}

// schedule sets how well the generator kept its own.
func (p *sheet) schedule(r *rundir.Run) {
	p.line("")
	p.line("schedule")
	if r.Result.Run.ClosedLoop {
		p.fact("none", "a closed loop: each connection sends when the request before is answered; latency runs from "+
			"sending, so that a stall shows as fewer requests")
		return
	}
	p.fact("on time", "%s of the due requests were sent within %s of the planned time",
		text.Percent(r.Result.Generator.ScheduleKept), text.Duration(results.LateAfter))
	late := r.Late()
	more := ""
	if late[results.LateStall] > 0 {
		more += ", " + text.Count(late[results.LateStall]) + " stalled generator"
	}
	if late[results.Held] > 0 {
		more += ", " + text.Count(late[results.Held]) + " held by the permit"
	}
	p.fact("late", "%s build, %s scheduling, %s no connection available%s",
		text.Count(late[results.LateBuild]), text.Count(late[results.LatePace]),
		text.Count(late[results.NoConnection]), more)
	if s := &r.Result.Generator.Stalls; s.Count > 0 {
		p.fact("stalls", "%s, %s s altogether, the longest of %s %s s into the run: the generator %s",
			text.Count(s.Count), text.Figures(s.Seconds), text.Milliseconds(s.LongestMS), text.Figures(s.At),
			judge.StallText(s.Cause))
	}
}

// throughput sets what was asked for and what came of it.
func (p *sheet) throughput(r *rundir.Run) {
	p.line("")
	p.line("throughput")
	if !r.Result.Run.ClosedLoop {
		p.fact("target", "%s events/s at the peak", text.Rate(r.Result.Planned.PeakEvents))
	}
	if r.Result.Run.Seconds < results.ShortestRate.Seconds() {
		p.fact("achieved", "%s in too short a time to tell a rate", text.Plural(r.Result.Events.Sent, "event"))
	} else {
		p.fact("achieved", "%s events/s on average, %s", text.Rate(average(r)), bestSecond(r))
	}
	p.fact("bytes", "%s of bodies, %s on the wire", text.Size(r.Result.Bytes.Body), text.Size(r.Result.Bytes.Wire))
	if c := r.Result.Connections; c != nil && c.Failed > 0 {
		p.fact("connected", "%s, and %s could not be opened", text.Plural(c.Opened, "connection"), text.Count(c.Failed))
	}
}

// peak is the most events a second that were answered in an interval. Short
// intervals, such as the last may be, say little and are passed over.
func peak(r *rundir.Run) (most float64) {
	for _, row := range r.Timeline {
		if seconds := row.To - row.From; seconds >= 0.5 {
			answered := row.Accepted.Plus(row.Rejected).Plus(row.Ambiguous).Events
			most = max(most, float64(answered)/seconds)
		}
	}
	return max(most, average(r))
}

// best sets the peak. Above what was asked for, it can only be catching up:
// answers to what waited out a stall come all at once.
func bestSecond(r *rundir.Run) string {
	peak, asked := peak(r), r.Result.Planned.PeakEvents
	if peak > asked*1.1 && asked > 0 {
		return fmt.Sprintf("%s answered in the best second, catching up after a stall", text.Rate(peak))
	}
	return fmt.Sprintf("%s answered in the best second", text.Rate(peak))
}

// AverageRate is how many events a second were sent over the whole run: "–" of one too
// short to tell.
func averageRate(r *results.Result) string {
	if r.Run.Seconds < results.ShortestRate.Seconds() {
		return "–"
	}
	return text.Rate(float64(r.Events.Sent) / r.Run.Seconds)
}

// average is how many events a second were sent over the whole run.
func average(r *rundir.Run) float64 {
	if r.Result.Run.Seconds == 0 {
		return 0
	}
	return float64(r.Result.Events.Sent) / r.Result.Run.Seconds
}

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
