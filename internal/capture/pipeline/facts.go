package pipeline

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Facts are what a deployment of the service enforces behind its endpoint, and how fast
// it works events off: each once, for the embedded endpoint and for a check. A
// generation gives all of them; see [Published].
type Facts struct {
	Release Release // that they are based on
	// InPlace is 2024: what overflows loses its key and stays on the main lane, and no
	// name has a lane of its own.
	InPlace bool
	// CookielessByIP puts the address in the place of the distinct_id into the key of an
	// event without cookies, so that it is limited and partitioned by token:ip.
	CookielessByIP bool
	// Import is the import mode: a batch without historical_migration is answered 200 and
	// dropped, and imports are not held to Global (PostHog/posthog#71800).
	Import bool

	Overflow Bucket // of capture, of one token:distinct_id on one replica
	Consumer Bucket // of the consumer of the main lane, of one key; it has no replicas
	Global   GlobalLimit

	Restrictions []Restriction
	// Quota is how many events of a project are taken before the others are answered 200
	// and dropped; 0: any number.
	Quota int64

	Merges MergeLimit
	Costs  Costs
	Stages []Stage // what reads the events after the pipeline, each from a topic of its own
}

// Bucket is a limit of one id, and what becomes of the events beyond it. The zero value
// is off.
type Bucket struct {
	Limit
	// KeepsOrder leaves the key to what overflows: one partition of the overflow lane,
	// slower and in order (overflow_preserve_partition_locality).
	KeepsOrder bool
}

// On tells whether the bucket holds.
func (b Bucket) On() bool { return b.PerSecond > 0 && b.Burst > 0 }

// GlobalLimit is the limit of one token:distinct_id over all replicas. An event over it
// loses its key and the processing of persons. The zero value is off.
type GlobalLimit struct {
	Events int64         // in Window; 0: off
	Window time.Duration // 0: a minute
	// Sync is how often a replica learns what the others counted; 0: every 15 s. An id
	// passes the limit unseen for about as long.
	Sync time.Duration
	// Stays leaves what is over the limit on its lane; else it takes the overflow lane.
	Stays     bool
	Overrides []Override
}

// Override is a limit of its own for a token, or a token:distinct_id.
type Override struct {
	Match  string
	Events int64
}

// PerSecond is the rate that an id may keep under a limit of so many events in a window.
func (g *GlobalLimit) PerSecond(events int64) float64 {
	return float64(events) / cmp.Or(g.Window, time.Minute).Seconds()
}

// Of is the limit of one id with the overrides applied: that of the id before that of
// its token.
func (g *GlobalLimit) Of(token, key []byte) int64 {
	limit := g.Events
	for i := range g.Overrides {
		switch o := &g.Overrides[i]; o.Match {
		case string(key):
			return o.Events
		case string(token):
			limit = o.Events
		}
	}
	return limit
}

// Matches returns what the overrides are about.
func (g *GlobalLimit) Matches() (all []string) {
	for i := range g.Overrides {
		all = append(all, g.Overrides[i].Match)
	}
	return all
}

// Action is what a restriction does to events.
type Action uint8

// The actions (capture event_restrictions.rs).
const (
	Drop          Action = iota // answered 200 and dropped
	ForceOverflow               // to the overflow lane, whatever the rate
	SkipPersons                 // no person is looked up or changed, and the key is dropped
	Redirect                    // to a topic of its own
)

// actions are the actions as they are written.
var actions = [...]string{"drop", "overflow", "skip_persons", "redirect"}

// Actions returns the words for the actions, in their order.
func Actions() []string { return slices.Clone(actions[:]) }

// String returns the word for the action.
func (a Action) String() string {
	if int(a) < len(actions) {
		return actions[a]
	}
	return "other"
}

// Restriction is a rule of the deployment about some events.
type Restriction struct {
	Match  string // a token, or a token:distinct_id
	Action Action
}

// applies tells whether a restriction is about events of a key.
func (r *Restriction) applies(token, key []byte) bool {
	return r.Match == string(token) || r.Match == string(key)
}

// Restricted tells whether a restriction of a kind is about events of a key, or of all
// keys of a token if key is nil.
func (f *Facts) Restricted(a Action, token, key []byte) bool {
	for i := range f.Restrictions {
		if r := &f.Restrictions[i]; r.Action == a && r.applies(token, key) {
			return true
		}
	}
	return false
}

// Matches returns what the restrictions of a kind are about.
func (f *Facts) Matches(a Action) (all []string) {
	for i := range f.Restrictions {
		if r := &f.Restrictions[i]; r.Action == a {
			all = append(all, r.Match)
		}
	}
	return all
}

// MergeLimit is how many ids one merge may move from one person to another.
type MergeLimit struct {
	IDs   int64 // 0: any number
	Async bool  // beyond it a merge is done later, from a topic of its own; else it is a dead letter
}

// Costs say what events cost. Without PerEvent and Partition nothing is known about how
// fast they are worked off.
type Costs struct {
	Events map[string]float64 // in ordinary events, by name; 1 for any other
	Apps   float64            // added to each event where apps are enabled
	// PerEvent is how long an ordinary event of one id takes: they are processed one
	// after another (PostHog/posthog#72823). 0: not known.
	PerEvent  time.Duration
	Partition float64 // ordinary events a second that one partition is worked off at; 0: not known
}

// Of is what an event of a name costs, in ordinary events.
func (c *Costs) Of(name string) float64 {
	if cost, known := c.Events[name]; known {
		return cost
	}
	return 1
}

// Stage is something that reads events from a topic of its own once they are processed,
// such as apps or destinations.
type Stage struct {
	Name     string
	Capacity float64 // events a second
	Share    float64 // of the events that it gets
}

// Release names a published set of facts.
type Release string

// The releases.
const (
	Release2024   Release = "2024"    // hog-rs, the first public version
	Release202611 Release = "2026-11" // November 2026, the default
	Custom        Release = "custom"  // nothing holds that is not given
)

// Releases returns all of them.
func Releases() []Release { return []Release{Release2024, Release202611, Custom} }

// Published returns the facts of a release. What they are taken from stands in
// docs/pipeline.md; the costs are assumed: none are published.
func Published(r Release) (*Facts, error) {
	published := Limit{PerSecond: 100, Burst: 1000}
	switch r {
	case Release2024:
		return &Facts{
			Release: r, InPlace: true, Overflow: Bucket{Limit: published}, Costs: assumedCosts(),
		}, nil
	case Release202611:
		return &Facts{
			Release: r, CookielessByIP: true, Overflow: Bucket{published, true},
			Global: GlobalLimit{Events: 5000, Window: time.Minute, Sync: lookEvery}, Costs: assumedCosts(),
		}, nil
	case Custom:
		costs := assumedCosts()
		costs.PerEvent = 0
		return &Facts{Release: r, CookielessByIP: true, Costs: costs}, nil
	}
	return nil, fmt.Errorf("unknown generation %q", r)
}

// Default returns the facts of today, or of 2024.
func Default(in2024 bool) *Facts {
	release := Release202611
	if in2024 {
		release = Release2024
	}
	f, _ := Published(release) // it is known
	return f
}

// assumedCosts weigh a merge, a transaction with two row locks, as ten events, and an
// update of a person or group as two.
func assumedCosts() Costs {
	const merge, update = 10, 2
	return Costs{Apps: 1, PerEvent: 5 * time.Millisecond, Events: map[string]float64{
		"$identify": merge, "$create_alias": merge, "$merge_dangerously": merge,
		"$groupidentify": update, "$set": update,
	}}
}
