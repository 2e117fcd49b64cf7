package judge

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/scenario"
)

// evidence is what a run is judged by.
type evidence struct {
	tally      *results.Tally
	thresholds []*evaluator // that followed the run
	doubts     []string
	notes      []string                // warnings that change nothing
	leftOut    int64                   // refused requests whose details there was no room for
	endpoint   *results.EndpointCounts // what the endpoint counted; nil: it was not asked
	failures   []string                // what makes a fail of it that the run itself does not show
}

// judge fills in the thresholds, the verdict, the bottleneck and the warnings of
// r. With any doubt of the caller the run is invalid.
//
// A run is invalid whatever its thresholds say if it cannot be trusted: nothing
// was sent, the books do not balance, durations were too long to record, a doubt
// was raised, the generator was stalled or throttled, network buffers were full,
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
func judge(r *results.Result, e evidence) {
	t := e.tally
	r.Thresholds, r.Warnings, r.Verdict = []results.ThresholdRow{}, []string{}, results.Pass
	r.Generator.Bottleneck = results.NoBottleneck
	distrust := slices.Concat(e.doubts, ownFaults(r, t))
	shortfall := shortfalls(r, t)
	fewSamples, unsent := evaluateAll(r, t, e.thresholds)
	open := openToDoubt(r)
	refused, ours := nothingAccepted(t)
	shortfall = slices.Concat(shortfall, unsent, ours)
	r.Failures = slices.Concat(e.failures, refused, lostByEndpoint(e.endpoint, acceptedInAll(r)),
		failedBeside(r.Background))
	if len(r.Failures) > 0 {
		r.Verdict = results.Fail
	}
	switch {
	case len(distrust) > 0:
		r.Verdict = results.Invalid
	case r.Verdict == results.Pass && len(shortfall)+len(open) > 0:
		r.Verdict = results.Invalid
	}
	r.Warnings = slices.Concat([]string{}, distrust, open, shortfall, fewSamples,
		machineNotes(&r.Generator.Health, r.Requests.Sent), connectionNotes(r.Connections), e.notes)
	if leftOut := t.LeftOut + e.leftOut; leftOut > 0 {
		r.Warnings = append(r.Warnings, detailsLeftOut(leftOut))
	}
}

// evaluateAll fills in the thresholds and fails the run if one is not met. It returns
// warnings, and why the endpoint has no part in it where one is not met for that.
func evaluateAll(r *results.Result, t *results.Tally, demands []*evaluator) (warnings, unsent []string) {
	for _, d := range demands {
		if r.Run.Shard.Of > 1 {
			r.Thresholds = append(r.Thresholds, d.row(judgedWhenMerged))
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
			unsent = append(unsent, e.unsent)
		default:
			r.Verdict = results.Fail
		}
	}
	return warnings, unsent
}

// nothingAccepted says what everything came to that was sent, if none of it was
// accepted: that it was refused, or that it was the generator's own doing. What a
// stall may have broken does not excuse the requests that none did.
func nothingAccepted(t *results.Tally) (refused, ours []string) {
	sent := t.Sent()
	if sent.Requests == 0 || t.Fates[capture.FateAccepted].Events > 0 {
		return nil, nil
	}
	if len(causes(withoutOwnFaults(t))) == 0 {
		return nil, []string{nothingAcceptedByUs(sent.Requests)}
	}
	return []string{nothingAcceptedText(sent.Requests, causes(t))}, nil
}

// causes are what kept requests from being accepted that were sent, the most frequent
// first, but for what the generator did itself.
func causes(t *results.Tally) []results.RejectionRow {
	return slices.DeleteFunc(byRequests(rowsOf(t.Refusals)), func(row results.RejectionRow) bool {
		reason, _ := capture.ParseReason(row.Reason) // one of ours
		return row.Requests == 0 || reason.Fate() == capture.FateUnsent || reason.Side() == capture.Ours
	})
}

