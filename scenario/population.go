package scenario

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"rehearse/internal/units"
	"rehearse/scenario/schedule"
	"rehearse/scenario/strict"
)

// Population is who sends the events: Count persons whose shares fall with
// their rank as rank^-Skew, or as Ranks says, Hot ids on top of them, and persons who
// join while the run goes on.
type Population struct {
	Prefix string // of every id, anonymous and hot ones included
	Count  int64
	Skew   float64
	Ranks  []RankGroup // the busiest first; empty: by Skew
	Growth float64     // share of all events that are the first of a person never seen before
	Style  IDStyle
	Hot    []HotID
}

// RankGroup is so many ids with so many events each. Only the proportions of the
// events matter.
type RankGroup struct {
	IDs    int64
	Events float64
}

// HotID is a distinct_id with a stated part of all events: a share, or a count.
type HotID struct {
	ID     string // empty: a generated one
	Share  float64
	Events int64 // 0: by share
}

// IDStyle is what the distinct_ids of persons look like.
type IDStyle string

// The styles of ids. Each gives different persons different ids.
const (
	StyleOpaque  IDStyle = "opaque"  // user_ and 16 hexadecimal digits
	StyleUUID    IDStyle = "uuid"    // 36 characters
	StyleEmail   IDStyle = "email"   // letters and digits at a host of example.com
	StyleNumeric IDStyle = "numeric" // decimal digits, as from a database
	StyleLong    IDStyle = "long"    // 200 characters, the longest that is kept whole
)

// maxDistinctID is how long an id may be, in characters.
const maxDistinctID = 200

// maxHot is how many hot ids a scenario may list.
const maxHot = 1000

// The bounds of a list of ranks.
const (
	maxRanks      = 1000
	maxRankEvents = 1e15
)

func readPopulation(v strict.Value, p *Population) {
	v.Object(strict.Fields{
		"prefix": func(v strict.Value) { p.Prefix = readPrefix(v) },
		"count":  func(v strict.Value) { p.Count = v.Count(1, schedule.MaxEvents) },
		"skew":   func(v strict.Value) { p.Skew = v.Number(0, 10) },
		"growth": func(v strict.Value) { p.Growth = v.Share() },
		"style": func(v strict.Value) {
			p.Style = strict.OneOf(v, []IDStyle{StyleOpaque, StyleUUID, StyleEmail, StyleNumeric, StyleLong})
		},
		"hot":   func(v strict.Value) { p.Hot = readHot(v) },
		"ranks": func(v strict.Value) { p.Ranks = readRanks(v) },
	})
	checkPrefix(v, p)
	if len(p.Ranks) == 0 {
		return
	}
	for _, other := range []string{"count", "skew"} {
		if v.Gives(other) {
			v.FailField(other, "given beside ranks",
				"ranks say how many ids there are, and how uneven: keep one of the two")
		}
	}
	p.Count = 0
	for _, r := range p.Ranks {
		p.Count += r.IDs
	}
}

// maxPrefix is how long a prefix may be, in characters.
const maxPrefix = 40

// readPrefix reads what marks the ids of a run. It has letters that stand for themselves
// in JSON, SQL and patterns of LIKE.
func readPrefix(v strict.Value) string {
	text := v.Line(1, maxPrefix)
	if strings.ContainsFunc(text, func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-.:", r))
	}) {
		v.Fail("has other characters than letters, digits, -, . and :", "as in rehearsal-7-")
	}
	return text
}

// checkPrefix makes sure that no id becomes longer than the service keeps.
func checkPrefix(v strict.Value, p *Population) {
	if p.Prefix == "" {
		return
	}
	if p.Style == StyleLong {
		v.FailField("prefix", "given beside style long", "these ids have all the 200 characters that are kept")
	}
	for _, h := range p.Hot {
		if utf8.RuneCountInString(h.ID)+len(p.Prefix) > maxDistinctID {
			v.FailField("prefix", fmt.Sprintf("makes the hot id %q longer than %d characters", units.Clip(h.ID),
				maxDistinctID), "shorten one of the two")
		}
	}
}

