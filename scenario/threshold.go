package scenario

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"rehearse/internal/units"
)

// Threshold is one demand on the results, parsed when the file is loaded.
type Threshold struct {
	Text   string  // as written
	Metric Metric  // what is measured
	Op     string  // < <= > >= == !=
	Value  float64 // milliseconds for times, a fraction of 1 for shares, events for counts

	// Share says that Value is a share: of the planned requests for late, unsent and
	// dropped, of the events that the plan expects to be accepted for accepted, of the
	// sent requests for the others.
	Share bool

	Stage string        // holds in this stage alone; empty: the whole run
	Every time.Duration // holds in every window of this length; 0: the run as one

	Implied bool // no file says it: see WithImplied
}

// Metric is what a threshold measures.
type Metric struct {
	Name     string  // latency, service, lag, accepted, rejected, ambiguous, unsent, dropped, late, metric
	Quantile float64 // for times: 0.99 for p99; 1 is max; 0 with Mean set is the mean
	Mean     bool
	Status   string // rejected(429), rejected(5xx): only these; empty: all
	Of       string // metric(lag): the name of the metric of the target
}

// MetricOfTarget is the name of a measure that a Prometheus is asked for.
const MetricOfTarget = "metric"

// implied is demanded of every run that says nothing of acceptance. A hundredth is
// what a run may fall short by in other respects, too.
func implied() Threshold {
	return Threshold{
		Text: "accepted >= 99%", Metric: Metric{Name: "accepted"}, Op: ">=", Value: 0.99, Share: true, Implied: true,
	}
}

// WithImplied returns the thresholds of a run that has these: with one on what is
// accepted, unless one of them speaks of that. An endpoint that refuses at once
// keeps every limit on latency, and one that says nothing every limit on rejections.
func WithImplied(thresholds []Threshold) []Threshold {
	if slices.ContainsFunc(thresholds, speaksOfAcceptance) {
		return thresholds
	}
	return append(slices.Clip(thresholds), implied())
}

// speaksOfAcceptance says whether a threshold holds for all of a run and bounds what
// is accepted, or what is not.
func speaksOfAcceptance(t Threshold) bool {
	return t.Stage == "" && (t.Metric.Name == "accepted" || t.Metric.Name == "dropped" && t.Bounds())
}

// Bounds says whether a threshold bounds its measure from above.
func (t *Threshold) Bounds() bool { return t.Op == "<" || t.Op == "<=" || t.Op == "==" }

const hintThreshold = "as in p99 < 500ms, service p50 < 20ms, rejected(5xx) < 0.1% or ambiguous == 0"

// The bounds of a threshold's window.
const (
	minEvery = time.Second
	maxEvery = 24 * time.Hour
)

// ParseThreshold reads a demand: a measure, a comparison and a value.
//
//	p99 < 500ms, mean < 20ms, max < 2s     latency of accepted requests, in ways to sum it up
//	service p99.9 < 50ms, lag max < 10ms   the same of service and lag
//	rejected < 0.1%                        a share of the sent requests
//	accepted > 99.9%                       of the events that the plan expects to be accepted
//	rejected(429) < 1%, rejected(5xx) == 0 one status, or one class
//	ambiguous == 0, unsent < 1%, late < 1% a count of events, or a share
//	dropped == 0                           what was not accepted: rejected, ambiguous or unsent
//	metric(lag) < 10k                      a metric of the target, each time that it is asked for
//	p99 < 500ms in hold, … in stage 2      in one stage of the load
//	rejected(429) < 1% every 30s           in every window of the run
//
// The comparison is one of < <= > >= == !=. An expected rejection is a demand
// like any other: rejected(429) > 0.
func ParseThreshold(text string) (Threshold, error) {
	t := Threshold{Text: strings.TrimSpace(text)}
	measure, value, err := t.split()
	if err == nil {
		err = t.Metric.parse(measure)
	}
	if err == nil {
		value, err = t.cutScope(value)
	}
	if err == nil {
		err = t.parseValue(value)
	}
	if err != nil {
		return Threshold{}, fmt.Errorf("cannot read %q as a threshold: %w", units.Clip(text), err)
	}
	return t, nil
}

