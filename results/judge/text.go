package judge

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"rehearse/internal/capture"
	"rehearse/internal/text"
	"rehearse/results"
	"rehearse/scenario"
)

// What result.json says in words: why a run is invalid or a fail, what a threshold came
// to, and what else a reader should know. Each sentence names what to change.

// maxCauses is how many causes a sentence names.
const maxCauses = 6

// judgedWhenMerged is what a threshold of a shard came to.
const judgedWhenMerged = "judged when all shards are merged"

// nothingSent and the like are the doubts of a run that can be said in a few words.
const (
	nothingSent     = "nothing was sent"
	nothingMeasured = "nothing measured"
)

// durationsTooLong tells of durations that are in no histogram.
func durationsTooLong(n int64) string {
	return fmt.Sprintf("%s over %v did not fit the histograms", text.Plural(n, "duration"), results.Longest)
}

// onlyAShard tells of a part of a run.
func onlyAShard(s results.Shard) string {
	return fmt.Sprintf("this is shard %d of %d: merge all of them to judge", s.Index, s.Of)
}

// detailsLeftOut tells of refused requests without details.
func detailsLeftOut(n int64) string {
	return fmt.Sprintf("the details of %s were not kept: at most %s a second are, and %s in all, "+
		"half of it from the beginning and half from the end; they are counted, and the ledger has their events",
		text.Plural(n, "rejected request"), text.Count(results.MaxRejections), text.Size(results.MaxRejectedBytes))
}

// nothingAcceptedText says what everything came to that was sent.
func nothingAcceptedText(sent int64, causes []results.RejectionRow) string {
	var all []string
	for _, row := range causes[:min(len(causes), maxCauses)] {
		cause := RejectionText(row)
		reason, _ := capture.ParseReason(row.Reason) // one of ours
		if why := meaning(reason); why != "" {
			cause += " (" + why + ")"
		}
		all = append(all, cause)
	}
	return "nothing was accepted of " + text.Plural(sent, "request") + ": " + strings.Join(all, ", ")
}

// nothingAcceptedByUs says the same of what the generator did itself.
func nothingAcceptedByUs(sent int64) string {
	return "nothing was accepted of " + text.Plural(sent, "request") + ": the endpoint had no part in it"
}

// RejectionText is a kind of refusal and how often it occurred, as in
// "100 × rate_limited 429".
func RejectionText(row results.RejectionRow) string {
	kind := text.Count(row.Requests) + " × " + text.Printable(row.Reason, 40)
	if row.Status > 0 {
		kind += " " + strconv.Itoa(row.Status)
	}
	return kind
}

// meaning says what a reason points to when every request came to it.
func meaning(r capture.Reason) string {
	switch r {
	case capture.NameNotFound:
		return "no such host"
	case capture.ConnectRefused:
		return "connection refused: nothing listens there"
	case capture.ConnectTimeout, capture.ConnectFailed:
		return "no connection could be opened"
	case capture.TLSFailed:
		return "no encrypted connection: the port may not speak TLS"
	case capture.BadCertificate:
		return "its certificate is not trusted"
	case capture.BrokenWhileSending, capture.ClosedBeforeAnswer, capture.BrokenWhileReading:
		return "it hung up: the port may speak TLS, or another protocol"
	case capture.AnswerTimeout:
		return "no answer in time"
	case capture.GarbledAnswer:
		return "not an HTTP answer: the port may speak TLS, or another protocol"
	case capture.UnknownAnswer:
		return "not the answer of a capture endpoint"
	case capture.Redirected:
		return "redirects are not followed"
	}
	return ""
}

// openThresholds says which thresholds the generator's own faults leave open.
func openThresholds(rows []results.ThresholdRow, s *results.Stalls) string {
	var doubts []string
	for _, row := range rows {
		doubts = append(doubts, row.Text+" was "+row.Value+", and "+row.Doubt)
	}
	open := "the generator's own faults may have decided: " + strings.Join(doubts, "; ")
	if s.Count > 0 {
		open += "; " + stallsText(s)
	}
	return open
}

// neverAsked says that a metric of the target is not known.
const neverAsked = "no Prometheus was asked for it"

// notAnswered says why questions for a metric of the target have no answer.
func notAnswered(m *results.TargetMetric) string {
	return fmt.Sprintf("%s of %s not answered: %s", text.Count(m.Failed),
		text.Plural(m.Failed+m.Samples, "question"), text.Printable(m.Because, 300))
}

// unknownMetric says that a threshold on a metric of the target is not known to be met.
func unknownMetric(row *results.ThresholdRow) string {
	return "not known: " + row.Text + ": " + row.Doubt
}

// metricText says what a metric of the target came to.
func metricText(m *results.TargetMetric) string {
	if m.Min == m.Max {
		return text.Rate(m.Max)
	}
	return text.Rate(m.Min) + " to " + text.Rate(m.Max)
}

// keptLess says that the endpoint kept fewer events than were accepted.
func keptLess(f *results.EndpointCounts, accepted, missing int64) string {
	var parts []string
	for _, part := range []struct {
		n    int64
		what string
	}{{f.Lost, "lost"}, {f.OverQuota, "over quota"}, {f.Dropped, "by a rule"}} {
		if part.n > 0 {
			parts = append(parts, text.Count(part.n)+" "+part.what)
		}
	}
	dropped := ""
	if len(parts) > 0 {
		dropped = " (" + strings.Join(parts, ", ") + ")"
	}
	return fmt.Sprintf("the endpoint kept %s of %s that it accepted: %s missing%s",
		text.Count(f.Kept), text.Plural(accepted, "event"), text.Count(missing), dropped)
}