// byRequests are the rows, the most frequent first.
func byRequests(rows []results.RejectionRow) []results.RejectionRow {
	return slices.SortedStableFunc(slices.Values(rows), func(a, b results.RejectionRow) int {
		return cmp.Compare(b.Requests, a.Requests)
	})
}

// openToDoubt says which thresholds the generator's own faults leave open.
func openToDoubt(r *results.Result) []string {
	doubtful := slices.DeleteFunc(slices.Clone(r.Thresholds), func(row results.ThresholdRow) bool {
		return row.Doubt == ""
	})
	var open []string
	ours := slices.DeleteFunc(doubtful, func(row results.ThresholdRow) bool {
		ofTarget := strings.HasPrefix(row.Text, scenario.MetricOfTarget+"(")
		if ofTarget {
			open = append(open, unknownMetric(&row))
		}
		return ofTarget
	})
	if len(ours) > 0 {
		open = append(open, openThresholds(ours, &r.Generator.Stalls))
	}
	return open
}

// ownFaults are the reasons not to trust a number of the run.
func ownFaults(r *results.Result, t *results.Tally) (faults []string) {
	if r.Requests.Sent == 0 {
		faults = append(faults, nothingSent)
	}
	if err := r.Balance(); err != nil {
		faults = append(faults, err.Error())
	}
	if n := t.Overflow(); n > 0 {
		faults = append(faults, durationsTooLong(n))
	}
	if r.Run.Shard.Of > 1 {
		faults = append(faults, onlyAShard(r.Run.Shard))
	}
	h := &r.Generator.Health
	if machine := machineFaults(h, r.Run.Seconds, r.Requests.Sent); len(machine) > 0 {
		r.Generator.Bottleneck = results.CPUBottleneck
		if h.HeldUp > 0 {
			r.Generator.Bottleneck = stallBottleneck(h.Stalls.Cause)
		}
		faults = append(faults, machine...)
	}
	if n := t.Refusals[results.Refusal{Reason: capture.NoSocket}].Requests; tooMany(n, t.Due()) {
		r.Generator.Bottleneck = results.ConnectionBottleneck
		faults = append(faults, noSocket(h, n))
	}
	if tooMany(ownLate(t), t.Due()) {
		faults = append(faults, lateness(r, t))
	}
	return faults
}

// lateness is the fault of having been late ourselves, with what to change.
func lateness(r *results.Result, t *results.Tally) string {
	build, pace, stall := lateBuild(t), latePace(t), lateStall(t)
	h := &r.Generator.Health
	r.Generator.Bottleneck = results.PacingBottleneck
	if build >= pace {
		r.Generator.Bottleneck = results.CPUBottleneck
	}
	why := cmp.Or(slownessText(h), lateText(r.Generator.Bottleneck))
	if stall >= build+pace {
		r.Generator.Bottleneck = stallBottleneck(h.Stalls.Cause)
		why = standstill(h, why)
	}
	return fellBehind(results.Share(ownLate(t), t.Due()), why)
}

// stallBottleneck is what keeps a generator from its schedule that stood still.
func stallBottleneck(cause results.StallCause) results.Bottleneck {
	switch cause {
	case results.StallStarved, results.StallBusy, results.StallCollected:
		return results.CPUBottleneck
	}
	return results.StallBottleneck
}

// shortfalls are the ways in which less was done than planned.
func shortfalls(r *results.Result, t *results.Tally) (shortfalls []string) {
	if r.Run.Ended != results.Completed {
		shortfalls = append(shortfalls, notToItsEnd(&r.Run))
	}
	waited := t.Late[results.NoConnection].Requests
	skipped := t.Refusals[results.Refusal{Reason: capture.NoFreeConnection}].Requests
	if tooMany(waited+skipped, t.Due()) {
		shortfalls = append(shortfalls, wantOfConnections(r, results.Share(waited+skipped, t.Due())))
	}
	held := t.Refusals[results.Refusal{Reason: capture.HeldBack}].Requests
	if late := t.Late[results.Held].Requests; tooMany(late+held, t.Due()) {
		shortfalls = append(shortfalls, heldBack(late, held, t.Due()))
	}
	if unbuilt := t.Refusals[results.Refusal{Reason: capture.NotBuilt}].Requests; tooMany(unbuilt, t.Due()) {
		shortfalls = append(shortfalls, notBuilt(results.Share(unbuilt, t.Due())))
	}
	if p := &r.Planned; p.MostLeftOut > 0 && float64(p.LeftOut) > p.MostLeftOut*float64(p.Lines) {
		shortfalls = append(shortfalls, recordingLeftOut(p))
	}
	return shortfalls
}

