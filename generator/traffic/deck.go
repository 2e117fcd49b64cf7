package traffic

import (
	"math"
	"math/bits"

	"rehearse/scenario"
)

// card says what an event is to be that is not an ordinary one. Cards are dealt
// to the events of a block in random order, and each kind of card comes as often
// as its share of the run's events says, to the event.
type card struct {
	mark mark
	hot  uint16 // index in the hot list, for markHot
}

// mark says what is special about an event.
type mark uint8

const (
	markNone   mark = iota
	markHot         // of a hot id
	markJoin        // the first of a person never seen before
	markResent      // the event at via once more, uuid included
	markCopied      // the event at via once more, with a uuid of its own
	markNoID
	markIllegalID
	markLongName
	markOverSize
	markTimestamp
	markEarly  // a merge before the event that it depends on
	markReused // a merge of an id that belongs to somebody else already
)

// quota is how often a card comes in the whole run.
type quota struct {
	card card
	want int64
}

// upTo is how many of the cards lie among the first i of total events: an even
// share, rounded down.
func (q quota) upTo(i, total int64) int64 {
	high, low := bits.Mul64(uint64(q.want), uint64(i))
	n, _ := bits.Div64(high, low, uint64(total))
	return int64(n)
}

// quotasOf lists the cards of a run of total events.
func quotasOf(t *scenario.Traffic, total int64) []quota {
	var all []quota
	add := func(c card, want float64) {
		if n := min(int64(math.Round(want)), total); n > 0 {
			all = append(all, quota{c, n})
		}
	}
	for i, h := range t.DistinctIDs.Hot {
		add(card{markHot, uint16(i)}, h.Part(total)*float64(total))
	}
	add(card{mark: markJoin}, t.DistinctIDs.Growth*float64(total))
	add(card{mark: markResent}, t.Faults.Duplicates*float64(total))
	add(card{mark: markCopied}, t.Faults.Copies*float64(total))
	for _, f := range t.Faults.Invalid {
		add(card{mark: markOf(f.Kind)}, f.Share*float64(total))
	}
	return all
}

// markOf is the mark of events that are invalid in this way.
func markOf(kind scenario.Invalid) mark {
	switch kind {
	case scenario.InvalidNoID:
		return markNoID
	case scenario.InvalidIllegalID:
		return markIllegalID
	case scenario.InvalidLongName:
		return markLongName
	case scenario.InvalidOverSize:
		return markOverSize
	}
	return markTimestamp
}

// Faults are the names of what may be wrong with an event on purpose, as Fault
// tells them.
func (m mark) fault() string {
	switch m {
	case markResent:
		return "duplicate"
	case markCopied:
		return "copy"
	case markNoID:
		return string(scenario.InvalidNoID)
	case markIllegalID:
		return string(scenario.InvalidIllegalID)
	case markLongName:
		return string(scenario.InvalidLongName)
	case markOverSize:
		return string(scenario.InvalidOverSize)
	case markTimestamp:
		return string(scenario.InvalidTimestamp)
	case markEarly:
		return "merge_out_of_order"
	case markReused:
		return "reused_id"
	}
	return ""
}