// ChecksumText says what came of the endpoint's checksum.
func ChecksumText(s *results.EndpointSum) string {
	switch s.Verdict {
	case results.SumMatches:
		return "endpoint checksum matches: " + text.Plural(s.Events, "event") + " as sent"
	case results.SumDiffers:
		return fmt.Sprintf("endpoint checksum differs: the %s that it kept are not those that were sent (%s, not %s)",
			text.Plural(s.Events, "event"), text.Printable(s.Kept, 16), text.Printable(s.Sent, 16))
	}
	return "endpoint checksum not compared: " + text.Printable(s.Because, 200)
}

// notToItsEnd says how a run ended that did not complete.
func notToItsEnd(run *results.RunInfo) string {
	switch {
	case run.Ended == results.Running:
		return "the run did not reach its end: it was killed, or still runs"
	case run.Why != "":
		return fmt.Sprintf("the run did not reach its end: %s (%s)", run.Ended, run.Why)
	}
	return fmt.Sprintf("the run did not reach its end: %s", run.Ended)
}

// heldBack tells of a permit's cap, and those that left late from those that never did.
func heldBack(late, never, due int64) string {
	return fmt.Sprintf("the permit held back %s of the requests (%s late, %s not at all): "+
		"its cap leaves too little room to catch up, or the endpoint asked for pauses",
		text.Percent(results.Share(late+never, due)), text.Count(late), text.Count(never))
}

// notBuilt tells of requests that the generator could not build.
func notBuilt(share float64) string {
	return text.Percent(share) + " of the requests could not be built"
}

// recordingLeftOut tells of lines of a recording that cannot be sent.
func recordingLeftOut(p *results.Planned) string {
	return fmt.Sprintf("%s of the recording was left out (%s of %s), more than %s: "+
		"repair it, or set replay.max_bad to what may be left out",
		text.Percent(results.Share(p.LeftOut, p.Lines)), text.Count(p.LeftOut), text.Plural(p.Lines, "line"),
		text.Percent(p.MostLeftOut))
}

// noneFreeEither says that connections were wanting beside something else.
func noneFreeEither(share float64) string {
	return text.Percent(share) + " of the requests found no connection free, which may be for the same reason"
}

// noneFree says that connections were wanting, and how many it takes for so many
// requests a second. Where there were more than that, it was not the mean that kept
// them all busy.
func noneFree(share float64, perSecond, needed int64, r *results.Result) string {
	found := fmt.Sprintf("the connections were the bottleneck: %s of the requests found none free; "+
		"at %s a second at the peak and %s of mean service",
		text.Percent(share), text.Plural(perSecond, "request"), text.Milliseconds(r.Service.Mean))
	if had := r.Generator.Connections; needed < had {
		return fmt.Sprintf("%s about %s of the %s would do, but some answers took longer, up to %s: "+
			"all were busy at once while the endpoint stalled",
			found, text.Count(needed), text.Plural(had, "connection"), text.Milliseconds(r.Service.Max))
	}
	return fmt.Sprintf("%s it takes about %s, and more when the endpoint stalls",
		found, text.Plural(needed, "connection"))
}

// unsolicited tells of answers that no request had asked for.
func unsolicited(n int64) string {
	return "unsolicited responses: " + text.Count(n) +
		" (the endpoint sent a second answer, or a body beyond its length; " +
		"the connection was closed each time, but the request before may have been told another's answer)"
}

// The sentences of thresholds.

// tooFewToTrust warns of a quantile that rests on few requests.
func tooFewToTrust(d *scenario.Threshold, n int64) string {
	return fmt.Sprintf("%s: only %s (%s recommended)",
		d.Text, text.Plural(n, "request"), text.Count(int64(10/(1-d.Metric.Quantile)+0.5)))
}

// acceptedText is which share of the events was accepted.
func acceptedText(accepted, expected int64) string {
	return fmt.Sprintf("%s (%s of %s)",
		text.Percent(results.Share(accepted, expected)), text.Count(accepted), text.Plural(expected, "event"))
}

// forWantOf says of a threshold that what never left decided it.
func forWantOf(d *scenario.Threshold, value string) string {
	return fmt.Sprintf("%s was %s, for want of what never left", d.Text, value)
}

// atWorst is what a threshold on every window came to.
func atWorst(value string, at time.Duration, failed, closed int) string {
	return fmt.Sprintf("%s at worst, from %v on; not met in %d of %s",
		value, at.Round(time.Second), failed, text.Plural(int64(closed), "window"))
}

// The sentences of shards.

// lostShards say which of so many shards did not send their part, and how much of the
// load that was.
func lostShards(lost []results.LostShard, of int) (all []string) {
	for _, l := range lost {
		said := fmt.Sprintf("shard %d of %d, with %s of the load, %s",
			l.Index, of, text.Percent(l.Share), lossText(l.How))
		if l.At != nil {
			said += fmt.Sprintf(" at %v", results.FromSeconds(*l.At).Round(time.Second))
		}
		if l.Because != "" {
			said += ": " + text.Printable(l.Because, 300)
		}
		all = append(all, said)
	}
	return all
}

// lossText is what became of a shard; when, as a time of the run, may follow.
func lossText(how results.LossKind) string {
	switch how {
	case results.LossMissing:
		return "was lost"
	case results.LossKilled:
		return "was killed"
	case results.LossStopped:
		return "was stopped, while others went on,"
	case results.LossLate:
		return "sent nothing"
	case results.LossTwice:
		return "was started twice, and its events may have been sent twice"
	case results.LossResumed:
		return "broke off, and was resumed later, so that the load was not the scenario's: it ended"
	}
	return "is not whole"
}

// The sentences of stages.

// lateByOwnFault doubts what a stage broke.
func lateByOwnFault(share float64) string {
	return text.Percent(share) + " of its requests left late by the generator's own fault"
}
