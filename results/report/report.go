package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"regexp"
	"strings"
	"time"
	"unicode"

	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/results/judge"
	"rehearse/results/rundir"
)

//go:embed page.gohtml
var pageText string

//go:embed chart.gohtml
var chartText string

// maxScenario is how much of the scenario file is shown, in bytes.
const maxScenario = 64 << 10

// page is what the template shows.
type page struct {
	*results.Result
	Why      string
	Facts    []fact
	Charts   []*chart
	Books    [][3]string
	Times    [][]string
	Refusals []refusal
	Host     []fact
	Again    []fact     // what sending again came to
	Steps    []stageRow // of a load that holds several rates
	Copy     scenarioCopy
	Previous *previousRun // nil: no earlier run of the scenario lies beside this one
	Counted  breakdown

	beside
	Hot        []hotRow
	Arrived    [][3]string
	Partitions []*chart
}

// fact is a number and what it is.
type fact struct{ Name, Value, Note string }

// refusal is a row of what was not accepted.
type refusal struct {
	results.RejectionRow
	Share, Answer string
}

// HTML is the text of the report of a run.
func HTML(run *rundir.Run) ([]byte, error) {
	s, err := gather(run)
	if err != nil {
		return nil, fmt.Errorf("cannot draw report: %w", err)
	}
	return Render(pageText, newPage(run, s))
}

// Render fills a page: body is a template that may use the templates "style", "script" and
// "chart". What data says can neither be markup nor reorder text.
func Render(body string, data any) ([]byte, error) {
	t, err := template.New("page").Funcs(template.FuncMap{
		"count": text.Count[int64], "ms": text.Milliseconds, "share": text.Percent,
		"started": func(run results.RunInfo) string { return startedText(&run) }, "threshold": judge.ThresholdName,
		"seconds": clock, "doubtMark": doubtMark, "inDoubt": inDoubt, "timesNote": timesNote, "capacity": Capacity,
	}).Parse(body + chartText)
	if err != nil {
		return nil, fmt.Errorf("cannot draw report: %w", err)
	}
	var out bytes.Buffer
	if err := t.Execute(&out, data); err != nil {
		return nil, fmt.Errorf("cannot draw report: %w", err)
	}
	page := append(bytes.TrimRight(out.Bytes(), "\n"), '\n')
	return withContents(bytes.Map(harmless, page)), nil
}

// heading finds the headings of a page, and contentsMark where its contents stand. What
// a run says has no markup in the page, so that neither is anybody else's.
var heading = regexp.MustCompile(`<h2 id="([a-z-]+)">([^<]*)</h2>`)

const contentsMark = `<nav class="contents" aria-label="Contents"></nav>`

// withContents lists the headings of a page where it has room for that, and makes each
// a link to itself.
func withContents(page []byte) []byte {
	var list bytes.Buffer
	for _, h := range heading.FindAllSubmatch(page, -1) {
		fmt.Fprintf(&list, `<li><a href="#%s">%s</a></li>`, h[1], h[2])
	}
	nav := strings.Replace(contentsMark, "></nav>", "><ul>"+list.String()+"</ul></nav>", 1)
	page = bytes.Replace(page, []byte(contentsMark), []byte(nav), 1)
	return heading.ReplaceAll(page, []byte(`<h2 id="$1"><a href="#$1">$2</a></h2>`))
}

// harmless replaces what could reorder text, or command a terminal that the
// file is printed on. That nothing is markup, the template sees to.
func harmless(r rune) rune {
	if r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
		return unicode.ReplacementChar
	}
	return r
}

// newPage fills the page.
func newPage(run *rundir.Run, s *series) *page {
	r := run.Result
	p := &page{
		Result: r,
		Why:    judge.Because(r),
		Facts:  facts(r),
		Again:  retryFacts(r),
		Host:   host(r),
		Books:  books(r),
		Times:  times(r),
	}
	p.Charts = charts(run, s)
	if climbs(r) {
		p.Steps = stages(r)
	}
	p.addBeside(readBeside(run.Path))
	var err error
	if p.Verified, err = verifiedOf(run); err != nil {
		p.Notes = append(p.Notes, err.Error())
	}
	p.Aside, p.Piled = newBesidePage(run), backlogFacts(run, &p.beside)
	for _, row := range r.Rejections {
		p.Refusals = append(p.Refusals, refusal{row,
			text.Percent(share(row.Requests, r.Planned.Requests)), text.Printable(run.Answers[row.Kind()], 160)})
	}
	p.Copy = copied(run)
	p.Previous = newPrevious(run)
	p.Counted = newBreakdown(run.Result, p.Endpoint)
	return p
}

// charts are those of the run over time, of a report or of the live page.
func charts(run *rundir.Run, s *series) []*chart {
	return drawn(rateChart(run, s), latencyChart(run, s), spectrumChart(run), heatChart(run, s),
		serviceChart(run, s), refusalChart(run, s), lagChart(run, s), flightChart(run, s), retryChart(run, s))
}

// addBeside shows what lies beside result.json.
func (p *page) addBeside(b beside) {
	p.beside = b
	p.Hot, p.Arrived, p.Partitions = hotRows(&b), arrived(&b), partitionCharts(&b)
}

