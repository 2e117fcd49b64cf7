package staging

import (
	"errors"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"rehearse/internal/rng"
)

// Phase is how the endpoint behaves for a while of its script. Outside of all
// phases it behaves as the Config says besides.
type Phase struct {
	From, To time.Duration // counted from the first request to an event route

	Stall bool  // what arrives or is in progress waits until To
	Delay Delay // how long the service takes, besides the work itself
	Read  int   // how fast bodies are read, in bytes a second; 0: at once

	Reject     []Rejection
	RetryAfter time.Duration // said with an injected 429 or 503, in whole seconds

	ResetBefore float64 // share of requests whose connection is closed before their body is read
	Reset       float64 // … after it was read, instead of an answer
	Truncate    float64 // … in the middle of the answer, which was yes
	Drop        float64 // share of requests that are answered yes, and dropped

	// Stored is the share of the events of a request that an injected 503 leaves
	// behind, from the first on: the service sends them in order, and fails the
	// request for the first that is not acknowledged.
	Stored float64

	// NotPersisted is the share of the events of v1 that are to be sent again.
	NotPersisted float64
}

// Delay is a distribution of times: even between Min and Max, and on top of that
// exponential with a mean. The zero value is no delay.
type Delay struct{ Min, Max, Mean time.Duration }

// draw returns the delay of a request by its number, the same in every run.
func (d Delay) draw(n uint64) time.Duration {
	delay := d.Min
	if d.Max > d.Min {
		delay += time.Duration(fraction(n, 1) * float64(d.Max-d.Min))
	}
	if d.Mean > 0 {
		delay += time.Duration(-math.Log(1-fraction(n, 2)) * float64(d.Mean))
	}
	return delay
}

// fraction is a number from 0 to 1 that follows from n and a salt.
func fraction(n, salt uint64) float64 { return rng.Unit(rng.Mix((n*2 + salt) * rng.Gamma)) }

// validate returns what is wrong with p, all of it.
func (p *Phase) validate() error {
	var wrong []error
	total := 0.0
	for _, r := range p.Reject {
		total += r.Share
		wrong = append(wrong, r.validate())
	}
	for _, s := range []struct {
		name  string
		share float64
	}{{"reset", p.Reset}, {"reset before reading", p.ResetBefore}, {"truncate", p.Truncate}, {"drop", p.Drop}} {
		total += s.share
		if !isShare(s.share) {
			wrong = append(wrong, fmt.Errorf("cannot %s a share of %v: want a multiple of 0.1%% from 0%% to 100%%", s.name, s.share))
		}
	}
	if total > 1+1e-9 {
		wrong = append(wrong, fmt.Errorf("cannot reject and reset %v%% of the requests: the shares add up to more than 100%%", total*100))
	}
	if p.Stored < 0 || p.Stored > 1 {
		wrong = append(wrong, fmt.Errorf("cannot store a share of %v of a rejected request: want 0%% to 100%%", p.Stored))
	}
	if !isShare(p.NotPersisted) {
		wrong = append(wrong, fmt.Errorf("cannot return a share of %v of the events: want a multiple of 0.1%% from 0%% to 100%%", p.NotPersisted))
	}
	if p.RetryAfter < 0 || p.Read < 0 || p.Delay.Min < 0 || p.Delay.Mean < 0 || p.Delay.Max != 0 && p.Delay.Max < p.Delay.Min {
		wrong = append(wrong, errors.New("cannot use a negative delay, retry-after or rate, or a delay whose max is below its min"))
	}
	return errors.Join(wrong...)
}

// phase is a Phase at work.
type phase struct {
	Phase
	answers [cycle]uint16
	count   atomic.Uint64 // requests that have asked for their answer

	losses [cycle]uint16
	events atomic.Uint64 // events that have asked to be persisted
}

func newPhase(p Phase) *phase {
	f := &phase{Phase: p}
	rest := fill(f.answers[:], reset, p.Reset)
	rest = fill(rest, resetBefore, p.ResetBefore)
	rest = fill(rest, truncate, p.Truncate)
	rest = fill(rest, drop, p.Drop)
	for _, r := range p.Reject {
		rest = fill(rest, uint16(r.Status), r.Share)
	}
	fill(f.losses[:], lost, p.NotPersisted)
	return f
}

// fill gives answer its share of the cycle and returns what is left of it.
func fill(slots []uint16, answer uint16, share float64) []uint16 {
	n := min(max(int(math.Round(share*cycle)), 0), len(slots))
	for i := range slots[:n] {
		slots[i] = answer
	}
	return slots[n:]
}

// next returns the number of the next request, and what to answer it with.
func (p *phase) next() (n uint64, answer uint16) {
	n = p.count.Add(1) - 1
	return n, p.answers[n%cycle*stride%cycle]
}
