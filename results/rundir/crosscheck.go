package rundir

import (
	"errors"
	"fmt"
	"strings"

	"rehearse/internal/capture"
	"rehearse/results"
)

// CrossCheck holds the parts of the directory against each other: the ledger, the
// timeline, the histograms and the details of refused requests against the result.
// They were written by the same run and must tell the same. Where they do not, the
// result says which, and is invalid: one of them is damaged, or of another run.
// Files that are missing, or that the result itself says are short, are no news.
func (r *Run) CrossCheck() {
	var found []string
	for _, check := range []func() (string, error){r.checkLedger, r.checkTimeline, r.checkHistograms, r.checkRejected} {
		different, err := check()
		if err != nil && !errors.Is(err, errMissing) && !errors.Is(err, ErrTorn) {
			different = err.Error()
		}
		if different != "" {
			found = append(found, different)
		}
	}
	if different := r.checkBackground(); different != "" {
		found = append(found, different)
	}
	if len(found) == 0 {
		return
	}
	opinion := "second opinion: the parts of the run directory do not agree: " + strings.Join(found, "; ")
	if r.Result.Verdict == results.Invalid { // for a cause that is better known
		r.Result.Warnings = append(r.Result.Warnings, opinion)
		return
	}
	doubt(r.Result, opinion)
}

// checkBackground holds the background's directory against itself, and against what the
// result says of it.
func (r *Run) checkBackground() string {
	b := r.Background
	if b == nil || !r.closed() {
		return ""
	}
	verdict := b.Result.Verdict
	b.CrossCheck()
	switch told := r.Result.Background; {
	case told == nil || told.Verdict != verdict || told.Events != b.Result.Events:
		return "what " + ResultFile + " says of the background is not what its directory does"
	case b.Result.Verdict != verdict:
		return "background: " + b.Result.Warnings[0]
	}
	return ""
}

// closed tells whether the run came to its end, so that all parts are complete.
func (r *Run) closed() bool {
	return r.Result.Run.Ended != results.Running && r.Result.Run.Ended != results.Killed
}

// checkLedger tells what of the ledger is not as the result has it.
func (r *Run) checkLedger() (string, error) {
	l, err := r.Ledger()
	if err != nil || len(l.Damage) == 0 {
		return "", err
	}
	var all []string
	for _, d := range l.Damage {
		all = append(all, d.String())
	}
	return strings.Join(all, ", "), nil
}

// checkTimeline adds up the timeline.
func (r *Run) checkTimeline() (string, error) {
	if r.Timeline == nil {
		return "", errMissing
	}
	var sums [capture.FateMayBeStored]results.Count // those that a timeline tells apart
	for i := range r.Timeline {
		row := &r.Timeline[i]
		for fate, n := range map[capture.Fate]results.Count{
			capture.FateAccepted: row.Accepted, capture.FateRejected: row.Rejected,
			capture.FateAmbiguous: row.Ambiguous, capture.FateUnsent: row.Unsent,
		} {
			sums[fate] = sums[fate].Plus(n)
		}
	}
	told := [capture.FateMayBeStored]results.Count{
		capture.FateAccepted:  {Requests: r.Result.Requests.Accepted, Events: r.Result.Events.Accepted},
		capture.FateRejected:  {Requests: r.Result.Requests.Rejected, Events: r.Result.Events.Rejected},
		capture.FateAmbiguous: {Requests: r.Result.Requests.Ambiguous, Events: r.Result.Events.Ambiguous},
		capture.FateUnsent:    {Requests: r.Result.Requests.Unsent, Events: r.Result.Events.Unsent},
	}
	if !r.closed() { // what was in flight is in the result alone
		sums[capture.FateAmbiguous], sums[capture.FateUnsent] = told[capture.FateAmbiguous], told[capture.FateUnsent]
	}
	for fate, sum := range sums {
		if sum != told[fate] {
			return fmt.Sprintf("%s has %d events %s in %d requests, %s %d in %d", TimelineFile, sum.Events,
				capture.Fate(fate), sum.Requests, ResultFile, told[fate].Events, told[fate].Requests), nil
		}
	}
	return "", nil
}

// checkHistograms counts what was timed. The last stretch of a killed run is not in
// the log yet.
func (r *Run) checkHistograms() (string, error) {
	if r.Latency == nil || !r.closed() {
		return "", errMissing
	}
	if got, want := r.Latency.Count(), r.Result.Latency.Count; got != want {
		return fmt.Sprintf("%s has %d latencies, %s %d", LatencyFile, got, ResultFile, want), nil
	}
	return "", nil
}

// checkRejected counts the details of refused requests, and those that were left out.
func (r *Run) checkRejected() (string, error) {
	if !r.closed() {
		return "", errMissing
	}
	var listed int64
	leftOut, err := r.EachRejection(func(*RejectionLine) error { listed++; return nil })
	if err != nil {
		return "", err
	}
	got, want := listed+leftOut, r.Result.Requests.Rejected+r.Result.Requests.Ambiguous+r.Result.Requests.Retried
	if got != want {
		return fmt.Sprintf("%s accounts for %d refused requests, %s for %d", RejectedFile, got, ResultFile, want), nil
	}
	return "", nil
}
