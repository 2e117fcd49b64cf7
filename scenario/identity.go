package scenario

import (
	"rehearse/scenario/schedule"
	"rehearse/scenario/strict"
)

import "time"

// Visits says how persons come and go. A visit holds events of one person; the
// merge that may end its anonymous part is not counted among them.
type Visits struct {
	Events    float64 // mean; 1: every event stands alone
	Anonymous float64 // share of the visits that begin anonymous; 0: only those that a merge identifies
}

// Merges are what a mix of merge events may do besides joining one anonymous id
// to one person each, and when. Chains, FanIn and Reused are shares of the merges.
type Merges struct {
	Chains float64 // the id joined to is one that an earlier merge joined: a to b, b to c
	FanIn  float64 // the person joined to is always the same
	Reused float64 // the id joined belongs to somebody else already: a shared device
	Delay  Delay
}

// Delay is how long an id stays anonymous, on the clock of the run: from when the
// first event of its visit is due until the merge is. It is log-normal through
// two percentiles. Zero: a merge ends one of the visits that go on, which leaves
// the delay to chance.
type Delay struct{ P50, P90 time.Duration }

// leastDelay is the shortest median of a delay: events a millisecond apart follow
// each other directly at any rate at which persons log in.
const leastDelay = time.Millisecond

func readVisits(v strict.Value, t *Traffic) {
	v.Object(strict.Fields{
		"events":    func(v strict.Value) { t.Visits.Events = v.Number(1, 1000) },
		"anonymous": func(v strict.Value) { t.Visits.Anonymous = v.Share() },
	})
}

func readMerges(v strict.Value) Merges {
	var m Merges
	sound := v.Object(strict.Fields{
		"chains": func(v strict.Value) { m.Chains = v.Share() },
		"fan_in": func(v strict.Value) { m.FanIn = v.Share() },
		"reused": func(v strict.Value) { m.Reused = v.Share() },
		"delay":  func(v strict.Value) { m.Delay = readDelay(v) },
	})
	if sound && m.Chains+m.FanIn+m.Reused > 1+1e-9 {
		v.Fail("the shares add up to more than 100%", "a merge does one of the three at most")
	}
	return m
}

func readDelay(v strict.Value) Delay {
	var d Delay
	sound := v.Object(strict.Fields{
		"p50": func(v strict.Value) { d.P50 = v.Duration(leastDelay, schedule.MaxStage) },
		"p90": func(v strict.Value) { d.P90 = v.Duration(leastDelay, schedule.MaxStage) },
	})
	if v.Require("p50", "p90") && sound && d.P50 > d.P90 {
		v.Fail("p50 is more than p90", "")
	}
	return d
}
