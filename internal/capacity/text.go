package capacity

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"rehearse/internal/text"
	"rehearse/internal/units"
)

// willNotHold says why a trial that met its thresholds broke.
func willNotHold(climb float64, threshold string) string {
	return fmt.Sprintf("latency climbs by %s each second, and would leave %s within %d min",
		text.Milliseconds(climb), threshold, Sustained/60)
}

// WriteText writes the document for people.
func (d *Document) WriteText(w io.Writer) error {
	var b bytes.Buffer
	d.writeHead(&b)
	d.writeCurve(&b)
	d.writeRecovery(&b)
	b.WriteString("\n")
	for _, line := range text.Wrap(d.Answer.Sentence(&d.Asked), text.Columns) {
		fmt.Fprintln(&b, line)
	}
	for _, note := range d.notes() {
		for _, line := range text.Wrap("note: "+note, text.Columns) {
			fmt.Fprintln(&b, line)
		}
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("cannot print the capacity: %w", err)
	}
	return nil
}

func (d *Document) writeHead(b *bytes.Buffer) {
	fmt.Fprintf(b, "%s\n", text.Printable(d.Conditions.Scenario, 80))
	for _, row := range d.rows() {
		name := row[0]
		for _, line := range text.Wrap(text.Printable(row[1], 400), text.Columns-14) {
			fmt.Fprintf(b, "  %-11s %s\n", name, line)
			name = ""
		}
	}
}

// rows are the conditions, those that there are.
func (d *Document) rows() (rows [][2]string) {
	c := &d.Conditions
	for _, row := range [][2]string{
		{"target", c.target()}, {"build", c.Build}, {"started", c.StartedAt},
		{"thresholds", strings.Join(c.Thresholds, ", ")},
		{"left out", strings.Join(c.LeftOut, ", ")},
		{"load", fmt.Sprintf("%s events a request over %s", c.Batch, text.Plural(int64(c.Connections), "connection"))},
		{"recording", c.Recording}, {"beside", c.besideText()}, {"permit", c.Permit}, {"search", d.searched()},
	} {
		if row[1] != "" {
			rows = append(rows, row)
		}
	}
	return rows
}

// target is where the load went.
func (c *Conditions) target() string { return cmp.Or(c.Target, "the embedded endpoint") }

// searched says how long the search was.
func (d *Document) searched() string {
	return fmt.Sprintf("%s in %s of %s", text.Plural(int64(len(d.Trials)), "trial"), d.took(),
		units.FormatSpan(d.Asked.budget()))
}

// took is how long the search took.
func (d *Document) took() string { return units.FormatSpan(time.Duration(d.Seconds) * time.Second) }

// besideText says what was sent beside the load; empty: nothing.
func (c *Conditions) besideText() string {
	if c.Beside == 0 {
		return ""
	}
	return "a background of " + text.Rate(c.Beside) + " events/s: the capacity is what it leaves"
}

// writeCurve sets latency against load, the knee marked.
func (d *Document) writeCurve(b *bytes.Buffer) {
	if len(d.Curve.Points) == 0 {
		return
	}
	const table = "  %10s %10s %10s %9s %9s %9s%s  %s\n"
	beside := ""
	if d.Conditions.Beside > 0 {
		beside = fmt.Sprintf(" %15s", "background p99")
	}
	fmt.Fprintf(b, "\n"+table, "events/s", "answered", "efficiency", "p50", "p99", "trials", beside, "")
	for _, p := range d.Curve.Points {
		mark := strings.Repeat("✓", p.Trials-p.Broke) + strings.Repeat("✗", p.Broke)
		if p.Rate == d.Curve.Knee {
			mark += "  knee"
		}
		if beside != "" {
			beside = fmt.Sprintf(" %15s", text.Milliseconds(p.Beside))
		}
		fmt.Fprintf(b, table, text.Rate(p.Rate), text.Rate(p.Answered), text.Percent(p.Efficiency),
			text.Milliseconds(p.Latency.P50), text.Milliseconds(p.Latency.P99), text.Count(p.Trials), beside, mark)
	}
	b.WriteString("\n")
	for _, line := range text.Wrap(d.Curve.scalabilityText(), text.Columns-2) {
		fmt.Fprintf(b, "  %s\n", line)
	}
}

