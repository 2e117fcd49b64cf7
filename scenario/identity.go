package scenario

import "rehearse/scenario/schedule"

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

func readVisits(v value, t *Traffic) {
	v.object(fields{
		"events":    func(v value) { t.Visits.Events = v.number(1, 1000) },
		"anonymous": func(v value) { t.Visits.Anonymous = v.share() },
	})
}

func readMerges(v value) Merges {
	var m Merges
	sound := v.object(fields{
		"chains": func(v value) { m.Chains = v.share() },
		"fan_in": func(v value) { m.FanIn = v.share() },
		"reused": func(v value) { m.Reused = v.share() },
		"delay":  func(v value) { m.Delay = readDelay(v) },
	})
	if sound && m.Chains+m.FanIn+m.Reused > 1+1e-9 {
		v.fail("the shares add up to more than 100%", "a merge does one of the three at most")
	}
	return m
}

func readDelay(v value) Delay {
	var d Delay
	sound := v.object(fields{
		"p50": func(v value) { d.P50 = v.duration(leastDelay, schedule.MaxStage) },
		"p90": func(v value) { d.P90 = v.duration(leastDelay, schedule.MaxStage) },
	})
	if v.require("p50", "p90") && sound && d.P50 > d.P90 {
		v.fail("p50 is more than p90", "")
	}
	return d
}
