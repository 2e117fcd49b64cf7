package results

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"rehearse/capture"
	"rehearse/internal/text"
)

// Verdict is what a run is worth.
type Verdict string

// The verdicts. An Invalid run says nothing about the endpoint.
const (
	Pass    Verdict = "pass"
	Fail    Verdict = "fail"
	Invalid Verdict = "invalid"
)

// Bottleneck is what kept the generator from its schedule.
type Bottleneck string

// The bottlenecks.
const (
	NoBottleneck         Bottleneck = ""
	CPUBottleneck        Bottleneck = "cpu"         // bodies were not built in time
	PacingBottleneck     Bottleneck = "pacing"      // ready requests were not sent in time
	ConnectionBottleneck Bottleneck = "connections" // every connection was waiting for the endpoint
	StallBottleneck      Bottleneck = "stall"       // it stood still
)

// tolerated is the share of the due requests that may leave late, or not at
// all, before the run no longer is what the scenario asked for.
const tolerated = 0.01

// evidence is what a run is judged by.
type evidence struct {
	tally   *Tally
	demands []*demand // that followed the run
	doubts  []string
	notes   []string // warnings that change nothing
	leftOut int64    // refused requests whose details there was no room for
	farEnd  *FarEnd  // what the endpoint counted; nil: it was not asked
}

// judge fills in the thresholds, the verdict, the bottleneck and the warnings of
// r. With any doubt of the caller the run is invalid.
//
// A run is invalid whatever its thresholds say if it cannot be trusted: nothing
// was sent, the books do not balance, durations were too long to record, a doubt
// was raised, the generator was held up or throttled, network buffers were full,
// more than 1 % of the requests that came due left late by the generator's own
// fault, or it is one shard of several, which only together can be judged.
// Otherwise a threshold that is not met makes it a fail, the implied one on what is
// accepted among them. So does it, whatever the thresholds are, that nothing was
// accepted, or that the endpoint kept less than it accepted. A run that kept its
// thresholds still is invalid, never a pass, if it did not do what was planned: it
// did not run to its end, or more than 1 % of its requests left late for want of a
// free connection, or never left, or too much of the recording was left out; and if
// the generator's own stalls leave a threshold open (see stretch.judge). A threshold on
// what is accepted that is not met only for what never left makes a run invalid as
// well: the endpoint was not asked.
//
// The first warning of an invalid run says why it is invalid.
func judge(r *Result, e evidence) {
	t := e.tally
	r.Thresholds, r.Warnings, r.Verdict = []ThresholdRow{}, []string{}, Pass
	r.Generator.Bottleneck = NoBottleneck
	distrust := slices.Concat(e.doubts, ownFaults(r, t))
	shortfall := shortfalls(r, t)
	thin, cut := r.evaluate(t, e.demands)
	shaped := r.shaped()
	refused, ours := nothingAccepted(t)
	shortfall = slices.Concat(shortfall, cut, ours)
	r.Failures = append(refused, e.farEnd.failures(r.Events.Accepted)...)
	if len(r.Failures) > 0 {
		r.Verdict = Fail
	}
	switch {
	case len(distrust) > 0:
		r.Verdict = Invalid
	case r.Verdict == Pass && len(shortfall)+len(shaped) > 0:
		r.Verdict = Invalid
	}
	for _, warnings := range [][]string{distrust, shaped, shortfall, thin, r.Generator.notes(r.Requests.Sent), r.Connections.notes(), e.notes} {
		r.Warnings = append(r.Warnings, warnings...)
	}
	if leftOut := t.LeftOut + e.leftOut; leftOut > 0 {
		r.Warnings = append(r.Warnings, fmt.Sprintf(
			"the details of %s were not kept: at most %s a second are, and %s in all, half of it from the beginning and half from the end; they are counted, and the ledger has their events",
			text.Plural(leftOut, "rejected request"), text.Count(maxRejections), text.Size(maxRejectedFiles)))
	}
}

// evaluate fills in the thresholds and fails the run if one is not met. It returns
// warnings, and why the endpoint has no part in it where one is not met for that.
func (r *Result) evaluate(t *Tally, demands []*demand) (warnings, cut []string) {
	for _, d := range demands {
		if r.Run.Shard.Of > 1 {
			r.Thresholds = append(r.Thresholds, d.row("judged when all shards are merged"))
			continue
		}
		e := d.evaluate(r, t)
		r.Thresholds = append(r.Thresholds, e.ThresholdRow)
		if e.few != "" {
			warnings = append(warnings, e.few)
		}
		switch {
		case e.OK, e.Doubt != "":
		case e.unsent != "":
			cut = append(cut, e.unsent)
		default:
			r.Verdict = Fail
		}
	}
	return warnings, cut
}

