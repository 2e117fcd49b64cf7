package capacity

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/url"
	"strings"

	"rehearse/internal/text"
	"rehearse/internal/units"
)

// ForPipeline says whether what was found is worth being held against a load: a search
// that ended too early, or not at a number, is not.
func (a *Answer) ForPipeline() bool {
	switch a.End {
	case Measured, Budget, Interrupted, NeverBreaks:
		return a.Low > 0 && !a.Rough
	}
	return false
}

// WriteFacts writes the capacity as a file of a pipeline's facts, for check --pipeline. Its
// other facts can be added to it, or it to them. It holds a load to the lower end of the
// interval. What a background had beside is part of what the pipeline takes.
func (d *Document) WriteFacts(w io.Writer) error {
	var b bytes.Buffer
	c, a := &d.Conditions, &d.Answer
	fmt.Fprintf(&b, "# What rehearse capacity measured, for rehearse check --pipeline.\n# %s\n",
		text.Printable(a.Sentence(&d.Asked), 400))
	if u, err := url.Parse(c.Target); err == nil && u.Host != "" {
		fmt.Fprintf(&b, "hosts: [%s]\n", quoted(u.Host))
	}
	fmt.Fprintf(&b, "capacity:\n  events: %s\n  from: measured\n", units.FormatRate(whole(a.Low+c.Beside)))
	fmt.Fprintf(&b, "  interval: {from: %s", units.FormatRate(whole(a.Low+c.Beside)))
	if a.High > 0 {
		fmt.Fprintf(&b, ", to: %s", units.FormatRate(whole(a.High+c.Beside)))
	}
	fmt.Fprintf(&b, "}\n  confidence: %s%%\n", strings.TrimSuffix(fmt.Sprintf("%.1f", d.Asked.Confidence*100), ".0"))
	date, _, _ := strings.Cut(c.StartedAt, "T")
	conditions := fmt.Sprintf("%s; %s; %s events a request over %d connections",
		c.Scenario, strings.Join(c.Thresholds, ", "), c.Batch, c.Connections)
	if c.Recording != "" {
		conditions += "; of recorded events"
	}
	if c.Beside > 0 {
		conditions += fmt.Sprintf("; with the background of %s events/s that was sent beside", text.Rate(c.Beside))
	}
	if !a.Confirmed && a.End != NeverBreaks {
		conditions += "; not confirmed"
	}
	for _, row := range [][2]string{{"date", date}, {"build", c.Build}, {"conditions", conditions}} {
		if row[1] != "" {
			fmt.Fprintf(&b, "  %s: %s\n", row[0], quoted(row[1]))
		}
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("cannot write the pipeline's facts: %w", err)
	}
	return nil
}

// whole is a rate to the event a second, where that is exact enough.
func whole(rate float64) float64 {
	if rate > 100 {
		return math.Round(rate)
	}
	return rate
}

// quoted is a text as YAML, as long as a line of such a file may be.
func quoted(s string) string {
	const longest = 190
	var b strings.Builder
	e := json.NewEncoder(&b) // what is text of JSON is of YAML
	e.SetEscapeHTML(false)
	if err := e.Encode(text.Printable(s, longest)); err != nil {
		return `""`
	}
	return strings.TrimSuffix(b.String(), "\n")
}