// facts are the numbers on top.
func facts(r *results.Result) []fact {
	latency := fact{
		"latency p99", text.Milliseconds(r.Latency.P99),
		"p50 " + text.Milliseconds(r.Latency.P50) + ", max " + text.Milliseconds(r.Latency.Max),
	}
	switch {
	case partlyAccepted(r):
		latency.Note += "; of accepted requests p99 " + text.Milliseconds(r.AcceptedLatency.P99)
	case r.Latency.Count > 0 && r.Events.Accepted == 0:
		latency.Note += "; nothing was accepted"
	}
	all := []fact{
		{"events accepted", text.Count(r.Events.Accepted), "of " + text.Count(r.Planned.Events) + " planned"},
		{"events a second", averageRate(r), "on average; " + offered(r)},
		latency,
		{
			"not accepted",
			text.Percent(share(r.Requests.Rejected+r.Requests.Ambiguous+r.Requests.Unsent, r.Planned.Requests)),
			"of the requests planned",
		},
	}
	if !r.Run.ClosedLoop {
		kept := text.Percent(r.Generator.ScheduleKept)
		all = append(all, fact{"on schedule", kept, "sent within " + lateAfter() + " of the planned time"})
	}
	if sum := r.EndpointSum; sum != nil {
		all = append(all, fact{"endpoint checksum", text.Printable(sum.Verdict, 20), judge.ChecksumText(sum)})
	}
	return all
}

// offered says what rate was asked for.
func offered(r *results.Result) string {
	if r.Run.ClosedLoop {
		return "as fast as the endpoint answered (a closed loop, no schedule)"
	}
	return "target peak " + text.Rate(r.Planned.PeakEvents)
}

// lateAfter is how late a request may leave without being called late.
func lateAfter() string {
	return text.Milliseconds(float64(results.LateAfter) / float64(time.Millisecond))
}

// host says how the generator fared.
func host(r *results.Result) []fact {
	bottleneck := string(r.Generator.Bottleneck)
	if bottleneck == "" {
		bottleneck = "none"
	}
	return []fact{
		{"bottleneck", bottleneck, ""},
		{"CPU time", text.Milliseconds(r.Generator.CPUSeconds * 1000), ""},
		{"CPU (busiest second)", text.Percent(r.Generator.Busiest), ""},
		{"cores", text.Rate(r.Generator.Cores), ""},
		{"throttled", text.Percent(r.Generator.Throttled), ""},
		{"CPU used by other processes (max)", text.Percent(r.Generator.Stolen), ""},
		{"max GC pause", text.Milliseconds(r.Generator.PauseMS), ""},
		{"stalls", text.Count(r.Generator.Stalls.Count),
			text.Milliseconds(r.Generator.Stalls.Seconds*1000) + " in all"},
		{"longest stall", text.Milliseconds(r.Generator.LongestMS), string(r.Generator.Stalls.Cause)},
		{"TCP retransmits", text.Count(r.Generator.Again),
			"of " + text.Count(r.Generator.Segments) + " by the run's connections"},
		{"received segments dropped", text.Count(r.Generator.Drops), "by the run's connections"},
		{"peak memory", text.Size(r.Generator.RSSBytes), ""},
		{"bodies", text.Size(r.Bytes.Body), ""},
		{"on the wire", text.Size(r.Bytes.Wire), ""},
	}
}

// books are the rows of what became of everything.
func books(r *results.Result) [][3]string {
	row := func(name string, requests, events int64) [3]string {
		return [3]string{name, text.Count(requests), text.Count(events)}
	}
	rows := [][3]string{
		row("planned", r.Planned.Requests, r.Planned.Events),
		row("sent", r.Requests.Sent, r.Events.Sent),
		row("accepted", r.Requests.Accepted, r.Events.Accepted),
		row("rejected", r.Requests.Rejected, r.Events.Rejected),
	}
	if r.Events.MayBeStored > 0 {
		rows = append(rows, row("of these, may be stored", r.Requests.MayBeStored, r.Events.MayBeStored))
	}
	return append(rows,
		row("ambiguous", r.Requests.Ambiguous, r.Events.Ambiguous),
		row("unsent", r.Requests.Unsent, r.Events.Unsent))
}

// times are the rows of the histograms.
func times(r *results.Result) (rows [][]string) {
	for _, t := range timesOf(r) {
		row := []string{t.Name}
		for _, ms := range []float64{t.Mean, t.P50, t.P90, t.P99, t.P999, t.Max} {
			row = append(row, text.Milliseconds(ms))
		}
		rows = append(rows, row)
	}
	return rows
}

// scenarioCopy is the beginning of the scenario file, and the command that runs it again.
type scenarioCopy struct {
	Text, Command string
	Cut           bool // the scenario is longer
	Redacted      bool // its token was struck out
}

// copied reads the scenario; a run directory without it shows none.
func copied(run *rundir.Run) scenarioCopy {
	c := scenarioCopy{Command: reproduce(run)}
	head, err := readHead(run.Path, rundir.ScenarioFile, maxScenario+1)
	if err != nil {
		return c
	}
	c.Cut = len(head) > maxScenario
	c.Text = strings.ToValidUTF8(string(head[:min(len(head), maxScenario)]), "\uFFFD")
	c.Redacted = strings.Contains(c.Text, "[redacted]")
	return c
}

// share is part of all, 0 of nothing.
func share(part, all int64) float64 {
	if all == 0 {
		return 0
	}
	return float64(part) / float64(all)
}
