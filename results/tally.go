package results

import (
	"time"

	"rehearse/internal/capture"
)

// Count is a number of requests and of the events in them.
type Count struct{ Requests, Events int64 }

// Plus is the sum of two counts.
func (c Count) Plus(d Count) Count {
	return Count{c.Requests + d.Requests, c.Events + d.Events}
}

// Minus is the difference of two counts.
func (c Count) Minus(d Count) Count {
	return Count{c.Requests - d.Requests, c.Events - d.Events}
}

// fates is how many values capture.Fate has.
const fates = 4

// Refusal is a kind of answer that was not an acceptance.
type Refusal struct {
	Reason      capture.Reason
	Status      int  // 0 where there was no answer, or none that HTTP knows
	MayBeStored bool // rejected, though events of the request may be stored
}

// Tally is what a stretch of a run adds up to. Every request that was sent and
// came to an end, accepted or not, is in Latency, Service and Lag: a request
// that timed out took at least as long as the timeout, and leaving it out would
// make a failing endpoint look fast. A request that never left is in none.
type Tally struct {
	Fates    [fates]Count      // by capture.Fate
	Late     [LateCauses]Count // sent requests by Cause; OnTime are those that left in time
	Refusals map[Refusal]Count // rejected, ambiguous and unsent
	Retries  int64
	Attempts map[Refusal]Count     // refused and then sent again; Refusals has what they came to
	Said     map[EventAnswer]int64 // events by the endpoint's word, where it speaks of events
	Settled  time.Duration         // when the last accepted request was answered
	LeftOut  int64                 // rejections whose details were not kept, only counted
	Twice    int64                 // events that may be stored twice, because they were sent again

	ExpectedRefused int64 // events that were not accepted, as was expected of them

	BodyBytes, WireBytes int64 // of what was sent

	Latency, Service, Lag *Histogram
	Connect, TLS          *Histogram // nil: no connection was opened, or encrypted
	Connections           Connections
	ByReason              []*Histogram // latency by capture.Reason; nil or missing where there was none
	Partly                *Histogram   // latency of requests of which only some events were accepted; nil: none

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
		Said:     map[EventAnswer]int64{},
		Latency:  NewHistogram(),
		Service:  NewHistogram(),
		Lag:      NewHistogram(),
	}
}

// Sent counts what left.
func (t *Tally) Sent() Count {
	return t.Fates[capture.FateAccepted].Plus(t.Fates[capture.FateRejected]).Plus(t.Fates[capture.FateAmbiguous])
}

// Due counts the requests whose time came: sent, or unsent for another reason
// than that the run ended before.
func (t *Tally) Due() int64 {
	due := t.Sent().Plus(t.Fates[capture.FateUnsent]).Requests
	return due - t.Refusals[Refusal{Reason: capture.NotStarted}].Requests
}

// DueEvents counts the events of these requests.
func (t *Tally) DueEvents() int64 {
	due := t.Sent().Plus(t.Fates[capture.FateUnsent]).Events
	return due - t.Refusals[Refusal{Reason: capture.NotStarted}].Events
}

// Overflow is how many requests took longer than Longest.
func (t *Tally) Overflow() int64 {
	return t.Latency.Overflow() + t.Service.Overflow() + t.Lag.Overflow()
}

// AcceptedLatency are the latencies of requests of which something was accepted; nil if none
// was.
func (t *Tally) AcceptedLatency() *Histogram {
	var whole *Histogram
	if len(t.ByReason) > 0 {
		whole = t.ByReason[capture.Accepted]
	}
	switch {
	case t.Served() == 0:
		return nil
	case t.Partly == nil || t.Partly.Count() == 0:
		return whole
	}
	all := NewHistogram()
	all.Add(t.Partly)
	if whole != nil {
		all.Add(whole)
	}
	return all
}

// Served is how many requests were accepted, in whole or in part, of those that are
// in the histograms.
func (t *Tally) Served() (n int64) {
	if t.Partly != nil {
		n = t.Partly.Count()
	}
	if len(t.ByReason) > 0 && t.ByReason[capture.Accepted] != nil {
		n += t.ByReason[capture.Accepted].Count()
	}
	return n
}

