package scenario

import (
	"slices"

	"rehearse/scenario/strict"
)

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
