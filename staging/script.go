package staging

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
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
			wrong = append(wrong, fmt.Errorf("cannot %s a share of %v: want a multiple of 0.1%% from 0%% to 100%%",
				s.name, s.share))
		}
	}
	if total > 1+1e-9 {
		wrong = append(wrong, fmt.Errorf("cannot reject and reset %v%% of the requests: the shares add up to "+
			"more than 100%%", total*100))
	}
	if p.Stored < 0 || p.Stored > 1 {
		wrong = append(wrong, fmt.Errorf("cannot store a share of %v of a rejected request: want 0%% to 100%%",
			p.Stored))
	}
	if !isShare(p.NotPersisted) {
		wrong = append(wrong, fmt.Errorf("cannot return a share of %v of the events: want a multiple of 0.1%% from "+
			"0%% to 100%%", p.NotPersisted))
	}
	if p.RetryAfter < 0 || p.Read < 0 || p.Delay.Min < 0 || p.Delay.Mean < 0 || p.Delay.Max != 0 &&
		p.Delay.Max < p.Delay.Min {
		wrong = append(wrong, errors.New("cannot use a negative delay, retry-after or rate, or a delay whose max is "+
			"below its min"))
	}
	return errors.Join(wrong...)
}

// Rejection makes the endpoint answer a share of the requests with a status,
// whatever they carry.
type Rejection struct {
	Status int
	Share  float64 // 0.01 is 1 %; a multiple of 0.001
}

// ParseRejection reads "429:1%": one request in a hundred is answered 429.
func ParseRejection(text string) (Rejection, error) {
	status, share, found := strings.Cut(text, ":")
	percent, isPercent := strings.CutSuffix(share, "%")
	if !found || !isPercent {
		return Rejection{}, fmt.Errorf("cannot parse rejection %q: want a form like 429:1%%", text)
	}
	number, err := strconv.Atoi(status)
	if err != nil {
		return Rejection{}, fmt.Errorf("cannot parse rejection %q: %w", text, err)
	}
	value, err := strconv.ParseFloat(percent, 64)
	if err != nil {
		return Rejection{}, fmt.Errorf("cannot parse rejection %q: %w", text, err)
	}
	r := Rejection{Status: number, Share: value / 100}
	return r, r.validate()
}

// String returns the form that ParseRejection reads.
func (r Rejection) String() string {
	return fmt.Sprintf("%d:%v%%", r.Status, math.Round(r.Share*cycle)/10)
}

func (r Rejection) validate() error {
	if r.Status < 300 || r.Status > 599 {
		return fmt.Errorf("cannot reject with status %d: want one from 300 to 599", r.Status)
	}
	if !isShare(r.Share) {
		return fmt.Errorf("cannot reject a share of %v%%: want a multiple of 0.1%% from 0%% to 100%%", r.Share*100)
	}
	return nil
}

// isShare reports whether a cycle of requests can hold share exactly.
func isShare(share float64) bool {
	slots := share * cycle
	return slots >= 0 && slots <= cycle && math.Abs(slots-math.Round(slots)) < 1e-6
}