// split cuts the text at its comparison.
func (t *Threshold) split() (measure, value string, err error) {
	at := strings.IndexAny(t.Text, "<>=!")
	if at < 0 {
		return "", "", errors.New("a comparison such as < is missing")
	}
	end := at
	for end < len(t.Text) && strings.IndexByte("<>=!", t.Text[end]) >= 0 {
		end++
	}
	t.Op = t.Text[at:end]
	switch t.Op {
	case "<", "<=", ">", ">=", "==", "!=":
		return strings.TrimSpace(t.Text[:at]), strings.TrimSpace(t.Text[end:]), nil
	}
	return "", "", fmt.Errorf("unknown comparison %q", units.Clip(t.Op))
}

// cutScope reads where the demand holds, which follows the value: in a stage, or
// every so often. It returns the value alone.
func (t *Threshold) cutScope(text string) (value string, err error) {
	value, rest, _ := strings.Cut(text, " ")
	if unit, more, _ := strings.Cut(strings.TrimSpace(rest), " "); len(unit) == 1 && strings.Contains("%kMG", unit) {
		value, rest = value+unit, more // a blank before the unit
	}
	word, where, _ := strings.Cut(strings.TrimSpace(rest), " ")
	where = strings.TrimSpace(where)
	switch {
	case word == "":
		return value, nil
	case word == "in":
		t.Stage, err = stageName(where)
		return value, err
	case word != "every":
		return "", fmt.Errorf("unexpected %q", units.Clip(rest))
	}
	t.Every, err = units.ParseDuration(where)
	if err == nil && (t.Every < minEvery || t.Every > maxEvery) {
		err = fmt.Errorf("windows must be %s to %s long", units.FormatDuration(minEvery),
			units.FormatDuration(maxEvery))
	}
	return value, err
}

// stageName reads "hold" or "stage 2".
func stageName(text string) (string, error) {
	words := strings.Fields(text)
	if len(words) == 1 || len(words) == 2 && words[0] == "stage" {
		return strings.Join(words, " "), nil
	}
	return "", fmt.Errorf("%q is not the name of a stage", units.Clip(text))
}

// parse reads a measure such as "service p99.9" or "rejected(5xx)".
func (m *Metric) parse(text string) error {
	first, second, _ := strings.Cut(text, " ")
	second = strings.TrimSpace(second)
	name, status, only := strings.Cut(first, "(")
	switch name {
	case "latency", "service", "lag":
		if only {
			return fmt.Errorf("unknown measure %q", units.Clip(first))
		}
		m.Name = name
		return m.parseStatistic(second)
	case MetricOfTarget:
		m.Name, m.Of = name, strings.TrimSuffix(status, ")")
		if !strings.HasSuffix(status, ")") || second != "" || !isMetricName(m.Of) {
			return fmt.Errorf("%q is not metric(NAME)", units.Clip(text))
		}
		return nil
	case "accepted", "rejected", "ambiguous", "unsent", "dropped", "late":
		if second != "" {
			return fmt.Errorf("unexpected %q", units.Clip(second))
		}
		m.Name = name
		if only {
			return m.parseStatus(status)
		}
		return nil
	}
	m.Name = "latency"
	if second != "" {
		return fmt.Errorf("unknown measure %q", units.Clip(first))
	}
	return m.parseStatistic(first)
}

// parseStatistic reads mean, max, or a percentile such as p99.9.
func (m *Metric) parseStatistic(text string) error {
	switch text {
	case "mean":
		m.Mean = true
		return nil
	case "max":
		m.Quantile = 1
		return nil
	}
	digits, isPercentile := strings.CutPrefix(text, "p")
	percent, err := strconv.ParseFloat(digits, 64)
	if !isPercentile || err != nil || strings.Trim(digits, "0123456789.") != "" {
		return fmt.Errorf("unknown measure %q", units.Clip(text))
	}
	if percent <= 0 || percent >= 100 {
		return fmt.Errorf("%q is not above p0 and below p100", units.Clip(text))
	}
	m.Quantile, err = units.ParseShare(digits + "%")
	return err
}

// parseStatus reads the rest of rejected(429) or rejected(5xx).
func (m *Metric) parseStatus(text string) error {
	status, closed := strings.CutSuffix(text, ")")
	if m.Name != "rejected" || !closed || len(status) != 3 || status[0] < '1' || status[0] > '5' {
		return fmt.Errorf("%q is not a status such as 429 or a class such as 5xx, of rejected", units.Clip(text))
	}
	if status[1:] != "xx" && strings.Trim(status[1:], "0123456789") != "" {
		return fmt.Errorf("%q is neither a status nor a class", status)
	}
	m.Status = status
	return nil
}

