package preflight

import (
	"fmt"
	"math"
	"time"

	"rehearse/internal/text"
	"rehearse/scenario"
)

// Order is how many events come behind a younger one of their distinct_id because
// requests travel over several connections, and one overtakes another.
//
// What is assumed was measured, of a capture service of June 2024 and its Kafka beside
// the generator on two cores: 121 of 110,000 events in quickstart, 478 of 120,000 in
// historical-import, 156 of 50,000 in merge-storm, 124 of 60,000 in hot-id. One request
// in 250 that is slower by five times what a request takes gives those to a factor of
// 2.3; endpoints differ from each other as much.
type Order struct {
	Behind   int64   `json:"behind"`     // events, if so many requests are slow
	Low      int64   `json:"behind_low"` // between which they lie with whatever endpoint, …
	High     int64   `json:"behind_high"`
	AtMost   int64   `json:"at_most"`    // if any request may be so slow
	InFlight float64 `json:"in_flight"`  // requests at the peak, that may overtake each other
	Slow     float64 `json:"slow_share"` // of the requests, as assumed
	SlowS    float64 `json:"slow_s"`     // how much longer they take
}

// What is assumed of requests.
const (
	slowShare   = 1.0 / 250
	slowService = 5   // times what a request takes
	orderFactor = 3.0 // by which the number may be off either way
)

// slowness is how much longer a slow request takes.
func slowness(f *Facts) time.Duration { return slowService * f.Service }

// inOrder tells whether no request can overtake another of the same id.
func inOrder(s *scenario.Scenario) bool {
	return s.Target.Connections == 1 || s.Replay != nil && s.Replay.Order == scenario.OrderPerID
}

// orderIs notes the order, followed being how many of some events have another of their
// id in a batch that leaves while a slow request is on its way.
func (l *look) orderIs(followed, of int64) {
	p, slow := &l.report.Plan, slowness(l.facts)
	o := Order{InFlight: min(p.PeakRequests*l.facts.Service.Seconds(), float64(l.s.Target.Connections)), Slow: slowShare, SlowS: slow.Seconds()}
	if !inOrder(l.s) {
		most := float64(followed) / float64(max(of, 1)) * l.taken * float64(l.load.Events)
		if c := l.census; c != nil && !c.Whole {
			// What follows the last events of a block was not looked at.
			block := float64(c.Events) / float64(c.Blocks) / max(p.MeanEvents, 1e-9)
			most = min(most/(1-min(slow.Seconds()/block, 1)/2), float64(l.load.Events))
		}
		o.AtMost = int64(math.Round(most))
		o.Behind = int64(math.Round(most * slowShare))
		o.Low = int64(most * slowShare / orderFactor)
		o.High = int64(math.Ceil(most * slowShare * orderFactor))
	}
	l.report.Order = o
}

// orderText sets the order in one line.
func (r *Report) orderText() string {
	o := &r.Order
	if o.AtMost == 0 {
		return "kept: no request overtakes another with an event of the same distinct_id"
	}
	return fmt.Sprintf("%s events (%s to %s) arrive behind a younger one of their distinct_id",
		text.Count(o.Behind), text.Count(o.Low), text.Count(o.High))
}
