package scenario

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"rehearse/internal/units"
	"rehearse/scenario/strict"
)

// Abort is a rule that ends a run before its time, parsed when the file is
// loaded. It looks at a window that slides along with the run, and fires when
// more than the limit of what came to its end in the window was bad.
type Abort struct {
	Text   string // as written
	Kind   AbortKind
	Status string        // AbortHTTP: 503 or 5xx
	Slow   time.Duration // AbortLatency: what is too long
	// Limit is a share, as a fraction of 1, or with Count a number of requests.
	// AbortLatency holds it against the share of the requests that were slow.
	Limit  float64
	Count  bool
	Window time.Duration
}

// AbortKind is what a rule counts.
type AbortKind string

// The kinds of rules.
const (
	AbortHTTP     AbortKind = "http"     // answers with a status, or of a class
	AbortLatency  AbortKind = "latency"  // requests slower than a quantile may be
	AbortNet      AbortKind = "net"      // requests that the network failed
	AbortRejected AbortKind = "rejected" // requests rejected for any reason
)

// The bounds of a rule's window.
const (
	minAbortWindow = time.Second
	maxAbortWindow = time.Hour
)

const hintAbort = "as in http(5xx, 10%, 30s), latency(p99, 5s, 30s), net(20%, 10s) or rejected(50%, 10s)"

// ParseAbort reads a rule, in the grammar of Yandex.Tank's autostop:
//
//	http(5xx, 10%, 30s)     a tenth of the answers of 30 s had a status of that class
//	http(429, 100, 10s)     more than 100 of them had that status
//	latency(p99, 5s, 30s)   the 99th percentile of latency was above 5 s
//	net(20%, 10s)           the network failed a fifth of the requests
//	rejected(50%, 10s)      half of the requests were rejected, for any reason
func ParseAbort(text string) (Abort, error) {
	a := Abort{Text: strings.TrimSpace(text)}
	if err := a.parse(); err != nil {
		return Abort{}, fmt.Errorf("cannot read %q as an abort rule: %w", units.Clip(text), err)
	}
	return a, nil
}

// parse reads the text into the other fields.
func (a *Abort) parse() error {
	name, rest, open := strings.Cut(a.Text, "(")
	inside, closed := strings.CutSuffix(rest, ")")
	if !open || !closed {
		return errors.New("it is not of the form kind(…, window)")
	}
	a.Kind = AbortKind(strings.TrimSpace(name))
	of := strings.Split(inside, ",")
	for i := range of {
		of[i] = strings.TrimSpace(of[i])
	}
	switch {
	case a.Kind == AbortHTTP && len(of) == 3:
		return errors.Join(a.parseStatus(of[0]), a.parseLimit(of[1]), a.parseWindow(of[2]))
	case a.Kind == AbortLatency && len(of) == 3:
		return errors.Join(a.parseQuantile(of[0], of[1]), a.parseWindow(of[2]))
	case (a.Kind == AbortNet || a.Kind == AbortRejected) && len(of) == 2:
		return errors.Join(a.parseLimit(of[0]), a.parseWindow(of[1]))
	case a.Kind == AbortHTTP:
		return errors.New("it reads http(status, limit, window)")
	case a.Kind == AbortLatency:
		return errors.New("it reads latency(quantile, limit, window)")
	case a.Kind == AbortNet || a.Kind == AbortRejected:
		return fmt.Errorf("it reads %s(limit, window)", a.Kind)
	}
	return fmt.Errorf("unknown rule %q, known are http, latency, net, rejected", units.Clip(string(a.Kind)))
}

// parseStatus reads 503 or 5xx.
func (a *Abort) parseStatus(text string) error {
	m := Metric{Name: "rejected"}
	err := m.parseStatus(text + ")")
	a.Status = m.Status
	if err != nil {
		return fmt.Errorf("%q is not a status such as 429 or a class such as 5xx", units.Clip(text))
	}
	return nil
}

// parseLimit reads 10% or 100.
func (a *Abort) parseLimit(text string) error {
	if strings.HasSuffix(text, "%") {
		share, err := units.ParseShare(text)
		a.Limit = share
		if err == nil && share >= 1 {
			return errors.New("no share is more than 100%")
		}
		return err
	}
	n, err := units.ParseCount(text)
	a.Limit, a.Count = float64(n), true
	return err
}

// parseQuantile turns "p99 above 5s" into "more than 1 % slower than 5s", which
// is the same and can be added up over a window.
func (a *Abort) parseQuantile(quantile, slow string) error {
	var m Metric
	if err := m.parseStatistic(quantile); err != nil || m.Mean || m.Quantile == 0 {
		return fmt.Errorf("%q is no quantile such as p99 or max", units.Clip(quantile))
	}
	var err error
	a.Limit = math.Round((1-m.Quantile)*1e12) / 1e12
	a.Slow, err = units.ParseDuration(slow)
	if err == nil && a.Slow <= 0 {
		err = errors.New("the limit must be more than 0")
	}
	return err
}

// parseWindow reads how long the window is.
func (a *Abort) parseWindow(text string) error {
	window, err := units.ParseDuration(text)
	a.Window = window
	if err == nil && (window < minAbortWindow || window > maxAbortWindow) {
		return fmt.Errorf("the window must be %s to %s", units.FormatDuration(minAbortWindow),
			units.FormatDuration(maxAbortWindow))
	}
	return err
}

// readAborts reads the rules of a file.
func readAborts(v strict.Value) []Abort {
	var all []Abort
	for _, item := range v.List() {
		a, _ := strict.Measured(item, ParseAbort, "an abort rule", hintAbort)
		all = append(all, a)
	}
	return all
}

// Holds tells whether a measured value, in the unit of Value, meets the demand.
// What is not a number meets none.
func (t *Threshold) Holds(measured float64) bool {
	switch t.Op {
	case "<":
		return measured < t.Value
	case "<=":
		return measured <= t.Value
	case ">":
		return measured > t.Value
	case ">=":
		return measured >= t.Value
	case "==":
		return measured == t.Value
	case "!=":
		return measured != t.Value && !math.IsNaN(measured)
	}
	return false
}