// scalabilityText says how the universal scalability law fits.
func (c *Curve) scalabilityText() string {
	s := c.Scalability
	if s == nil {
		return "scalability: not fitted, " + c.NotFitted
	}
	if !s.Fits {
		return fmt.Sprintf("scalability: the universal scalability law does not fit: it misses %d rates by %s on "+
			"average, and may miss them by %s", s.Points, text.Percent(s.Error), text.Percent(mostMissed))
	}
	said := fmt.Sprintf("scalability: one request in flight brings %s events/s ± %s, contention %s ± %s, "+
		"coherency %s ± %s (universal scalability law, misses %d rates by %s on average)",
		text.Rate(s.Alone), text.Rate(s.AloneError), percents(s.Contention), percents(s.ContentionError),
		percents(s.Coherency), percents(s.CoherencyError), s.Points, text.Percent(s.Error))
	if n, rate, ok := s.Peak(); ok {
		said += fmt.Sprintf("; it is highest with %s requests in flight, at %s events/s", text.Rate(n), text.Rate(rate))
	}
	return said
}

// percents is a small share in percent, with two digits that tell.
func percents(share float64) string {
	if p := share * 100; p > 0 {
		return strconv.FormatFloat(p, 'f', max(1-int(math.Floor(math.Log10(p))), 0), 64) + " %"
	}
	return "0 %"
}

// writeRecovery says how long backlogs took.
func (d *Document) writeRecovery(b *bytes.Buffer) {
	if len(d.Recovered) == 0 {
		return
	}
	longest := 0.0
	for _, r := range d.Recovered {
		longest = max(longest, r.Seconds)
	}
	fmt.Fprintf(b, "\n  recovered within %s of each trial that broke (%s)\n", text.Milliseconds(longest*1000),
		text.Plural(int64(len(d.Recovered)), "time"))
}

// Sentence says what the search came to.
func (a *Answer) Sentence(asked *Asked) string {
	switch a.End {
	case Measured:
		return fmt.Sprintf("capacity: %s events/s (%s wide, %s confidence), confirmed below and above",
			a.Range(), wide(a.Width()), text.Percent(asked.Confidence))
	case NeverBreaks:
		return fmt.Sprintf("capacity: more than %s events/s, the highest rate that was allowed: it never broke",
			text.Rate(a.Low))
	case BreaksAtOnce:
		said := fmt.Sprintf("capacity: less than %s events/s, the lowest rate that was allowed: it broke at once",
			text.Rate(a.High))
		if a.Why != "" {
			said += " (" + a.Why + ")"
		}
		return said
	case NoRate:
		return "no capacity: the thresholds are not met at any rate, and a lower one brings them no closer: " + a.Why
	case Rejecting:
		return "no capacity: the thresholds are met while the endpoint rejects most of what is sent; " +
			"give one on what is accepted"
	case OwnLimit:
		return fmt.Sprintf("invalid, our own limit: %s events/s. The generator gets no further, "+
			"so nothing is known of the endpoint there: %s", text.Rate(a.Limit), a.Why)
	case Disturbed:
		return fmt.Sprintf("invalid: others that use the generator's machine disturbed trial after trial (%s): %s",
			a.Why, a.soFar(asked))
	case NotJudged:
		return "invalid: the trials could not be judged, and say nothing of the endpoint: " + a.Why
	case NotDrained:
		return "the endpoint did not recover from a trial that broke: " + a.soFar(asked)
	case Flaps:
		return "the endpoint flaps: the same rates hold and break; " + a.soFar(asked)
	case Budget:
		return "the budget is used up: " + a.soFar(asked)
	}
	if a.Why != "" {
		return a.Why + ": " + a.soFar(asked)
	}
	return a.soFar(asked)
}