// wantOfConnections says that a share of the requests found none free. Whether it
// takes more of them only an endpoint's service tells, and not one that was timed
// by a generator that stood still.
func wantOfConnections(r *results.Result, share float64) string {
	if r.Generator.Bottleneck != results.NoBottleneck {
		return noneFreeEither(share)
	}
	r.Generator.Bottleneck = results.ConnectionBottleneck
	// Little's law: what is in flight at the peak is the arrival rate times the time
	// in service.
	perSecond := r.Planned.PeakEvents * results.Share(r.Planned.Requests, r.Planned.Events)
	needed := max(int64(math.Ceil(perSecond*r.Service.Mean/1000*0.999)), 1) // the histogram rounds up by as much
	return noneFree(share, int64(math.Ceil(perSecond)), needed, r)
}

// ownLate counts the requests that came due and left late, or were skipped, by the
// generator's own fault.
func ownLate(t *results.Tally) int64 { return lateBuild(t) + latePace(t) + lateStall(t) }

// lateBuild counts those whose bodies were not ready.
func lateBuild(t *results.Tally) int64 {
	return t.Late[results.LateBuild].Requests + t.Refusals[results.Refusal{Reason: capture.NotBuiltInTime}].Requests
}

// latePace counts those that were ready and had a connection.
func latePace(t *results.Tally) int64 {
	return t.Late[results.LatePace].Requests + t.Refusals[results.Refusal{Reason: capture.NotSentInTime}].Requests
}

// lateStall counts those that found the generator standing still.
func lateStall(t *results.Tally) int64 {
	return t.Late[results.LateStall].Requests + t.Refusals[results.Refusal{Reason: capture.GeneratorStalled}].Requests
}

// tolerated is the share of the due requests that may leave late, or not at
// all, before the run no longer is what the scenario asked for.
const tolerated = 0.01

// few is how many requests may be late in a run so short that one of them is
// more than what is tolerated.
const few = 2

// tooMany says whether part of all exceeds what is tolerated.
func tooMany(part, all int64) bool { return part > few && float64(part) > tolerated*float64(all) }

// acceptedInAll is how many events were accepted, of the background as well.
func acceptedInAll(r *results.Result) int64 {
	if r.Background == nil {
		return r.Events.Accepted
	}
	return r.Events.Accepted + r.Background.Events.Accepted
}

// failedBeside says that the background failed.
func failedBeside(b *results.Background) []string {
	if b == nil || b.Verdict != results.Fail {
		return nil
	}
	return []string{"background: " + b.Because}
}

// lostByEndpoint says that the endpoint kept fewer events than were accepted. What it is
// known to filter was not to be kept. Events that were sent again may be kept twice,
// so that what it says it dropped counts by itself.
func lostByEndpoint(f *results.EndpointCounts, accepted int64) []string {
	if f == nil {
		return nil
	}
	missing := max(accepted-f.Kept-f.Filtered, f.Lost+f.OverQuota+f.Dropped)
	if missing <= 0 {
		return nil
	}
	return []string{keptLess(f, accepted, missing)}
}

// connectionNotes says what makes answers doubtful.
func connectionNotes(c *results.Connections) []string {
	if c == nil || c.Unsolicited == 0 {
		return nil
	}
	return []string{unsolicited(c.Unsolicited)}
}
