package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"math"

	"rehearse/internal/text"
	"rehearse/internal/verify"
)

//go:embed page.gohtml
var pageText string

// page is what the template shows.
type page struct {
	*verify.Report
	Verdict    string // with why
	Events     []line
	Rows       []line
	Facts      []fact
	Notes      []string
	Thresholds []outcome
	Bars       []bar
	Drained    string
	Looks      []drainLine
	Curve      template.HTML
}

// line is a row of a table of counts.
type line struct {
	Name, Count string
	Deep        int // in ems
	Bad         bool
}

// fact is a sentence with a name.
type fact struct{ Name, Text string }

// outcome is a threshold and how it came out.
type outcome struct{ Mark, Text, Value string }

// bar is a row of the histogram of times to visible: how long, how many, and the share
// of the longest bar in percent.
type bar struct {
	UpTo, Count string
	Width       float64
}

// HTML returns a report as one page that needs nothing else.
func HTML(r *verify.Report) ([]byte, error) {
	t, err := template.New("page").Parse(pageText)
	if err != nil {
		return nil, fmt.Errorf("cannot write the page: %w", err)
	}
	p := page{
		Report:  r,
		Verdict: string(r.Verdict),
		Events:  lines(eventRows(&r.Events)),
		Rows:    lines(sourceRows(&r.Rows)),
	}
	if r.Because != "" {
		p.Verdict += ": " + because(r)
	}
	p.Facts = []fact{{"content", content(r)}, {"order", order(&r.Order)}, {"visible", visible(r)}}
	if r.Persons != nil {
		p.Facts = append(p.Facts, fact{"persons", persons(r.Persons)})
	}
	for i := range r.Notes {
		p.Notes = append(p.Notes, note(&r.Notes[i]))
	}
	for i := range r.Thresholds {
		t := &r.Thresholds[i]
		p.Thresholds = append(p.Thresholds, outcome{mark(t), text.Printable(t.Text, 200), value(t)})
	}
	p.Bars = bars(r.Visible)
	if r.Drain != nil {
		p.Drained, p.Looks, p.Curve = drain(r.Drain), drainLines(r.Drain), drainPicture(r.Drain)
	}
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		return nil, fmt.Errorf("cannot write the page: %w", err)
	}
	return b.Bytes(), nil
}

// lines are rows as the page shows them.
func lines(rows []row) (all []line) {
	for _, r := range rows {
		all = append(all, line{r.name, text.Count(r.count), r.deep, r.bad && r.count > 0})
	}
	return all
}

// bars are the histogram of times to visible.
func bars(v *verify.Visible) (all []bar) {
	if v == nil {
		return nil
	}
	most := int64(1)
	for _, row := range v.Buckets {
		most = max(most, row.Events)
	}
	for _, row := range v.Buckets {
		width := math.Round(1000*float64(row.Events)/float64(most)) / 10
		all = append(all, bar{text.Milliseconds(row.UpTo), text.Count(row.Events), width})
	}
	return all
}
