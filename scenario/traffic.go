package scenario

import (
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// Traffic describes synthesized events.
type Traffic struct {
	Seed        uint64
	DistinctIDs Population
	Events      []EventShare // in file order; weights need not add up to anything
	Sizes       Sizes
	Timestamps  Timestamps
}

// Population is who sends the events: Count distinct_ids whose shares fall with
// their rank as rank^-Skew, and Hot ids on top of them.
type Population struct {
	Count int64
	Skew  float64
	Hot   []HotID
}

// HotID is a distinct_id with a stated share of all events.
type HotID struct {
	ID    string // empty: a generated one
	Share float64
}

// EventShare is one entry of the event mix.
type EventShare struct {
	Name   string
	Weight float64
}

// Sizes bends the encoded size of an event: log-normal through two percentiles,
// in bytes. Zero: as the built-in shapes come.
type Sizes struct{ P50, P99 int }

// Timestamps says what time the events bear: that of sending, or a historical
// range walked in order.
type Timestamps struct {
	Now      bool
	From, To time.Time
}

// The bounds of one event.
const (
	maxEventBytes = 1_000_000
	maxEventName  = 200
	maxDistinctID = 200
)

func readTraffic(v value) *Traffic {
	t := &Traffic{
		Seed:        1,
		DistinctIDs: Population{Count: 1_000_000, Skew: 1},
		Events:      []EventShare{{"$pageview", 1}},
		Timestamps:  Timestamps{Now: true},
	}
	v.object(fields{
		"seed":         func(v value) { t.Seed, _ = measured(v, parseSeed, "a seed", "a whole number below 2^64") },
		"distinct_ids": func(v value) { readPopulation(v, &t.DistinctIDs) },
		"events":       func(v value) { t.Events = readEvents(v) },
		"properties":   func(v value) { t.Sizes = readProperties(v) },
		"timestamps":   func(v value) { t.Timestamps = readTimestamps(v) },
	}, "faults")
	return t
}

func parseSeed(text string) (uint64, error) {
	seed, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("cannot read %q as a seed", clip(text))
	}
	return seed, nil
}

func readPopulation(v value, p *Population) {
	v.object(fields{
		"count": func(v value) { p.Count = v.count(1, MaxEvents) },
		"skew":  func(v value) { p.Skew = v.number(0, 10) },
		"hot":   func(v value) { p.Hot = readHot(v) },
	})
}

func readHot(v value) []HotID {
	var hot []HotID
	var sum float64
	known := make(map[string]bool)
	for _, item := range v.list() {
		var h HotID
		item.object(fields{
			"id":    func(v value) { h.ID = v.line(1, maxDistinctID) },
			"share": func(v value) { h.Share = v.share() },
		})
		item.require("share")
		if h.ID != "" && known[h.ID] {
			item.fail("this id is listed before", "")
		}
		known[h.ID] = true
		sum += h.Share
		hot = append(hot, h)
	}
	// The shares were read from decimals: their sum may miss 1 by a few roundings.
	if sum > 1+1e-9 {
		v.fail("the shares add up to more than 100%", "")
	}
	return hot
}

// readEvents reads the mix of events, in the order of the file.
func readEvents(v value) []EventShare {
	before := len(v.d.errors)
	var mix []EventShare
	var sum float64
	v.entries(func(key value, name string, weight value) {
		if name == "" || utf8.RuneCountInString(name) > maxEventName {
			key.fail(fmt.Sprintf("the name of an event must have 1 to %d characters", maxEventName), "")
		}
		e := EventShare{name, weight.number(0, 1e9)}
		sum += e.Weight
		mix = append(mix, e)
	})
	if sum == 0 && len(v.d.errors) == before {
		v.fail("no event has a weight above 0", "as in {$pageview: 70, purchase: 10}")
	}
	return mix
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

// readTimestamps reads the word now, or a range.
func readTimestamps(v value) Timestamps {
	if v.node.Kind == yaml.ScalarNode {
		oneOf(v, []string{"now"})
		return Timestamps{Now: true}
	}
	var t Timestamps
	sound := v.object(fields{
		"from": func(v value) { t.From = v.time() },
		"to":   func(v value) { t.To = v.time() },
	})
	if v.require("from", "to") && sound && !t.From.Before(t.To) {
		v.fail("from is not before to", "")
	}
	return t
}
