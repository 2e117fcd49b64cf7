package results

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"rehearse/capture"
)

// Count is a number of requests and of the events in them.
type Count struct{ Requests, Events int64 }

// plus is the sum of two counts.
func (c Count) plus(d Count) Count {
	return Count{c.Requests + d.Requests, c.Events + d.Events}
}

// minus is the difference of two counts.
func (c Count) minus(d Count) Count {
	return Count{c.Requests - d.Requests, c.Events - d.Events}
}

// fates is how many values capture.Fate has.
const fates = 4

// Refusal is a kind of answer that was not an acceptance.
type Refusal struct {
	Reason capture.Reason
	Status int // 0 where there was no answer, or none that HTTP knows
}

// Tally is what a stretch of a run adds up to. Every request that was sent and
// came to an end, accepted or not, is in Latency, Service and Lag: a request
// that timed out took at least as long as the timeout, and leaving it out would
// make a failing endpoint look fast. A request that never left is in none.
type Tally struct {
	Fates    [fates]Count      // by capture.Fate
	Late     [Causes]Count     // sent requests by Cause; OnTime are those that left in time
	Refusals map[Refusal]Count // rejected, ambiguous and unsent
	Retries  int64
	Attempts map[Refusal]Count // refused and then sent again; Refusals has what they came to
	Said     map[Said]int64    // events by the endpoint's word, where it speaks of events
	Settled  time.Duration     // when the last accepted request was answered
	LeftOut  int64             // rejections whose details were not kept, only counted

	BodyBytes, WireBytes int64 // of what was sent

	Latency, Service, Lag *Histogram
	Connect, TLS          *Histogram // nil: no connection was opened, or encrypted
	Connections           Connections
	ByReason              []*Histogram // latency by capture.Reason; nil or missing where there was none

	// Unstalled is what all this would have come to at best if the generator had not
	// stood still. Nil: it did not, so that it is the same.
	Unstalled *Tally
	spare     *Tally // an empty one, kept for its memory
}

// NewTally returns an empty Tally.
func NewTally() *Tally {
	return &Tally{
		Refusals: map[Refusal]Count{},
		Attempts: map[Refusal]Count{},
		Said:     map[Said]int64{},
		Latency:  NewHistogram(),
		Service:  NewHistogram(),
		Lag:      NewHistogram(),
	}
}

// Sent counts what left.
func (t *Tally) Sent() Count {
	return t.Fates[capture.FateAccepted].plus(t.Fates[capture.FateRejected]).plus(t.Fates[capture.FateAmbiguous])
}

// Due counts the requests whose time came: sent, or unsent for another reason
// than that the run ended before.
func (t *Tally) Due() int64 {
	due := t.Sent().plus(t.Fates[capture.FateUnsent]).Requests
	return due - t.Refusals[Refusal{Reason: capture.NotStarted}].Requests
}

// Overflow is how many requests took longer than Longest.
func (t *Tally) Overflow() int64 {
	return t.Latency.Overflow() + t.Service.Overflow() + t.Lag.Overflow()
}

// record counts one outcome.
func (t *Tally) record(o *Outcome) {
	t.recordUnstalled(o)
	t.recordOpening(&o.Opening)
	if o.Again {
		t.recordAttempt(o)
		return
	}
	one := Count{o.requests(), o.Events}
	if len(o.Parts) > 0 {
		one.Events = 0
		t.recordParts(o)
	}
	t.settle(o)
	fate := o.Reason.Fate()
	t.Fates[fate] = t.Fates[fate].plus(one)
	if fate != capture.FateAccepted {
		kind := Refusal{o.Reason, knownStatus(o.Status)}
		t.Refusals[kind] = t.Refusals[kind].plus(one)
	}
	if fate != capture.FateUnsent {
		t.time(o, Count{o.requests(), o.Events})
	}
}

// time counts how long a sent request took, and what it weighed.
func (t *Tally) time(o *Outcome, one Count) {
	cause := o.lateness()
	t.Late[cause] = t.Late[cause].plus(one)
	t.BodyBytes += int64(o.BodyBytes)
	t.WireBytes += int64(o.WireBytes)
	t.Latency.Record(o.Latency())
	t.Service.Record(o.Service())
	t.Lag.Record(o.Lag())
	t.reason(o.Reason).Record(o.Latency())
}

