package scenario

import (
	"fmt"
	"strconv"

	"rehearse/internal/units"
	"rehearse/scenario/schedule"
	"rehearse/scenario/strict"
)

// Traffic describes synthesized events.
type Traffic struct {
	Seed        uint64
	Tokens      []TokenShare // empty: the target's token
	DistinctIDs Population
	Visits      Visits
	Merges      Merges
	Events      []EventShare // in file order; weights need not add up to anything
	Groups      []Group
	Personless  float64 // share of the ordinary events that ask for no person profile
	Sizes       Sizes
	Timestamps  Timestamps
	Faults      Faults
	Client      Client // whose events they are: that of the target
}

// Group is a kind of group that persons belong to, such as company.
type Group struct {
	Type  string
	Count int64 // how many groups there are
}

// Sizes bends the encoded size of an event: log-normal through two percentiles,
// in bytes. Zero: as the built-in shapes come.
type Sizes struct{ P50, P99 int }

// The bounds of one event.
const (
	maxEventBytes = 1_000_000
	maxEventName  = 200
	maxDistinctID = 200
	maxGroups     = 5 // group types a project may have
)

func readTraffic(v strict.Value) *Traffic {
	t := &Traffic{
		Seed:        1,
		DistinctIDs: Population{Count: 1_000_000, Skew: 1, Style: StyleOpaque},
		Visits:      Visits{Events: 1},
		Events:      []EventShare{{Name: "$pageview", Weight: 1, From: FromBrowser}},
		Timestamps:  Timestamps{Now: true},
	}
	v.Object(strict.Fields{
		"seed":         func(v strict.Value) { t.Seed, _ = strict.Measured(v, parseSeed, "a seed", "a whole number below 2^64") },
		"tokens":       func(v strict.Value) { t.Tokens = readTokens(v) },
		"distinct_ids": func(v strict.Value) { readPopulation(v, &t.DistinctIDs) },
		"visits":       func(v strict.Value) { readVisits(v, t) },
		"merges":       func(v strict.Value) { t.Merges = readMerges(v) },
		"events":       func(v strict.Value) { t.Events = readEvents(v) },
		"groups":       func(v strict.Value) { t.Groups = readGroups(v) },
		"personless":   func(v strict.Value) { t.Personless = v.Share() },
		"properties":   func(v strict.Value) { t.Sizes = readProperties(v) },
		"timestamps":   func(v strict.Value) { t.Timestamps = readTimestamps(v) },
		"faults":       func(v strict.Value) { t.Faults = readFaults(v) },
	})
	return t
}

func parseSeed(text string) (uint64, error) {
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("cannot read %q as a seed", units.Clip(text))
	}
	return seed, nil
}

func readGroups(v strict.Value) []Group {
	var groups []Group
	v.Entries(func(key strict.Value, name string, count strict.Value) {
		if !plainName(name, maxEventName) {
			key.Fail(fmt.Sprintf("the type of a group must have 1 to %d characters", maxEventName), "")
		}
		groups = append(groups, Group{name, count.Count(1, schedule.MaxEvents)})
	})
	if len(groups) > maxGroups {
		v.Fail(fmt.Sprintf("more than %d types of groups", maxGroups), "the pipeline knows no more")
	}
	return groups
}

func readProperties(v strict.Value) Sizes {
	var s Sizes
	v.Object(strict.Fields{
		"bytes": func(v strict.Value) { s = readSizes(v) },
	})
	v.Require("bytes")
	return s
}

func readSizes(v strict.Value) Sizes {
	var s Sizes
	sound := v.Object(strict.Fields{
		"p50": func(v strict.Value) { s.P50 = int(v.Bytes(1, maxEventBytes)) },
		"p99": func(v strict.Value) { s.P99 = int(v.Bytes(1, maxEventBytes)) },
	})
	if v.Require("p50", "p99") && sound && s.P50 > s.P99 {
		v.Fail("p50 is more than p99", "")
	}
	return s
}
