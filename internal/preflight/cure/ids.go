package cure

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"rehearse/internal/text"
	"rehearse/scenario"
)

// mostSplit is over how many ids the stream of one is split, and how many hot ids a
// scenario may have.
const (
	mostSplit = 100
	mostHot   = 1000
)

// Split spreads the events of each hot id that has a larger share of them than most over
// several ids. events is how many the run has.
func Split(s *scenario.Scenario, events int64, most float64) Cure {
	if s.Traffic == nil || most <= 0 || math.IsInf(most, 0) {
		return Cure{}
	}
	var entries, split []string
	for i, h := range s.Traffic.DistinctIDs.Hot {
		share := h.Share
		if h.Events > 0 {
			share = float64(h.Events) / float64(max(events, 1))
		}
		parts := int64(math.Ceil(share / most))
		if parts > mostSplit {
			return Cure{}
		}
		if parts > 1 {
			split = append(split, fmt.Sprintf("%s into %d ids", name(h.ID, i), parts))
		}
		entries = append(entries, partsOf(&h, max(parts, 1))...)
	}
	if len(split) == 0 || len(entries) > mostHot {
		return Cure{}
	}
	what := split[0]
	if len(split) > 1 {
		what += fmt.Sprintf(", and %s more", text.Count(len(split)-1))
	}
	return Cure{What: "split " + what,
		Set: []string{"traffic.distinct_ids.hot=[" + strings.Join(entries, ", ") + "]"}}
}

// name is what a hot id is called.
func name(id string, place int) string {
	if id == "" {
		return fmt.Sprintf("hot id %d", place+1)
	}
	return id
}

// partsOf are the entries of an id whose events are split over several.
func partsOf(h *scenario.HotID, parts int64) (all []string) {
	left := h.Events
	for k := range parts {
		var words []string
		if h.ID != "" {
			id := h.ID
			if parts > 1 {
				id += "-" + strconv.FormatInt(k+1, 10)
			}
			words = append(words, "id: "+strconv.Quote(id))
		}
		if h.Events > 0 {
			mine := left / (parts - k)
			left -= mine
			words = append(words, fmt.Sprintf("events: %d", mine))
		} else {
			words = append(words, "share: "+number(math.Floor(h.Share/float64(parts)*1e8)/1e6)+"%")
		}
		all = append(all, "{"+strings.Join(words, ", ")+"}")
	}
	return slices.Clip(all)
}