// readRanks reads groups of ids, the busiest first.
func readRanks(v strict.Value) []RankGroup {
	var ranks []RankGroup
	items := v.List()
	if len(items) > maxRanks {
		v.Fail(fmt.Sprintf("more than %d groups", maxRanks), "join neighbours")
		return nil
	}
	var ids int64
	for _, item := range items {
		var r RankGroup
		sound := item.Object(strict.Fields{
			"ids":    func(v strict.Value) { r.IDs = v.Count(1, schedule.MaxEvents) },
			"events": func(v strict.Value) { r.Events = v.Number(1e-9, maxRankEvents) },
		})
		if !item.Require("ids", "events") || !sound {
			return nil
		}
		if n := len(ranks); n > 0 && r.Events > ranks[n-1].Events {
			item.Fail("has more events than the group before", "the busiest ids come first")
			return nil
		}
		ids += r.IDs
		if ids > schedule.MaxEvents {
			item.Fail("more than 2^53 ids with those before", "")
			return nil
		}
		ranks = append(ranks, r)
	}
	if len(ranks) == 0 {
		v.Fail("has no group", "as in {ids: 1000, events: 3}")
	}
	return ranks
}

func readHot(v strict.Value) []HotID {
	var hot []HotID
	var sum float64
	known := make(map[string]bool)
	items := v.List()
	if len(items) > maxHot {
		v.Fail(fmt.Sprintf("more than %d hot ids", maxHot), "let skew make the others busy")
		return nil
	}
	for _, item := range items {
		h := readHotID(item)
		if h.ID != "" && known[h.ID] {
			item.Fail("this id is listed before", "")
		}
		known[h.ID] = true
		sum += h.Share
		hot = append(hot, h)
	}
	// The shares were read from decimals: their sum may miss 1 by a few roundings.
	if sum > 1+1e-9 {
		v.Fail("the shares add up to more than 100%", "")
	}
	return hot
}

func readHotID(v strict.Value) HotID {
	var h HotID
	v.Object(strict.Fields{
		"id":     func(v strict.Value) { h.ID = v.Line(1, maxDistinctID) },
		"share":  func(v strict.Value) { h.Share = v.Share() },
		"events": func(v strict.Value) { h.Events = v.Count(1, schedule.MaxEvents) },
	})
	switch share, events := v.Gives("share"), v.Gives("events"); {
	case share && events:
		v.Fail("gives a share and a number of events", "keep one of the two")
	case !share && !events && v.IsMapping():
		v.FailField("share", "missing", "or give a number of events")
	}
	return h
}

// Visits says how persons come and go. A visit holds events of one person; the
// merge that may end its anonymous part is not counted among them.
type Visits struct {
	Events    float64 // mean; 1: every event stands alone
	Anonymous float64 // share of the visits that begin anonymous; 0: only those that a merge identifies
}

// Merges are what a mix of merge events may do besides joining one anonymous id
// to one person each, and when. All but Delay are shares of the merges.
type Merges struct {
	Chains float64 // the id joined to is one that an earlier merge joined: a to b, b to c
	FanIn  float64 // the person joined to is always the same
	Reused float64 // the id joined belongs to somebody else already: a shared device
	// the id joined is that of a person who has been identified, which $merge_dangerously
	// alone may do
	Identified float64
	Wide       float64 // the same, of the person of FanIn with all ids that this one has by then
	Delay      Delay
}

// Repeated is the share of the merges that join no new id.
func (m *Merges) Repeated() float64 { return m.Reused + m.Identified + m.Wide }

// Delay is how long an id stays anonymous, on the clock of the run: from when the
// first event of its visit is due until the merge is. It is log-normal through
// two percentiles. Zero: a merge ends one of the visits that go on, which leaves
// the delay to chance.
type Delay struct{ P50, P90 time.Duration }

// leastDelay is the shortest median of a delay: events a millisecond apart follow
// each other directly at any rate at which persons log in.
const leastDelay = time.Millisecond

func readVisits(v strict.Value) Visits {
	visits := Visits{Events: 1}
	v.Object(strict.Fields{
		"events":    func(v strict.Value) { visits.Events = v.Number(1, 1000) },
		"anonymous": func(v strict.Value) { visits.Anonymous = v.Share() },
	})
	return visits
}

func readMerges(v strict.Value) Merges {
	var m Merges
	sound := v.Object(strict.Fields{
		"chains":     func(v strict.Value) { m.Chains = v.Share() },
		"fan_in":     func(v strict.Value) { m.FanIn = v.Share() },
		"reused":     func(v strict.Value) { m.Reused = v.Share() },
		"identified": func(v strict.Value) { m.Identified = v.Share() },
		"wide":       func(v strict.Value) { m.Wide = v.Share() },
		"delay":      func(v strict.Value) { m.Delay = readDelay(v) },
	})
	if sound && m.Chains+m.FanIn+m.Repeated() > 1+1e-9 {
		v.Fail("the shares add up to more than 100%", "a merge does one of these at most")
	}
	if sound && m.Wide > 0 && m.FanIn == 0 {
		v.FailField("wide", "has no meaning without fan_in",
			"it joins the one person that fan-in merges join all others to")
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