// parseValue reads the right-hand side in the unit of the measure.
func (t *Threshold) parseValue(text string) error {
	if t.Metric.Mean || t.Metric.Quantile > 0 {
		d, err := units.ParseDuration(text)
		t.Value = float64(d) / float64(time.Millisecond)
		return err
	}
	if t.Metric.Name == MetricOfTarget {
		if value, err := strconv.ParseFloat(text, 64); err == nil && !math.IsNaN(value) && !math.IsInf(value, 0) {
			t.Value = value
			return nil
		}
	}
	if strings.HasSuffix(text, "%") {
		share, err := units.ParseShare(text)
		t.Value, t.Share = share, true
		return err
	}
	n, err := units.ParseCount(text)
	t.Value = float64(n)
	return err
}

// ArrivalThreshold is one demand on what arrived behind the endpoint. A run cannot tell:
// it is judged when a person looks there.
type ArrivalThreshold struct {
	Text    string
	Measure string  // one of arrivalMeasures, or visible
	Of      string  // of visible: p50, p95, p99, max or drain
	Op      string  // < <= > >= == !=
	Value   float64 // milliseconds, a share of 1, or events
	Share   bool    // of the accepted events; of misordered: of those that were looked at
}

// arrivalMeasures are what demands on what arrived ask for, beside visible.
var arrivalMeasures = []string{
	"lost", "duplicated", "altered", "misordered", "taken", "foreign", "split", "joined", "missing",
}

// demand is a threshold on a run, or on what arrived.
type demand struct {
	run     Threshold
	arrival *ArrivalThreshold // nil: it is one on a run
}

// parseDemand reads a threshold of either kind, told apart by the first word.
func parseDemand(text string) (d demand, err error) {
	first := strings.TrimSpace(text)
	if end := strings.IndexAny(first, " \t<>=!"); end >= 0 {
		first = first[:end]
	}
	if first != "visible" && !slices.Contains(arrivalMeasures, first) {
		d.run, err = ParseThreshold(text)
		return d, err
	}
	a, err := ParseArrival(text)
	return demand{arrival: &a}, err
}

// ParseArrival reads a demand on what arrived:
//
//	lost == 0             accepted events that are not there; or a share of the accepted ones
//	duplicated < 0.01%    events that are there more often than they were sent
//	altered == 0          events that are not as they were sent
//	misordered < 1%       events that came behind a younger one of their distinct_id
//	taken, foreign == 0   rejected events that are there all the same; rows of events that are not of the run
//	split, joined == 0    persons that are several at the other end, or should be
//	missing == 0          ids that merges name and that have no person
//	visible p95 < 30s     how long after it was due an event was there: p50, p95, p99, max
//	visible drain < 5m    how long after the end of the load the last one was
func ParseArrival(text string) (t ArrivalThreshold, err error) {
	whole := Threshold{Text: strings.TrimSpace(text)}
	measure, value, err := whole.split()
	t.Text, t.Op = whole.Text, whole.Op
	if err == nil {
		err = t.parseMeasure(strings.Fields(measure))
	}
	if err == nil {
		err = t.parseValue(value)
	}
	if err != nil {
		return t, fmt.Errorf("cannot read %q as a threshold: %w", units.Clip(text), err)
	}
	return t, nil
}

// parseMeasure reads what is measured.
func (t *ArrivalThreshold) parseMeasure(words []string) error {
	if len(words) > 0 {
		t.Measure = words[0]
	}
	ofVisible := []string{"p50", "p95", "p99", "max", "drain"}
	switch {
	case len(words) == 1 && slices.Contains(arrivalMeasures, words[0]):
		return nil
	case len(words) == 2 && words[0] == "visible" && slices.Contains(ofVisible, words[1]):
		t.Of = words[1]
		return nil
	}
	return fmt.Errorf("want one of %s, or visible with %s", strings.Join(arrivalMeasures, ", "),
		strings.Join(ofVisible, ", "))
}

// parseValue reads what the measure is compared with.
func (t *ArrivalThreshold) parseValue(text string) error {
	whole := Threshold{Metric: Metric{Mean: t.Measure == "visible"}}
	err := whole.parseValue(text)
	t.Value, t.Share = whole.Value, whole.Share
	return err
}
