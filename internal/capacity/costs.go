package capacity

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"

	"rehearse/internal/text"
)

// CostsFormat names the layout of costs.json.
const CostsFormat = "rehearse/costs/v1"

// Variant is a kind of traffic whose capacity is measured by itself, to learn what its
// events cost: the scenario with other events, all else being equal.
type Variant struct {
	Name  string
	Event string   // that is weighed, as costs.events of a pipeline's facts names it; empty: none
	Share float64  // of the events that are of that kind; the others are plain
	Set   []string // what it changes in a scenario, each as field=value
}

// Variants are those that are measured, the plain one first. Merges are half of their
// events: each needs an event of the id that it joins.
func Variants() []Variant {
	alone := func(more ...string) []string {
		return append([]string{"traffic.visits=null", "traffic.merges=null", "traffic.faults=null"}, more...)
	}
	plain := "traffic.events={$pageview: 1}"
	half := func(event string) Variant {
		return Variant{event, event, 0.5, alone(fmt.Sprintf("traffic.events={$pageview: 1, %s: 1}", event))}
	}
	all := []Variant{
		{"plain", "", 1, alone(plain)}, half("$identify"), half("$create_alias"),
		{"$set", "$set", 1, alone("traffic.events={$set: 1}")},
		{"personless", "", 1, alone(plain, "traffic.personless=100%")},
	}
	for _, events := range []int{1, 10, 100} {
		all = append(all, Variant{fmt.Sprintf("batches of %d", events), "", 1,
			alone(plain, fmt.Sprintf("batching.events=%d", events))})
	}
	return all
}

// Weights is costs.json: what kinds of events cost an endpoint, in plain ones.
type Weights struct {
	Format     string     `json:"format"`
	Conditions Conditions `json:"conditions"` // of the plain variant
	Rows       []Cost     `json:"variants"`
}

// Cost is a variant with what came of its search. What is 0 is not known.
type Cost struct {
	Name   string  `json:"variant"`
	Event  string  `json:"event,omitempty"`
	End    End     `json:"end"`
	Low    float64 `json:"low_events_per_s,omitempty"`
	High   float64 `json:"high_events_per_s,omitempty"`
	Weight float64 `json:"weight,omitempty"` // of one of its events, in plain ones
	Least  float64 `json:"weight_at_least"`  // by the ends of both intervals
	Most   float64 `json:"weight_at_most,omitempty"`
}

// WeighCosts works out what the events of each variant cost from what their searches came
// to, the plain one first. A mix of which a share has the weight w is taken at
// C = plain / (1 − share + share × w), so that w = (plain/C − 1 + share) / share.
func WeighCosts(variants []Variant, documents []*Document) *Weights {
	c := &Weights{Format: CostsFormat, Conditions: documents[0].Conditions, Rows: []Cost{}}
	plain := &documents[0].Answer
	for i, d := range documents {
		v, a := &variants[i], &d.Answer
		row := Cost{Name: v.Name, Event: v.Event, End: a.End, Low: a.Low, High: a.High}
		if i > 0 && plain.known() && a.known() {
			weight := func(plain, mix float64) float64 { return max((plain/mix-1+v.Share)/v.Share, 0) }
			row.Weight = weight(plain.Best, a.Best)
			row.Least, row.Most = weight(plain.Low, a.High), weight(plain.High, a.Low)
		}
		c.Rows = append(c.Rows, row)
	}
	return c
}

// known says whether an answer is an interval with a middle.
func (a *Answer) known() bool { return a.ForPipeline() && a.Interval() && a.Best > 0 }

// WriteJSON writes the costs as costs.json.
func (c *Weights) WriteJSON(w io.Writer) error {
	text, err := json.MarshalIndent(c, "", "  ")
	if err == nil {
		_, err = w.Write(append(text, '\n'))
	}
	if err != nil {
		return fmt.Errorf("cannot write the costs: %w", err)
	}
	return nil
}

// WriteFacts writes the weights that are known as a file of a pipeline's facts, for
// check --pipeline.
func (c *Weights) WriteFacts(w io.Writer) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "# What rehearse capacity --costs measured, for rehearse check --pipeline: %s, %s, build %q.\n",
		text.Printable(c.Conditions.Scenario, 80), text.Printable(c.Conditions.StartedAt, 40),
		text.Printable(c.Conditions.Build, 80))
	b.WriteString("costs:\n  events:\n")
	weights := 0
	for i := range c.Rows {
		row := &c.Rows[i]
		switch {
		case row.Event == "":
		case row.Weight == 0:
			fmt.Fprintf(&b, "    # %s: not known (%s)\n", row.Event, row.End)
		default:
			weights++
			weight := strconv.FormatFloat(hundredths(row.Weight), 'f', -1, 64)
			fmt.Fprintf(&b, "    %s: %s # %s\n", row.Event, weight, row.between())
		}
	}
	if weights == 0 {
		b.WriteString("    {}\n")
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("cannot write the pipeline's facts: %w", err)
	}
	return nil
}

// hundredths is a weight to two decimals.
func hundredths(x float64) float64 { return float64(int64(x*100+0.5)) / 100 }

// between says between which bounds a weight lies.
func (c *Cost) between() string {
	return fmt.Sprintf("%.2f to %.2f by the intervals", c.Least, c.Most)
}

// WriteText writes the costs for people.
func (c *Weights) WriteText(w io.Writer) error {
	var b bytes.Buffer
	const table = "  %-16s %22s %8s  %s\n"
	fmt.Fprintf(&b, "%s, what events cost\n\n"+table, text.Printable(c.Conditions.Scenario, 80), "variant",
		"events/s", "weight", "")
	for i := range c.Rows {
		row := &c.Rows[i]
		rate, weight, note := "not known", "", string(row.End)
		if row.Low > 0 && row.High > 0 {
			rate = text.Rate(row.Low) + " to " + text.Rate(row.High)
		}
		if row.Weight > 0 {
			weight, note = fmt.Sprintf("%.2f", row.Weight), row.between()
		}
		fmt.Fprintf(&b, table, row.Name, rate, weight, note)
	}
	if _, err := w.Write(b.Bytes()); err != nil {
		return fmt.Errorf("cannot print the costs: %w", err)
	}
	return nil
}

// Complete says whether the weight of each variant is known.
func (c *Weights) Complete() bool {
	for i := range c.Rows {
		if i > 0 && c.Rows[i].Weight == 0 {
			return false
		}
	}
	return true
}
