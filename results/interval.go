package results

import (
	"math"
	"slices"
	"time"

	"rehearse/internal/capture"
	"rehearse/internal/text"
)

// Interval is what came to an end between two ticks. The Recorder owns it and
// everything in it until the next Tick; whoever wants to keep a part copies it.
type Interval struct {
	Tally
	From, To time.Duration // offsets from the start of the run
	Target   float64       // events per second asked for; the caller of Tick sets it
	InFlight Count         // sent and unanswered at the tick

	// Stalls are those that ended in the interval, and Sockets what the connections of
	// the run had counted by its end. The caller of Tick sets both.
	Stalls  []Stall
	Sockets Sockets

	Unanswered time.Duration // how long nothing has been answered, though something was sent; to the tick

	Rejected []Rejection // in no particular order
	Ledger   []Range     // what became of which events, sorted and joined

	Total *Tally // everything up to and with this interval

	answers int // bytes of answers in Rejected
}

// answered is how many requests had an answer in it, whatever that said.
func (iv *Interval) answered() (n int64) {
	n = iv.Fates[capture.FateAccepted].Requests
	for kind, count := range iv.Refusals {
		if kind.Reason.Side() == capture.Server {
			n += count.Requests
		}
	}
	for kind, count := range iv.Attempts {
		if kind.Reason.Side() == capture.Server {
			n += count.Requests
		}
	}
	return n
}

// stalled is how long the generator stood still in it.
func (iv *Interval) stalled() (sum time.Duration) {
	for i := range iv.Stalls {
		sum += iv.Stalls[i].Lost()
	}
	return sum
}

// NewInterval returns an empty Interval.
func NewInterval() *Interval { return &Interval{Tally: *NewTally()} }

// reset empties the interval and keeps its memory.
func (iv *Interval) reset() {
	iv.Tally.Reset()
	clear(iv.Rejected) // the answers
	*iv = Interval{Tally: iv.Tally, Rejected: iv.Rejected[:0], Ledger: iv.Ledger[:0], Stalls: iv.Stalls[:0]}
}

// record counts one outcome.
func (iv *Interval) Record(o *Outcome) {
	iv.Tally.Record(o)
	fate := o.Reason.Fate()
	switch {
	case o.WillRetry:
	case len(o.Parts) > 0:
		iv.noteParts(o)
	default:
		iv.note(Range{First: o.First, Count: o.Events, Fate: fateOf(o.Reason, o.MayBeStored)})
	}
	if fate == capture.FateRejected || fate == capture.FateAmbiguous {
		iv.reject(o)
	}
}

// note writes into the ledger, unless nobody knows which events these are. Neighbours
// that come one after the other are joined at once, which is all it takes with one
// connection; the others are when some have gathered, so that a ledger takes memory for
// what it says and not for how many requests it says it of.
func (iv *Interval) note(r Range) {
	if r.Count <= 0 || r.First < 0 {
		return
	}
	if n := len(iv.Ledger); n > 0 && iv.Ledger[n-1].joins(r) {
		iv.Ledger[n-1].Count += r.Count
		return
	}
	if n := len(iv.Ledger); n >= leastJoined && n == cap(iv.Ledger) {
		if iv.joinLedger(); len(iv.Ledger) > n/2 {
			iv.Ledger = slices.Grow(iv.Ledger, n)
		}
	}
	iv.Ledger = append(iv.Ledger, r)
}

// leastJoined is how many ranges gather before they are joined. Senders hand on
// shardSize outcomes each: those of 64 connections lie among as many times that.
const leastJoined = 64 * shardSize

// joinLedger sorts the ledger and joins neighbours.
func (iv *Interval) joinLedger() {
	slices.SortFunc(iv.Ledger, byFirst)
	iv.Ledger = join(iv.Ledger)
}

// reject keeps the details of a refused request while there is room.
func (iv *Interval) reject(o *Outcome) {
	if len(iv.Rejected) == MaxRejections {
		iv.LeftOut++
		return
	}
	r := rejection(o, maxAnswers-iv.answers)
	iv.answers += len(r.Answer)
	iv.Rejected = append(iv.Rejected, r)
}

// seal ends the interval.
func (iv *Interval) seal(to time.Duration, inFlight Count, total *Tally) {
	iv.To, iv.InFlight, iv.Total = to, inFlight, total
	iv.joinLedger()
	total.Add(&iv.Tally)
}

