package scenario

import (
	"rehearse/scenario/schedule"
	"rehearse/scenario/strict"
)

// Learned is what the recording was like that a scenario was learned from: shares of
// events, and of windows of the clock. A check says how far the scenario is from it.
type Learned struct {
	Events      int64
	DistinctIDs int64
	Top         [3]float64 // shares of the busiest 1, 10 and 100 distinct_ids
	Once        float64    // share of the distinct_ids with one event
	Peak        int64      // events in the fullest second
	Empty       float64    // share of the seconds without an event
	CV          [3]float64 // of the events in 1, 60 and 300 seconds: deviation over mean; 0: not known
}

func readLearned(v strict.Value) *Learned {
	var l Learned
	share := func(to *float64) func(strict.Value) { return func(v strict.Value) { *to = v.Share() } }
	number := func(to *float64) func(strict.Value) { return func(v strict.Value) { *to = v.Number(0, 1e9) } }
	v.Object(strict.Fields{
		"events":       func(v strict.Value) { l.Events = v.Count(1, schedule.MaxEvents) },
		"distinct_ids": func(v strict.Value) { l.DistinctIDs = v.Count(1, schedule.MaxEvents) },
		"top_1":        share(&l.Top[0]),
		"top_10":       share(&l.Top[1]),
		"top_100":      share(&l.Top[2]),
		"ids_once":     share(&l.Once),
		"peak":         func(v strict.Value) { l.Peak = v.Count(0, schedule.MaxEvents) },
		"empty":        share(&l.Empty),
		"cv_1s":        number(&l.CV[0]),
		"cv_60s":       number(&l.CV[1]),
		"cv_300s":      number(&l.CV[2]),
	})
	v.Require("events", "distinct_ids", "top_1", "top_10", "top_100", "ids_once")
	return &l
}
