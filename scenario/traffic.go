package scenario

import (
	"fmt"
	"strconv"

	"rehearse/internal/units"
	"rehearse/scenario/schedule"
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

func readTraffic(v value) *Traffic {
	t := &Traffic{
		Seed:        1,
		DistinctIDs: Population{Count: 1_000_000, Skew: 1, Style: StyleOpaque},
		Visits:      Visits{Events: 1},
		Events:      []EventShare{{Name: "$pageview", Weight: 1, From: FromBrowser}},
		Timestamps:  Timestamps{Now: true},
	}
	v.object(fields{
		"seed":         func(v value) { t.Seed, _ = measured(v, parseSeed, "a seed", "a whole number below 2^64") },
		"tokens":       func(v value) { t.Tokens = readTokens(v) },
		"distinct_ids": func(v value) { readPopulation(v, &t.DistinctIDs) },
		"visits":       func(v value) { readVisits(v, t) },
		"merges":       func(v value) { t.Merges = readMerges(v) },
		"events":       func(v value) { t.Events = readEvents(v) },
		"groups":       func(v value) { t.Groups = readGroups(v) },
		"personless":   func(v value) { t.Personless = v.share() },
		"properties":   func(v value) { t.Sizes = readProperties(v) },
		"timestamps":   func(v value) { t.Timestamps = readTimestamps(v) },
		"faults":       func(v value) { t.Faults = readFaults(v) },
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

func readGroups(v value) []Group {
	var groups []Group
	v.entries(func(key value, name string, count value) {
		if !plainName(name, maxEventName) {
			key.fail(fmt.Sprintf("the type of a group must have 1 to %d characters", maxEventName), "")
		}
		groups = append(groups, Group{name, count.count(1, schedule.MaxEvents)})
	})
	if len(groups) > maxGroups {
		v.fail(fmt.Sprintf("more than %d types of groups", maxGroups), "the pipeline knows no more")
	}
	return groups
}

func readProperties(v value) Sizes {
	var s Sizes
	v.object(fields{
		"bytes": func(v value) { s = readSizes(v) },
	})
	v.require("bytes")
	return s
}

func readSizes(v value) Sizes {
	var s Sizes
	sound := v.object(fields{
		"p50": func(v value) { s.P50 = int(v.bytes(1, maxEventBytes)) },
		"p99": func(v value) { s.P99 = int(v.bytes(1, maxEventBytes)) },
	})
	if v.require("p50", "p99") && sound && s.P50 > s.P99 {
		v.fail("p50 is more than p99", "")
	}
	return s
}
