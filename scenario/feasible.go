package scenario

import (
	"fmt"

	"rehearse/scenario/strict"
)

// checkTraffic refuses a traffic whose shape no events could have.
func checkTraffic(d *strict.Document, s *Scenario) {
	t := s.Traffic
	if len(t.Tokens) > 0 {
		d.Refuse("given beside traffic.tokens", "keep one of the two", tokenPath)
	}
	total := s.Load.Curve.Total()
	merges, server := t.mergeShare()
	special := t.DistinctIDs.Growth + t.Faults.sum()
	for i, h := range t.DistinctIDs.Hot {
		if total > 0 && h.Events > total {
			d.Fail(fmt.Sprintf("traffic.distinct_ids.hot[%d].events", i),
				fmt.Sprintf("more than the %d events of the run", total), "")
		}
		special += h.Part(total)
	}
	if ordinary := 1 - merges; special > ordinary+1e-9 {
		d.Fail("traffic.distinct_ids",
			fmt.Sprintf("hot ids, growth and faults are to take %s of the events, but merges leave %s",
				percent(special),
				percent(ordinary)),
			"merges are never of a hot id: lower one of the shares")
		return
	}
	checkMerges(d, t, merges, (1-merges-special+t.DistinctIDs.Growth)*(1-server))
}

// checkMerges compares the merges with the visits that they can end, out of the
// share of events that visits are made of.
func checkMerges(d *strict.Document, t *Traffic, merges, visiting float64) {
	visits := visiting / t.Visits.Events
	if t.Visits.Anonymous > 0 {
		visits *= t.Visits.Anonymous
	}
	ends := merges * (1 - t.Merges.Reused)
	switch delayed := t.Merges.Delay != (Delay{}); {
	case delayed && ends <= visits+1e-9 && 2*ends > visits+1e-9:
		d.Fail("traffic.merges.delay",
			fmt.Sprintf("%s of the events are to be merges, and %s begin a visit that a merge can end, which are not "+
				"twice as "+
				"many", percent(ends), percent(visits)),
			"while the first of the delayed merges are still to come, other visits end in one beside those that "+
				"wait: give "+
				"the merges less weight, or make visits shorter")
	case ends > visits+1e-9:
		d.Fail("traffic.events",
			fmt.Sprintf("%s of the events are to be merges, but only %s begin a visit that a merge can end",
				percent(ends),
				percent(visits)),
			"every merge names an anonymous id that has an earlier event, from a browser or a mobile: lower the "+
				"weights of "+
				"$identify, $create_alias and $merge_dangerously, or make visits shorter")
	}
	if t.Merges.Reused > 0 && t.DistinctIDs.Count < 2 {
		d.Fail("traffic.merges.reused", "has no meaning in a population of one", "nobody else can have the id")
	}
	if merges == 0 && (t.Merges != Merges{} || t.Faults.EarlyMerges > 0) {
		d.Refuse("has no meaning without merges", "give $identify, $create_alias or $merge_dangerously a weight",
			"traffic.merges", "traffic.faults.merges_out_of_order")
	}
}

// Part is the share of a run's events that the id is to have.
func (h HotID) Part(total int64) float64 {
	if h.Events == 0 || total == 0 {
		return h.Share
	}
	return float64(h.Events) / float64(total)
}

// mergeShare is the share of the events that are merges, and the share of the
// others that come from servers.
func (t *Traffic) mergeShare() (merges, server float64) {
	var all, other float64
	for _, e := range t.Events {
		all += e.Weight
		switch {
		case IsMerge(e.Name):
			merges += e.Weight
		case e.From == FromServer:
			server += e.Weight
			other += e.Weight
		default:
			other += e.Weight
		}
	}
	if all == 0 {
		return 0, 0
	}
	return merges / all, server / max(other, 1e-300)
}

// percent writes a share as the file would.
func percent(share float64) string { return fmt.Sprintf("%.4g%%", max(share, 0)*100) }
