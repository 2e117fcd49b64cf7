package report

import (
	"cmp"
	"slices"
	"strings"

	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/results/judge"
)

// Causes says in a sentence what was met on the way, the most frequent first, as
// in "100 × rate_limited 429, 82 × unavailable 503".
func retryCauses(f *results.RetryFacts) string {
	const most = 6
	rows := slices.SortedStableFunc(slices.Values(f.Refused), func(a, b results.RejectionRow) int {
		return cmp.Compare(b.Requests, a.Requests)
	})
	var causes []string
	for i := range rows[:min(len(rows), most)] {
		causes = append(causes, judge.RejectionText(rows[i]))
	}
	if len(rows) > most {
		causes = append(causes, "and others")
	}
	return strings.Join(causes, ", ")
}

// Against says it in a sentence, against the events that were sent.
func endpointSentence(f *results.FarEnd, sent int64) string {
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
func startedText(r *results.RunFacts) string {
	start, err := r.Start()
	if err != nil {
		return text.Printable(r.StartedAt, 40)
	}
	return start.Format("2006-01-02T15:04:05.000Z07:00")
}
