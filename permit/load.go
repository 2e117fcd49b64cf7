package permit

import (
	"fmt"
	"math"

	"rehearse/internal/text"
	"rehearse/scenario"
)

// LoadOf completes what the source of s says of the whole by what s itself says:
// how large requests are, where they are not recorded, and how many merges its mix
// makes on average. Nobody has counted the merges of a recording.
func LoadOf(s *scenario.Scenario, l Load) Load {
	l.Merges = -1
	if !l.Recorded {
		l.Batch = int64(s.Batching.MaxEvents)
	}
	if s.Traffic == nil {
		return l
	}
	var merges, all float64
	for _, e := range s.Traffic.Events {
		all += e.Weight
		if scenario.IsMerge(e.Name) {
			merges += e.Weight
		}
	}
	l.Merges = int64(math.Ceil(float64(l.Events) * merges / all))
	return l
}

// exceeded returns which bounds a load would break.
func exceeded(b *Bounds, l Load) (reasons []string) {
	more := func(what string, has, allowed float64) {
		if allowed > 0 && has > allowed {
			reasons = append(reasons, fmt.Sprintf("the scenario has %s %s, the permit allows %s", number(has), what, number(allowed)))
		}
	}
	more("events a second at its peak", l.Peak, b.Peak)
	more("events", float64(l.Events), float64(b.Events))
	more("events in its largest request", float64(l.Batch), float64(b.Batch))
	more("merges", float64(l.Merges), float64(b.Merges))
	if float64(l.Batch) > b.Peak {
		reasons = append(reasons, fmt.Sprintf("a request of the scenario has up to %d events, more than the permit allows in a whole second (%s)", l.Batch, number(b.Peak)))
	}
	if l.Merges < 0 && b.Merges > 0 {
		reasons = append(reasons, "it bounds the merges, and nobody has counted those of the recording: leave bounds.merges out of a permit for a replay")
	}
	return reasons
}

// number writes a number for people.
func number(x float64) string { return text.Number(math.Round(x*1000) / 1000) }
