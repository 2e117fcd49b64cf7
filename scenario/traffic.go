package scenario

import (
	"fmt"
	"strconv"
	"time"

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

// maxGroups is how many types of groups a project may have.
const maxGroups = 5

// defaultTraffic is that of a scenario which says nothing about it.
func defaultTraffic() *Traffic {
	return &Traffic{
		Seed:        1,
		DistinctIDs: Population{Count: 1_000_000, Skew: 1, Style: StyleOpaque},
		Visits:      Visits{Events: 1},
		Events:      []EventShare{{Name: "$pageview", Weight: 1, From: FromBrowser}},
		Timestamps:  Timestamps{Now: true},
	}
}

func readTraffic(v strict.Value) *Traffic {
	t := defaultTraffic()
	v.Object(strict.Fields{
		"seed": func(v strict.Value) {
			t.Seed,
				_ = strict.Measured(v, parseSeed, "a seed", "a whole number below 2^64")
		},
		"tokens":       func(v strict.Value) { t.Tokens = readTokens(v) },
		"distinct_ids": func(v strict.Value) { readPopulation(v, &t.DistinctIDs) },
		"visits":       func(v strict.Value) { t.Visits = readVisits(v) },
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

// TokenShare is one of several projects that the events go to. All events of a
// batch go to one.
type TokenShare struct {
	Token  strict.Secret
	Weight float64
}

// maxTokens is how many projects a scenario may send to.
const maxTokens = 1000

// readTokens reads the tokens that batches are sent with instead of the target's.
func readTokens(v strict.Value) []TokenShare {
	items := v.List()
	if len(items) > maxTokens {
		v.Fail(fmt.Sprintf("more than %d tokens", maxTokens), "")
		return nil
	}
	var all []TokenShare
	var sum float64
	before := v.Document().Mistakes()
	for _, item := range items {
		t := TokenShare{Weight: 1}
		item.Object(strict.Fields{
			"token":  func(v strict.Value) { t.Token = readListedToken(v) },
			"weight": func(v strict.Value) { t.Weight = v.Number(0, 1e9) },
		})
		item.Require("token")
		sum += t.Weight
		all = append(all, t)
	}
	if sum == 0 && v.Document().Mistakes() == before {
		v.Fail("no token has a weight above 0", "")
	}
	return all
}

// readListedToken reads a token and makes sure that it is struck out of copies of
// the file.
func readListedToken(v strict.Value) strict.Secret {
	if !v.Hide() {
		return strict.Secret{}
	}
	return readToken(v)
}

// Timestamps says what time the events have: that of sending, or a historical
// range walked in order; and how far the clocks of their senders can be trusted.
type Timestamps struct {
	Now       bool
	From, To  time.Time
	Disorder  time.Duration // an event's time lies up to this much before its place
	ClockSkew time.Duration // standard deviation of how wrong the clock of a person is
	Zone      time.Duration // ahead of UTC: where the day and the week below are those of
	Day       float64       // how much lower the rate is at night than in the afternoon
	Weekend   float64       // how much lower it is on Saturday and Sunday
}

// maxClock bounds how far times may be off.
const maxClock = 365 * 24 * time.Hour

// readTimestamps reads the word now, or a range.
func readTimestamps(v strict.Value) Timestamps {
	if v.IsScalar() {
		strict.OneOf(v, []string{"now"})
		return Timestamps{Now: true}
	}
	t := Timestamps{Now: true}
	sound := v.Object(strict.Fields{
		"from":       func(v strict.Value) { t.From, t.Now = v.Time(), false },
		"to":         func(v strict.Value) { t.To, t.Now = v.Time(), false },
		"disorder":   func(v strict.Value) { t.Disorder = v.Duration(0, maxClock) },
		"clock_skew": func(v strict.Value) { t.ClockSkew = v.Duration(0, maxClock) },
		"zone": func(v strict.Value) {
			t.Zone, _ = strict.Measured(v, parseZone, "a time zone", "as in +02:00 or -08:00")
		},
		"day":     func(v strict.Value) { t.Day = v.Share() },
		"weekend": func(v strict.Value) { t.Weekend = v.Share() },
	})
	switch {
	case t.Now && (v.Gives("zone") || v.Gives("day") || v.Gives("weekend")):
		v.Fail("a day and a week need from and to", "load.follow gives a run a curve of its own")
	case !t.Now && v.Require("from", "to") && sound && !t.From.Before(t.To):
		v.Fail("from is not before to", "")
	}
	return t
}

// parseZone reads an offset from UTC such as +02:00.
func parseZone(text string) (time.Duration, error) {
	t, err := time.Parse("Z07:00", text)
	if err != nil {
		return 0, fmt.Errorf("cannot read %q as a time zone", units.Clip(text))
	}
	_, seconds := t.Zone()
	return time.Duration(seconds) * time.Second, nil
}
