package capacity

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"strings"

	"rehearse/internal/text"
	"rehearse/results/report"
)

//go:embed page.gohtml
var pageText string

// htmlPage is what the template of report.html shows.
type htmlPage struct {
	*Document
	Facts          []pageFact
	Points         []pagePoint
	Trials         []pageTrial
	Recovered      []pageRecovery
	Rows           [][2]string // of the conditions
	Curve, Scaling template.URL
	Pipeline       string // the facts for a check; empty: there are none
}

// pageFact is a number and what it is.
type pageFact struct{ Name, Value, Note string }

// pagePoint is a rate with what it came to.
type pagePoint struct {
	Cells             []string
	Held, Broke, Knee string
}

// pageTrial is a trial.
type pageTrial struct {
	Row
	Cells []string
	Class string
}

// pageRecovery is how long a backlog took.
type pageRecovery struct {
	AfterTrial int
	Within     string
}

// WriteHTML writes the document as one page that needs nothing else: the curve, the law, all
// trials and the conditions. It links to the reports of the trials beside it.
func (d *Document) WriteHTML(w io.Writer) error {
	p := htmlPage{Document: d, Facts: d.pageFacts(), Rows: d.rows()}
	for i := range d.Curve.Points {
		p.Points = append(p.Points, d.pagePoint(&d.Curve.Points[i]))
	}
	for _, row := range d.Trials {
		p.Trials = append(p.Trials, pageTrial{row, []string{
			text.Rate(row.Rate), text.Rate(row.Answered), text.Milliseconds(row.Latency.P50),
			text.Milliseconds(row.Latency.P99),
		}, map[Response]string{Held: "ok", Broke: "bad", Invalid: "soft"}[row.Response]})
	}
	for _, r := range d.Recovered {
		p.Recovered = append(p.Recovered, pageRecovery{r.After, text.Milliseconds(r.Seconds * 1000)})
	}
	var err error
	if p.Curve, err = pictureURL(d.WriteSVG); err != nil {
		return err
	}
	if s := d.Curve.Scalability; s != nil && s.Fits {
		if p.Scaling, err = pictureURL(d.writeScalability); err != nil {
			return err
		}
	}
	if d.Answer.ForPipeline() {
		var b bytes.Buffer
		if err := d.WriteFacts(&b); err != nil {
			return err
		}
		p.Pipeline = b.String()
	}
	body, err := report.Render(pageText, &p)
	if err == nil {
		_, err = w.Write(body)
	}
	if err != nil {
		return fmt.Errorf("cannot write the page of the capacity: %w", err)
	}
	return nil
}

// pictureURL is a picture as the source of an image: in a page of its own style, it keeps its.
func pictureURL(write func(io.Writer) error) (template.URL, error) {
	var b bytes.Buffer
	err := write(&b)
	return template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(b.Bytes())), err
}

// pageFacts are the numbers on top.
func (d *Document) pageFacts() []pageFact {
	a := &d.Answer
	interval := pageFact{"capacity", a.Short(), "events/s"}
	if a.Interval() && !a.Rough {
		interval.Value, interval.Note = a.Range(), fmt.Sprintf("events/s, %s wide, %s confidence", wide(a.Width()),
			text.Percent(d.Asked.Confidence))
	}
	all := []pageFact{interval}
	if knee := d.Curve.Knee; knee > 0 {
		all = append(all, pageFact{"knee", text.Rate(knee), "events/s, the most throughput for its latency"})
	}
	if best := d.best(); best != nil {
		all = append(all, pageFact{"most answered", text.Rate(best.Answered),
			fmt.Sprintf("events/s, of %s sent: efficiency %s", text.Rate(best.Rate), text.Percent(best.Efficiency))})
	}
	return append(all, pageFact{"trials", text.Count(len(d.Trials)), "in " + d.took()})
}

// best is the point at which the endpoint answered most; nil: there is none.
func (d *Document) best() (best *Point) {
	for i := range d.Curve.Points {
		if p := &d.Curve.Points[i]; best == nil || p.Answered > best.Answered {
			best = p
		}
	}
	return best
}

// pagePoint is a row of the table of rates.
func (d *Document) pagePoint(p *Point) pagePoint {
	row := pagePoint{Held: strings.Repeat("✓", p.Trials-p.Broke), Broke: strings.Repeat("✗", p.Broke), Cells: []string{
		text.Rate(p.Rate), text.Rate(p.Answered), text.Percent(p.Efficiency), text.Milliseconds(p.Latency.P50),
		text.Milliseconds(p.Latency.P90), text.Milliseconds(p.Latency.P99),
	}}
	if d.Conditions.Beside > 0 {
		row.Cells = append(row.Cells, text.Milliseconds(p.Beside))
	}
	row.Cells = append(row.Cells, text.Rate(p.InFlight), text.Count(p.Trials))
	if p.Rate == d.Curve.Knee {
		row.Knee = " knee"
	}
	return row
}

// What the template asks for.

// Scenario is the name of what was searched with.
func (p *htmlPage) Scenario() string { return text.Printable(p.Conditions.Scenario, 80) }

// Target is where the load went.
func (p *htmlPage) Target() string { return text.Printable(p.Conditions.target(), 200) }

// Searched says how many trials there were.
func (p *htmlPage) Searched() string { return p.searched() }

// Beside says whether there was a background.
func (p *htmlPage) Beside() bool { return p.Conditions.Beside > 0 }

// Sentence is the answer.
func (p *htmlPage) Sentence() string { return p.Answer.Sentence(&p.Asked) }

// Notes are what else a reader should know.
func (p *htmlPage) Notes() []string { return p.notes() }

// Scalability says how the law fits.
func (p *htmlPage) Scalability() string { return p.Document.Curve.scalabilityText() }

// End is the answer in a word.
func (p *htmlPage) End() string {
	if p.Answer.End == "" {
		return "under way"
	}
	return string(p.Answer.End)
}

// Colour is that of the answer: known, a limit of the endpoint, or not known.
func (p *htmlPage) Colour() string {
	switch p.Answer.End {
	case Measured, NeverBreaks:
		return "pass"
	case BreaksAtOnce, NoRate, Rejecting, NotDrained:
		return "fail"
	}
	return "invalid"
}
