package results

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"rehearse/internal/text"
)

// Causes says in a sentence what was met on the way, the most frequent first, as
// in "100 × rate_limited 429, 82 × unavailable 503".
func (f *RetryFacts) Causes() string {
	const most = 6
	rows := slices.SortedStableFunc(slices.Values(f.Refused), func(a, b RejectionRow) int {
		return cmp.Compare(b.Requests, a.Requests)
	})
	var causes []string
	for i := range rows[:min(len(rows), most)] {
		causes = append(causes, RejectionText(rows[i]))
	}
	if len(rows) > most {
		causes = append(causes, "and others")
	}
	return strings.Join(causes, ", ")
}

// Against says it in a sentence, against the events that were sent.
func (f *FarEnd) Against(sent int64) string {
	said := "the endpoint kept " + text.Plural(f.Kept, "event")
	if f.Kept > sent {
		said += ", some of them more than once, as they were sent again"
	}
	if f.Lost > 0 {
		said += "; it answered yes and lost " + text.Count(f.Lost)
	}
	if f.OverQuota > 0 {
		said += "; it answered yes and dropped " + text.Count(f.OverQuota) + " over quota"
	}
	if f.Dropped > 0 {
		said += "; it answered yes and dropped " + text.Count(f.Dropped) + " by a rule"
	}
	if f.Refused > 0 {
		said += "; of requests that it refused it kept " + text.Plural(f.Refused, "event")
	}
	return said
}

// Started is when the run began as reports show it, to the millisecond.
func (r *RunFacts) Started() string {
	start, err := r.Start()
	if err != nil {
		return text.Printable(r.StartedAt, 40)
	}
	return start.Format("2006-01-02T15:04:05.000Z07:00")
}

// Because says in a sentence why the verdict is what it is.
func (r *Result) Because() string {
	kept := text.Percent(r.Generator.ScheduleKept) + " of the schedule was kept"
	switch {
	case r.Verdict == Fail:
		return strings.Join(append(slices.Clip(r.Failures), r.notMet()...), "; ")
	case r.Verdict == Invalid && len(r.Warnings) > 0:
		return r.Warnings[0]
	case len(r.Thresholds) == 0:
		return "no thresholds were set, and " + kept
	case len(r.Thresholds) == 1 && r.Thresholds[0].Implied:
		return fmt.Sprintf("no thresholds were set; %s was %s, and %s", r.Thresholds[0].Name(), r.Thresholds[0].Value, kept)
	}
	return "every threshold was met, and " + kept
}

// notMet lists the thresholds that were not met, each with its value, as one clause.
func (r *Result) notMet() []string {
	var broken []string
	for _, row := range r.Thresholds {
		if !row.OK && row.Doubt == "" {
			broken = append(broken, row.Name()+" was "+row.Value)
		}
	}
	if len(broken) == 0 {
		return nil
	}
	return []string{"not met: " + strings.Join(broken, "; ")}
}

// Name is the threshold as written, and says so if it is implied.
func (row ThresholdRow) Name() string {
	if row.Implied {
		return row.Text + " (implied)"
	}
	return row.Text
}