// soFar is what is known of a search that did not get to its end.
func (a *Answer) soFar(asked *Asked) string {
	switch {
	case a.Interval() && a.Rough:
		return fmt.Sprintf("one short trial held at %s events/s, and one broke at %s",
			text.Rate(a.Low), text.Rate(a.High))
	case a.Interval():
		return fmt.Sprintf("capacity %s events/s (%s wide, %s confidence), not confirmed",
			a.Range(), wide(a.Width()), text.Percent(asked.Confidence))
	case a.Low > 0:
		return fmt.Sprintf("capacity at least %s events/s, by one trial", text.Rate(a.Low))
	case a.High > 0:
		return fmt.Sprintf("capacity less than %s events/s, by one trial", text.Rate(a.High))
	}
	return "nothing is known of the capacity"
}

// Range is "9,650 to 10,100".
func (a *Answer) Range() string { return text.Rate(a.Low) + " to " + text.Rate(a.High) }

// notes are what else a reader should know.
func (d *Document) notes() (notes []string) {
	a := &d.Answer
	if a.Hysteresis {
		notes = append(notes, fmt.Sprintf("hysteresis: %s events/s held on the way up and broke after an overload, "+
			"though the endpoint had recovered", text.Rate(a.Low)))
	}
	if a.Drift != 0 {
		way := "falls"
		if a.Drift > 0 {
			way = "rises"
		}
		notes = append(notes, fmt.Sprintf("drift: the capacity %s by about %.0f %% an hour; "+
			"the interval is that at the end of the search", way, 100*max(a.Drift, -a.Drift)))
	}
	if d.Asked.Trial < shortestTrend && (a.Low > 0 || a.High > 0) {
		notes = append(notes, fmt.Sprintf("trials of less than %d s do not show a queue that fills slowly: "+
			"the interval may lie too high", shortestTrend))
	}
	notes = append(notes, d.queueNotes()...)
	if a.Erratic && a.End != Flaps {
		notes = append(notes, "trials come out either way over a wide range of rates: "+
			"something else than the load decides many of them")
	}
	return notes
}

// queueNotes are what a reader should know of the queue behind the endpoint.
func (d *Document) queueNotes() (notes []string) {
	unknown, left, because := 0, 0, ""
	metric, most, longest := "", 0.0, 0.0
	for i := range d.Trials {
		q := d.Trials[i].Queue
		switch {
		case q == nil:
			continue
		case q.Drained != nil:
			most, longest = max(most, q.Most), max(longest, *q.Drained)
		case q.Because != "":
			unknown++
			because = q.Because
		default:
			left++
		}
		metric = q.Metric
	}
	if unknown > 0 {
		notes = append(notes, fmt.Sprintf("%s, the queue behind the endpoint, is not known after %s: %s", metric,
			text.Plural(int64(unknown), "trial"), because))
	}
	if left > 0 {
		notes = append(notes, fmt.Sprintf("%s, the queue behind the endpoint, did not get back to where it was after "+
			"%s: what followed began with what was left", metric, text.Plural(int64(left), "trial")))
	}
	if longest > 0 {
		notes = append(notes, fmt.Sprintf("%s, the queue behind the endpoint, was %s at most, and back where it was "+
			"within %s of the last answer", metric, text.Rate(most), text.Milliseconds(longest*1000)))
	}
	return notes
}

// Short is what is known of the capacity in a few words: "9,650 to 10,100 (4.5 %)".
func (a *Answer) Short() string {
	switch {
	case a.Interval() && a.Rough:
		return a.Range()
	case a.Interval():
		return fmt.Sprintf("%s (%s)", a.Range(), wide(a.Width()))
	case a.Low > 0:
		return "over " + text.Rate(a.Low)
	case a.High > 0:
		return "under " + text.Rate(a.High)
	}
	return "not known"
}

// wide is the width of an interval in percent.
func wide(share float64) string {
	if share >= 0.1 {
		return fmt.Sprintf("%.0f %%", share*100)
	}
	return fmt.Sprintf("%.1f %%", share*100)
}