// nothingAccepted says what everything came to that was sent, if none of it was
// accepted: that it was refused, or that it was the generator's own doing. What a
// stall may have broken does not excuse the requests that none did.
func nothingAccepted(t *Tally) (refused, ours []string) {
	sent := t.Sent()
	if sent.Requests == 0 || t.Fates[capture.FateAccepted].Events > 0 {
		return nil, nil
	}
	text := "nothing was accepted of " + text.Plural(sent.Requests, "request") + ": "
	if len(causes(t.faultless())) == 0 {
		return nil, []string{text + "the endpoint had no part in it"}
	}
	all := causes(t)
	return []string{text + strings.Join(all[:min(len(all), maxCauses)], ", ")}, nil
}

// causes are what kept requests from being accepted that were sent, the most frequent
// first, but for what the generator did itself.
func causes(t *Tally) (causes []string) {
	for _, row := range byRequests(rowsOf(t.Refusals)) {
		reason, _ := capture.ParseReason(row.Reason) // one of ours
		if row.Requests == 0 || reason.Fate() == capture.FateUnsent || reason.Side() == capture.Ours {
			continue
		}
		cause := row.String()
		if why := meaning(reason); why != "" {
			cause += " (" + why + ")"
		}
		causes = append(causes, cause)
	}
	return causes
}

