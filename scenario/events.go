package scenario

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

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
func IsMerge(name string) bool {
	return name == EventIdentify || name == EventCreateAlias || name == EventMergeDangerously
}

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

// IsEventName tells whether an event of a scenario may be called so.
func IsEventName(name string) bool { return plainName(name, maxEventName) }

// plainName tells whether a name is neither empty nor longer than it may be.
func plainName(name string, most int) bool {
	return name != "" && utf8.RuneCountInString(name) <= most && !strings.ContainsFunc(name, unicode.IsControl)
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
		if p.Name == LinkOf(name) {
			v.FailGiven("properties", fmt.Sprintf("cannot give %s: the merge itself names there the id that it joins", p.Name), "leave it out")
		}
	}
	return e
}

// LinkOf is the property in which a merge of a name says which id it joins; empty: it
// is none.
func LinkOf(name string) string {
	switch name {
	case EventIdentify:
		return "$anon_distinct_id"
	case EventCreateAlias, EventMergeDangerously:
		return "alias"
	}
	return ""
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
