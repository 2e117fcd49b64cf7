package judge

import (
	"strconv"
	"time"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/scenario"
)

// fewestForAbort is how many requests a window must hold before a share of them
// ends a run: at the foot of a ramp one request of two says nothing.
const fewestForAbort = 10

// Aborts watches the intervals of a run for the rules that end it.
type Aborts struct{ rules []*abortRule }

// NewAborts returns what watches these rules.
func NewAborts(rules []scenario.Abort) *Aborts {
	a := &Aborts{}
	for _, rule := range rules {
		a.rules = append(a.rules, &abortRule{Abort: rule})
	}
	return a
}

// Fired is a rule that ended a run, and what it saw.
type Fired struct {
	Rule string // as written
	Why  string // with what it came to
}

// Observe takes in an interval and returns the first rule that fires, nil while
// none does.
func (a *Aborts) Observe(iv *results.Interval) (fired *Fired) {
	for _, rule := range a.rules {
		if f := rule.observe(iv); f != nil && fired == nil {
			fired = f
		}
	}
	return fired
}

// abortRule is one rule and its window.
type abortRule struct {
	scenario.Abort
	slots    []slot
	bad, all int64
}

// slot is an interval in a window.
type slot struct {
	from, to time.Duration
	bad, all int64
}

// observe slides the window on. A rule fires only when its window is full.
func (r *abortRule) observe(iv *results.Interval) *Fired {
	bad, all := r.count(&iv.Tally)
	r.slots = append(r.slots, slot{iv.From, iv.To, bad, all})
	r.bad, r.all = r.bad+bad, r.all+all
	for len(r.slots) > 1 && iv.To-r.slots[1].from >= r.Window {
		r.bad, r.all = r.bad-r.slots[0].bad, r.all-r.slots[0].all
		r.slots = r.slots[1:]
	}
	full := iv.To-max(r.slots[0].from, 0) >= r.Window-100*time.Millisecond // ticks come a hair early or late
	if !full || !r.tooMany() {
		return nil
	}
	return &Fired{Rule: r.Text, Why: abortText(r, iv.To)}
}

// tooMany says whether the window holds more than the limit.
func (r *abortRule) tooMany() bool {
	if r.Count {
		return float64(r.bad) > r.Limit
	}
	return r.all >= fewestForAbort && results.Share(r.bad, r.all) > r.Limit
}

// count is what a stretch of a run adds to the window: how many requests were
// bad, of how many that were sent. What may have been the generator's own stalls is
// not held against the endpoint.
func (r *abortRule) count(t *results.Tally) (bad, all int64) {
	t = t.AtBest()
	all = t.Sent().Requests
	switch r.Kind {
	case scenario.AbortLatency:
		return t.Latency.Over(r.Slow), all
	case scenario.AbortRejected:
		return t.Fates[capture.FateRejected].Requests, all
	}
	for kind, count := range t.Refusals {
		net := kind.Reason.Side() == capture.Network
		if net && r.Kind == scenario.AbortNet || r.Kind == scenario.AbortHTTP && ofStatus(kind.Status, r.Status) {
			bad += count.Requests
		}
	}
	if r.Kind == scenario.AbortHTTP && r.Status[0] == '2' {
		bad += t.Fates[capture.FateAccepted].Requests
	}
	return bad, all
}

// ofStatus says whether status is the one named, or of the class named.
func ofStatus(status int, name string) bool {
	text := strconv.Itoa(status)
	return status > 0 && (text == name || name[1:] == "xx" && len(text) == 3 && text[0] == name[0])
}
