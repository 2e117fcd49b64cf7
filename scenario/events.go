package scenario

import (
	"fmt"
	"slices"

	"rehearse/internal/capture/pipeline"
	"rehearse/scenario/strict"
)

// EventShare is one entry of the event mix.
type EventShare struct {
	Name       string
	Weight     float64
	From       Library
	Properties []Property // beside those that the library sends; nil: the built-in ones
}

// Library is the kind of client library that an event comes from. It decides
// what the event carries: a browser's 1.4 kB or a server's 0.3 kB.
type Library string

// The libraries. Events from a server are never anonymous.
const (
	FromBrowser Library = "browser"
	FromMobile  Library = "mobile"
	FromServer  Library = "server"
)

// The event names that mean something to the pipeline
// (the PostHog docs, "Identifying users" and "Group analytics").
const (
	EventIdentify         = "$identify"
	EventCreateAlias      = "$create_alias"
	EventMergeDangerously = "$merge_dangerously"
	EventGroupIdentify    = "$groupidentify"
	EventSet              = "$set"
)

// IsMerge tells whether events of this name join two ids.
func IsMerge(name string) bool { return pipeline.IsMerge(name) }

// maxKinds is how many different events a mix may have.
const maxKinds = 10_000

// readEvents reads the mix of events, in the order of the file.
func readEvents(v strict.Value) []EventShare {
	before := v.Document().Mistakes()
	var mix []EventShare
	var sum float64
	v.Entries(func(key strict.Value, name string, entry strict.Value) {
		if !IsEventName(name) {
			key.Fail(fmt.Sprintf("the name of an event must have 1 to %d characters", maxEventName), "")
		}
		e := readEvent(entry, name)
		sum += e.Weight
		mix = append(mix, e)
	})
	if len(mix) > maxKinds {
		v.Fail(fmt.Sprintf("more than %d different events", maxKinds), "")
	}
	if sum == 0 && v.Document().Mistakes() == before {
		v.Fail("no event has a weight above 0", "as in {$pageview: 70, purchase: 10}")
	}
	return mix
}

// readEvent reads a weight, or a mapping that holds one.
func readEvent(v strict.Value, name string) EventShare {
	e := EventShare{Name: name, Weight: 1, From: libraryOf(name)}
	if !v.IsMapping() {
		e.Weight = v.Number(0, 1e9)
		return e
	}
	v.Object(strict.Fields{
		"weight":     func(v strict.Value) { e.Weight = v.Number(0, 1e9) },
		"from":       func(v strict.Value) { e.From = strict.OneOf(v, []Library{FromBrowser, FromMobile, FromServer}) },
		"properties": func(v strict.Value) { e.Properties = readObject(v, 0) },
	})
	for _, p := range e.Properties {
		if p.Name == pipeline.LinkProperty(name) {
			v.FailGiven("properties", fmt.Sprintf("cannot give %s: the merge itself names there the id that it joins",
				p.Name),
				"leave it out")
		}
	}
	return e
}

// libraryOf is where events of a name come from unless the file says otherwise.
func libraryOf(name string) Library {
	switch name {
	case EventCreateAlias, EventMergeDangerously:
		return FromServer
	case "$screen", "Application Opened", "Application Installed", "Application Updated", "Application Backgrounded":
		return FromMobile
	}
	return FromBrowser
}

// Faults are mistakes made on purpose. Each but EarlyMerges is a share of all
// events and is met to the event.
type Faults struct {
	Duplicates  float64 // an earlier event once more, with its uuid
	Copies      float64 // an earlier event once more, with a uuid of its own
	EarlyMerges float64 // share of the merges that come before the event they depend on
	Invalid     []InvalidShare
}

// InvalidShare is how often a kind of invalid event occurs.
type InvalidShare struct {
	Kind  Invalid
	Share float64 // of all events
}

// Invalid is a kind of event that an endpoint refuses, mends or must survive.
type Invalid string

// The kinds of invalid events.
const (
	InvalidNoID      Invalid = "no_distinct_id" // an empty distinct_id: the whole request is refused
	InvalidIllegalID Invalid = "illegal_id"     // an id such as undefined or null, which is never merged
	InvalidLongName  Invalid = "long_name"      // an event name of a thousand characters
	InvalidOverSize  Invalid = "over_size"      // larger than one message of the pipeline may be
	InvalidTimestamp Invalid = "bad_timestamp"  // in the year 9999
)

// InvalidKinds returns all kinds in their order.
func InvalidKinds() []Invalid {
	return []Invalid{InvalidNoID, InvalidIllegalID, InvalidLongName, InvalidOverSize, InvalidTimestamp}
}

// sum is the share of all events that are at fault.
func (f Faults) sum() float64 {
	sum := f.Duplicates + f.Copies
	for _, i := range f.Invalid {
		sum += i.Share
	}
	return sum
}

func readFaults(v strict.Value) Faults {
	var f Faults
	sound := v.Object(strict.Fields{
		"duplicates":          func(v strict.Value) { f.Duplicates = v.Share() },
		"copies":              func(v strict.Value) { f.Copies = v.Share() },
		"merges_out_of_order": func(v strict.Value) { f.EarlyMerges = v.Share() },
		"invalid":             func(v strict.Value) { f.Invalid = readInvalid(v) },
	})
	if sound && f.sum() > 0.9 {
		v.Fail("more than 90% of the events are at fault", "a duplicate needs a sound event before it")
	}
	return f
}

// readInvalid reads a share for each kind, or one that all kinds divide.
func readInvalid(v strict.Value) []InvalidShare {
	kinds := InvalidKinds()
	var all []InvalidShare
	if v.IsMapping() {
		known := make(strict.Fields)
		for _, kind := range kinds {
			known[string(kind)] = func(v strict.Value) { all = append(all, InvalidShare{kind, v.Share()}) }
		}
		v.Object(known)
		slices.SortFunc(all, func(a, b InvalidShare) int {
			return slices.Index(kinds, a.Kind) - slices.Index(kinds, b.Kind)
		})
		return all
	}
	share := v.Share() / float64(len(kinds))
	for _, kind := range kinds {
		all = append(all, InvalidShare{kind, share})
	}
	return all
}