// Add counts everything that other holds.
func (t *Tally) Add(other *Tally) {
	if t.Unstalled != nil || other.Unstalled != nil {
		t.WithUnstalled().Add(other.AtBest())
	}
	for i := range t.Fates {
		t.Fates[i] = t.Fates[i].Plus(other.Fates[i])
	}
	for i := range t.Late {
		t.Late[i] = t.Late[i].Plus(other.Late[i])
	}
	for kind, count := range other.Refusals {
		t.Refusals[kind] = t.Refusals[kind].Plus(count)
	}
	for kind, count := range other.Attempts {
		t.Attempts[kind] = t.Attempts[kind].Plus(count)
	}
	for said, events := range other.Said {
		t.Said[said] += events
	}
	t.Settled = max(t.Settled, other.Settled)
	t.Retries += other.Retries
	t.LeftOut += other.LeftOut
	t.Twice += other.Twice
	t.ExpectedRefused += other.ExpectedRefused
	t.BodyBytes += other.BodyBytes
	t.WireBytes += other.WireBytes
	t.Latency.Add(other.Latency)
	t.Service.Add(other.Service)
	t.Lag.Add(other.Lag)
	t.addOpenings(other)
	if other.Partly != nil && other.Partly.Count() > 0 {
		made(&t.Partly).Add(other.Partly)
	}
	for r, h := range other.ByReason {
		if h != nil && h.Count() > 0 {
			t.LatencyOf(capture.Reason(r)).Add(h)
		}
	}
}

// Reset empties the tally and keeps its memory.
func (t *Tally) Reset() {
	clear(t.Refusals)
	clear(t.Attempts)
	clear(t.Said)
	t.Latency.Reset()
	t.Service.Reset()
	t.Lag.Reset()
	for _, h := range append(t.ByReason[:len(t.ByReason):len(t.ByReason)], t.Connect, t.TLS, t.Partly) {
		if h != nil {
			h.Reset()
		}
	}
	if t.Unstalled != nil {
		t.Unstalled.Reset()
		t.spare = t.Unstalled
	}
	*t = Tally{
		Refusals: t.Refusals, Attempts: t.Attempts, Said: t.Said, Latency: t.Latency, Service: t.Service, Lag: t.Lag,
		Connect: t.Connect, TLS: t.TLS, ByReason: t.ByReason, Partly: t.Partly, spare: t.spare,
	}
}

// AllLate counts what was sent late, whatever the cause.
func (t *Tally) AllLate() (sum Count) {
	for _, c := range t.Late[OnTime+1:] {
		sum = sum.Plus(c)
	}
	return sum
}

// Connections counts the connections that were opened, and the attempts that
// failed. Unasked ones were closed because the endpoint sent more than an answer to
// each request: a second answer, or a body beyond its length.
type Connections struct {
	Opened      int64 `json:"opened"`
	Failed      int64 `json:"failed"`
	Unsolicited int64 `json:"unasked,omitempty"`
}

// Add counts what other does.
func (c *Connections) Add(other *Connections) {
	c.Opened += other.Opened
	c.Failed += other.Failed
	c.Unsolicited += other.Unsolicited
}

// made is a histogram that is made when first asked for.
func made(h **Histogram) *Histogram {
	if *h == nil {
		*h = NewHistogram()
	}
	return *h
}

// addOpenings counts the connections that other holds.
func (t *Tally) addOpenings(other *Tally) {
	t.Connections.Add(&other.Connections)
	if other.Connect != nil {
		made(&t.Connect).Add(other.Connect)
	}
	if other.TLS != nil {
		made(&t.TLS).Add(other.TLS)
	}
}

// WithUnstalled is the tally without stalls, which so far is no other.
func (t *Tally) WithUnstalled() *Tally {
	if t.Unstalled == nil {
		if t.Unstalled = t.spare; t.Unstalled == nil {
			t.Unstalled = NewTally()
		}
		t.spare = nil
		t.Unstalled.Add(t.sameTally())
	}
	return t.Unstalled
}

// sameTally is t without what it would be without stalls.
func (t *Tally) sameTally() *Tally {
	same := *t
	same.Unstalled, same.spare = nil, nil
	return &same
}

// AtBest is what the run would have come to at best if the generator had not stood
// still: t itself if it never did.
func (t *Tally) AtBest() *Tally {
	if t.Unstalled == nil {
		return t
	}
	return t.Unstalled
}

// Share is part of all, 0 of nothing.
func Share(part, all int64) float64 {
	if all == 0 {
		return 0
	}
	return float64(part) / float64(all)
}