// meaning says what a reason points to when every request came to it.
func meaning(r capture.Reason) string {
	switch r {
	case capture.NameNotFound:
		return "no such host"
	case capture.ConnectRefused:
		return "nobody listens there"
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

// shaped says which thresholds the generator's own faults leave open.
func (r *Result) shaped() []string {
	var doubts []string
	for _, row := range r.Thresholds {
		if row.Doubt != "" {
			doubts = append(doubts, row.Text+" was "+row.Value+", and "+row.Doubt)
		}
	}
	if len(doubts) == 0 {
		return nil
	}
	text := "the generator's own faults may have decided: " + strings.Join(doubts, "; ")
	if r.Generator.Stalls.Count > 0 {
		text += "; " + r.Generator.Stalls.text()
	}
	return []string{text}
}

// ownFaults are the reasons not to trust a number of the run.
func ownFaults(r *Result, t *Tally) (faults []string) {
	if r.Requests.Sent == 0 {
		faults = append(faults, "nothing was sent")
	}
	if err := r.Balance(); err != nil {
		faults = append(faults, err.Error())
	}
	if n := t.Overflow(); n > 0 {
		faults = append(faults, fmt.Sprintf("%s over %v did not fit the histograms", text.Plural(n, "duration"), Longest))
	}
	if r.Run.Shard.Of > 1 {
		faults = append(faults, fmt.Sprintf("this is shard %d of %d: merge all of them to judge",
			r.Run.Shard.Index, r.Run.Shard.Of))
	}
	if faulty := r.Generator.faults(r.Run.Seconds, r.Requests.Sent); len(faulty) > 0 {
		r.Generator.Bottleneck = CPUBottleneck
		if r.Generator.HeldUp > 0 {
			r.Generator.Bottleneck, _ = r.Generator.stalled("")
		}
		faults = append(faults, faulty...)
	}
	if n := t.Refusals[Refusal{Reason: capture.NoSocket}].Requests; tooMany(n, t.Due()) {
		r.Generator.Bottleneck = ConnectionBottleneck
		faults = append(faults, r.Generator.noSocket(n))
	}
	return append(faults, lateness(r, t)...)
}

// lateness is the fault of having been late ourselves, with what to change.
func lateness(r *Result, t *Tally) []string {
	build, pace, stall := t.lateBuild(), t.latePace(), t.lateStall()
	if !tooMany(t.ownLate(), t.Due()) {
		return nil
	}
	r.Generator.Bottleneck = PacingBottleneck
	why := "ready requests left late: run on a quieter machine, or share the run among several"
	if build >= pace {
		r.Generator.Bottleneck = CPUBottleneck
		why = "requests were not built in time: give the generator more cores, compress less, or share the run among several machines"
	}
	if cause := r.Generator.cause(); cause != "" {
		why = cause
	}
	if stall >= build+pace {
		r.Generator.Bottleneck, why = r.Generator.stalled(why)
	}
	return []string{fmt.Sprintf("the generator fell behind: %s of the requests left late, or not at all, by its own fault; %s",
		text.Percent(ratio(t.ownLate(), t.Due())), why)}
}

// shortfalls are the ways in which less was done than planned.
func shortfalls(r *Result, t *Tally) (shortfalls []string) {
	switch {
	case r.Run.Ended == Running:
		shortfalls = append(shortfalls, "the run did not reach its end: it was killed, or still runs")
	case r.Run.Ended != Completed && r.Run.Why != "":
		shortfalls = append(shortfalls, fmt.Sprintf("the run did not reach its end: %s (%s)", r.Run.Ended, r.Run.Why))
	case r.Run.Ended != Completed:
		shortfalls = append(shortfalls, fmt.Sprintf("the run did not reach its end: %s", r.Run.Ended))
	}
	waited := t.Late[NoConnection].Requests
	skipped := t.Refusals[Refusal{Reason: capture.NoFreeConnection}].Requests
	if tooMany(waited+skipped, t.Due()) {
		shortfalls = append(shortfalls, wantOfConnections(r, ratio(waited+skipped, t.Due())))
	}
	held := t.Refusals[Refusal{Reason: capture.HeldBack}].Requests
	if late := t.Late[Held].Requests; tooMany(late+held, t.Due()) {
		shortfalls = append(shortfalls, fmt.Sprintf(
			"the permit held back %s of the requests (%s): its cap leaves too little room to catch up, or the endpoint asked for pauses",
			text.Percent(ratio(late+held, t.Due())), heldText(late, held)))
	}
	if unbuilt := t.Refusals[Refusal{Reason: capture.NotBuilt}].Requests; tooMany(unbuilt, t.Due()) {
		shortfalls = append(shortfalls, fmt.Sprintf("%s of the requests could not be built", text.Percent(ratio(unbuilt, t.Due()))))
	}
	if p := &r.Planned; p.MostLeftOut > 0 && float64(p.LeftOut) > p.MostLeftOut*float64(p.Lines) {
		shortfalls = append(shortfalls, fmt.Sprintf("%s of the recording was left out (%s of %s), more than %s: "+
			"repair it, or set replay.max_bad to what may be left out",
			text.Percent(ratio(p.LeftOut, p.Lines)), text.Count(p.LeftOut), text.Plural(p.Lines, "line"), text.Percent(p.MostLeftOut)))
	}
	return shortfalls
}

// heldText tells those that left late from those that never did.
func heldText(late, never int64) string {
	return fmt.Sprintf("%s late, %s not at all", text.Count(late), text.Count(never))
}

// wantOfConnections says that a share of the requests found none free. Whether it
// takes more of them only an endpoint's service tells, and not one that was timed
// by a generator that stood still.
func wantOfConnections(r *Result, share float64) string {
	if r.Generator.Bottleneck != NoBottleneck {
		return fmt.Sprintf("%s of the requests found no connection free, which may be for the same reason", text.Percent(share))
	}
	r.Generator.Bottleneck = ConnectionBottleneck
	return fmt.Sprintf("the connections were the bottleneck: %s of the requests found none free; %s", text.Percent(share), connectionsNeeded(r))
}

// connectionsNeeded is Little's law: what is in flight at the peak is the
// arrival rate times the time in service. Where there were more connections than
// that, it was not the mean that kept them all busy.
func connectionsNeeded(r *Result) string {
	perSecond := r.Planned.PeakEvents * ratio(r.Planned.Requests, r.Planned.Events)
	needed := max(int64(math.Ceil(perSecond*r.Service.Mean/1000*0.999)), 1) // the histogram rounds up by as much
	said := fmt.Sprintf("at %s a second at the peak and %s of mean service", text.Plural(int64(math.Ceil(perSecond)), "request"), text.Milliseconds(r.Service.Mean))
	if had := r.Generator.Connections; needed < had {
		return fmt.Sprintf("%s about %s of the %s would do, but some answers took longer, up to %s: "+
			"all were busy at once while the endpoint stalled",
			said, text.Count(needed), text.Plural(had, "connection"), text.Milliseconds(r.Service.Max))
	}
	return fmt.Sprintf("%s it takes about %s, and more when the endpoint stalls", said, text.Plural(needed, "connection"))
}

// few is how many requests may be late in a run so short that one of them is
// more than what is tolerated.
const few = 2

// tooMany says whether part of all exceeds what is tolerated.
func tooMany(part, all int64) bool { return part > few && float64(part) > tolerated*float64(all) }

// ratio is part of all, 0 of nothing.
func ratio(part, all int64) float64 {
	if all == 0 {
		return 0
	}
	return float64(part) / float64(all)
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