// noteParts writes what became of an outcome's events into the ledger.
func (iv *Interval) noteParts(o *Outcome) {
	for _, p := range o.Parts {
		iv.note(Range{First: p.First, Count: p.Events, Fate: fateOf(p.Reason, p.MayBeStored)})
	}
}

// The limits on what is kept of refused requests, so that an endpoint that
// refuses everything costs no more memory than one that takes everything. What
// exceeds them is counted, and a warning in the result says how much it was.
const (
	MaxAnswer        = 256      // bytes of one answer
	MaxRejections    = 10_000   // details an interval
	MaxRejectedBytes = 64 << 20 // of rejected.jsonl.gz, all its segments together
	maxAnswers       = 1 << 20  // bytes of answers an interval
)

// Rejection is what is written down about one rejected or ambiguous request.
// Times are offsets from the start of the run.
type Rejection struct {
	First, Events   int64 // the request's events are First to First+Events-1
	Due, Sent, Done time.Duration
	Status          int
	Reason          capture.Reason
	WillRetry       bool   // it was sent again after this
	MayBeStored     bool   // some of its events may be stored
	Answer          string // the beginning of the answer, safe to print
}

// rejection copies what is kept of a refused request. The answer may use at
// most room bytes.
func rejection(o *Outcome, room int) Rejection {
	return Rejection{
		First: o.First, Events: o.Events,
		Due: o.Due, Sent: o.Sent, Done: o.Done,
		Status: o.Status, Reason: o.Reason, WillRetry: o.WillRetry, MayBeStored: o.MayBeStored,
		Answer: text.Printable(o.Answer, min(MaxAnswer, room)),
	}
}

// Row is one line of timeline.csv: one interval. Times of the run are in
// seconds, durations in milliseconds, as in the file. A quantile of nothing is
// NaN, and an empty cell of the file.
type Row struct {
	From, To float64
	Target   float64 // events per second asked for
	InFlight Count   // at the end of the interval

	Accepted, Rejected, Ambiguous, Unsent Count
	LateBuild, LatePace, NoConnection     int64 // requests
	Held                                  int64 // requests that left late for the permit's sake

	BodyBytes, WireBytes int64

	LatencyP50, LatencyP99, LatencyMax float64
	LatencyP90                         float64
	ServiceP50, ServiceP99             float64
	LagP99, LagMax                     float64

	Overflow int64 // durations too long for a histogram
	LeftOut  int64 // rejections without details
	Retried  int64 // requests that were refused and are sent again

	LateStall       int64   // requests that left late because the generator stood still
	Stalled         float64 // how long it stood still, in stalls that ended in the interval
	ExpectedRefused int64   // events that were not accepted, as was expected of them
}

// RowOf is the line of an interval.
func RowOf(iv *Interval) Row {
	return Row{
		From: iv.From.Seconds(), To: iv.To.Seconds(),
		Target: iv.Target, InFlight: iv.InFlight,
		Accepted:  iv.Fates[capture.FateAccepted],
		Rejected:  iv.Fates[capture.FateRejected],
		Ambiguous: iv.Fates[capture.FateAmbiguous],
		Unsent:    iv.Fates[capture.FateUnsent],
		LateBuild: iv.Late[LateBuild].Requests, LatePace: iv.Late[LatePace].Requests,
		NoConnection: iv.Late[NoConnection].Requests, Held: iv.Late[Held].Requests,
		BodyBytes: iv.BodyBytes, WireBytes: iv.WireBytes,
		LatencyP50: quantile(iv.Latency, 0.5),
		LatencyP90: quantile(iv.Latency, 0.9),
		LatencyP99: quantile(iv.Latency, 0.99),
		LatencyMax: quantile(iv.Latency, 1),
		ServiceP50: quantile(iv.Service, 0.5),
		ServiceP99: quantile(iv.Service, 0.99),
		LagP99:     quantile(iv.Lag, 0.99),
		LagMax:     quantile(iv.Lag, 1),
		Overflow:   iv.Overflow(), LeftOut: iv.LeftOut, Retried: iv.Retries,
		LateStall:       iv.Late[LateStall].Requests,
		Stalled:         ToMilliseconds(iv.stalled()),
		ExpectedRefused: iv.ExpectedRefused,
	}
}

// quantile is a quantile in milliseconds, NaN of nothing.
func quantile(h *Histogram, q float64) float64 {
	if h.Count() == 0 {
		return math.NaN()
	}
	return ToMilliseconds(h.Quantile(q))
}