// reason is the latency histogram of a reason, made when first asked for: most
// runs meet few reasons, and each costs as much as all the rest.
func (t *Tally) reason(r capture.Reason) *Histogram {
	for int(r) >= len(t.ByReason) {
		t.ByReason = append(t.ByReason, nil)
	}
	if t.ByReason[r] == nil {
		t.ByReason[r] = NewHistogram()
	}
	return t.ByReason[r]
}

// Add counts everything that other holds.
func (t *Tally) Add(other *Tally) {
	if t.Unstalled != nil || other.Unstalled != nil {
		t.withUnstalled().Add(other.AtBest())
	}
	for i := range t.Fates {
		t.Fates[i] = t.Fates[i].plus(other.Fates[i])
	}
	for i := range t.Late {
		t.Late[i] = t.Late[i].plus(other.Late[i])
	}
	for kind, count := range other.Refusals {
		t.Refusals[kind] = t.Refusals[kind].plus(count)
	}
	for kind, count := range other.Attempts {
		t.Attempts[kind] = t.Attempts[kind].plus(count)
	}
	for said, events := range other.Said {
		t.Said[said] += events
	}
	t.Settled = max(t.Settled, other.Settled)
	t.Retries += other.Retries
	t.LeftOut += other.LeftOut
	t.BodyBytes += other.BodyBytes
	t.WireBytes += other.WireBytes
	t.Latency.Add(other.Latency)
	t.Service.Add(other.Service)
	t.Lag.Add(other.Lag)
	t.addOpenings(other)
	for r, h := range other.ByReason {
		if h != nil && h.Count() > 0 {
			t.reason(capture.Reason(r)).Add(h)
		}
	}
}

// reset empties the tally and keeps its memory.
func (t *Tally) reset() {
	clear(t.Refusals)
	clear(t.Attempts)
	clear(t.Said)
	t.Latency.Reset()
	t.Service.Reset()
	t.Lag.Reset()
	for _, h := range append(t.ByReason[:len(t.ByReason):len(t.ByReason)], t.Connect, t.TLS) {
		if h != nil {
			h.Reset()
		}
	}
	if t.Unstalled != nil {
		t.Unstalled.reset()
		t.spare = t.Unstalled
	}
	*t = Tally{
		Refusals: t.Refusals, Attempts: t.Attempts, Said: t.Said, Latency: t.Latency, Service: t.Service, Lag: t.Lag,
		Connect: t.Connect, TLS: t.TLS, ByReason: t.ByReason, spare: t.spare,
	}
}

// refusals are the kinds in Refusals in the order of reason and status.
func (t *Tally) refusals() []Refusal {
	return slices.SortedFunc(maps.Keys(t.Refusals), func(a, b Refusal) int {
		return cmp.Or(cmp.Compare(a.Reason, b.Reason), cmp.Compare(a.Status, b.Status))
	})
}

// knownStatus is the status if it has three digits. An endpoint may answer any
// number, and the kinds of refusals must stay few.
func knownStatus(status int) int {
	if status < 100 || status > 999 {
		return 0
	}
	return status
}

// ownLate counts the requests that came due and left late, or were skipped, by the
// generator's own fault.
func (t *Tally) ownLate() int64 { return t.lateBuild() + t.latePace() + t.lateStall() }

// lateBuild counts those whose bodies were not ready.
func (t *Tally) lateBuild() int64 {
	return t.Late[LateBuild].Requests + t.Refusals[Refusal{Reason: capture.NotBuiltInTime}].Requests
}

// latePace counts those that were ready and had a connection.
func (t *Tally) latePace() int64 {
	return t.Late[LatePace].Requests + t.Refusals[Refusal{Reason: capture.NotSentInTime}].Requests
}

// lateStall counts those that found the generator standing still.
func (t *Tally) lateStall() int64 {
	return t.Late[LateStall].Requests + t.Refusals[Refusal{Reason: capture.GeneratorStalled}].Requests
}

// AllLate counts what was sent late, whatever the cause.
func (t *Tally) AllLate() (sum Count) {
	for _, c := range t.Late[OnTime+1:] {
		sum = sum.plus(c)
	}
	return sum
}
