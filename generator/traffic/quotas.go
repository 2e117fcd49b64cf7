package traffic

import (
	"math"
	"math/bits"

	"rehearse/scenario"
)

// assignment says what an event is to be that is not an ordinary one. Assignments go
// to the events of a block in random order, and each kind comes as often as its share
// of the run's events says, to the event.
type assignment struct {
	trait trait
	hot   uint16 // index in the hot list, for traitHot
}

// trait says what is special about an event.
type trait uint8

const (
	traitNone   trait = iota
	traitHot          // of a hot id
	traitJoin         // the first of a person never seen before
	traitResent       // the event at via once more, uuid included
	traitCopied       // the event at via once more, with a uuid of its own
	traitNoID
	traitIllegalID
	traitLongName
	traitOverSize
	traitTimestamp
	traitEarly      // a merge before the event that it depends on
	traitReused     // a merge of an id that belongs to somebody else already
	traitIdentified // a merge of one identified person into another, see planned.other
	traitWide       // a merge of the person of fan-in into another
)

// quota is how often an assignment comes in the whole run.
type quota struct {
	assigns assignment
	want    int64
}

// upTo is how many of the assignments lie among the first i of total events: an even
// share, rounded down.
func (q quota) upTo(i, total int64) int64 {
	high, low := bits.Mul64(uint64(q.want), uint64(i))
	n, _ := bits.Div64(high, low, uint64(total))
	return int64(n)
}

// quotasOf lists the assignments of a run of total events.
func quotasOf(t *scenario.Traffic, total int64) []quota {
	var all []quota
	add := func(c assignment, want float64) {
		if n := min(int64(math.Round(want)), total); n > 0 {
			all = append(all, quota{c, n})
		}
	}
	for i, h := range t.DistinctIDs.Hot {
		add(assignment{traitHot, uint16(i)}, h.Part(total)*float64(total))
	}
	add(assignment{trait: traitJoin}, t.DistinctIDs.Growth*float64(total))
	add(assignment{trait: traitResent}, t.Faults.Duplicates*float64(total))
	add(assignment{trait: traitCopied}, t.Faults.Copies*float64(total))
	for _, f := range t.Faults.Invalid {
		add(assignment{trait: traitOf(f.Kind)}, f.Share*float64(total))
	}
	return all
}

// traitOf is the trait of events that are invalid in this way.
func traitOf(kind scenario.Invalid) trait {
	switch kind {
	case scenario.InvalidNoID:
		return traitNoID
	case scenario.InvalidIllegalID:
		return traitIllegalID
	case scenario.InvalidLongName:
		return traitLongName
	case scenario.InvalidOverSize:
		return traitOverSize
	}
	return traitTimestamp
}

// Faults are the names of what may be wrong with an event on purpose, as Fault
// tells them.
func (m trait) fault() string {
	switch m {
	case traitResent:
		return "duplicate"
	case traitCopied:
		return "copy"
	case traitNoID:
		return string(scenario.InvalidNoID)
	case traitIllegalID:
		return string(scenario.InvalidIllegalID)
	case traitLongName:
		return string(scenario.InvalidLongName)
	case traitOverSize:
		return string(scenario.InvalidOverSize)
	case traitTimestamp:
		return string(scenario.InvalidTimestamp)
	case traitEarly:
		return "merge_out_of_order"
	case traitReused:
		return "reused_id"
	case traitIdentified:
		return "identified_person"
	case traitWide:
		return "wide_person"
	}
	return ""
}
