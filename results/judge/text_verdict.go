package judge

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/scenario"
)

// answeredTooFew says that far less was answered than a stage asked for.
func answeredTooFew(answered int64, asked float64) string {
	return fmt.Sprintf("%s of its %s events were answered while it lasted",
		text.Count(answered), text.Count(int64(math.Round(asked))))
}

// abortText says which rule ended a run, and what its window held.
func abortText(r *abortRule, at time.Duration) string {
	what := "rejected requests"
	switch r.Kind {
	case scenario.AbortHTTP:
		what = "answers " + r.Status + " among the requests"
	case scenario.AbortLatency:
		what = fmt.Sprintf("latencies over %v", r.Slow)
	case scenario.AbortNet:
		what = "requests that the network failed"
	}
	return fmt.Sprintf("abort rule %s fired at %v: %s of the last %v, %s of %s (%s)",
		r.Text, at.Round(time.Second), what, r.Window,
		text.Count(r.bad), text.Count(r.all), text.Percent(results.Share(r.bad, r.all)))
}

// Because says in a sentence why the verdict is what it is.
func Because(r *results.Result) string {
	kept := text.Percent(r.Generator.ScheduleKept) + " of requests sent on time"
	if r.Run.ClosedLoop {
		kept = "a closed loop, which keeps no schedule"
	}
	switch {
	case r.Verdict == results.Fail:
		return strings.Join(append(slices.Clip(r.Failures), notMet(r)...), "; ")
	case r.Verdict == results.Invalid && len(r.Warnings) > 0:
		return r.Warnings[0]
	case len(r.Thresholds) == 0:
		return "no thresholds were set; " + kept
	case len(r.Thresholds) == 1 && r.Thresholds[0].Implied:
		return fmt.Sprintf("no thresholds were set; %s was %s; %s",
			ThresholdName(r.Thresholds[0]), r.Thresholds[0].Value, kept)
	}
	return "all thresholds passed; " + kept
}

// notMet lists the thresholds that were not met, each with its value, as one clause.
func notMet(r *results.Result) []string {
	var broken []string
	for _, row := range r.Thresholds {
		if !row.OK && row.Doubt == "" {
			broken = append(broken, ThresholdName(row)+" was "+row.Value)
		}
	}
	if len(broken) == 0 {
		return nil
	}
	return []string{"not met: " + strings.Join(broken, "; ")}
}

// Name is the threshold as written, and says so if it is implied.
func ThresholdName(row results.ThresholdRow) string {
	if row.Implied {
		return row.Text + " (implied)"
	}
	return row.Text
}
