package preflight

import (
	"fmt"
	"math"

	"rehearse/internal/text"
	"rehearse/scenario"
)

// buckets is how many replicas' buckets the events of an id are spread over, if
// connections are spread evenly: a connection stays with one replica, so there are
// no more of them than connections, and an id whose order is kept has one alone.
func buckets(s *scenario.Scenario, f *Facts) int {
	switch {
	case s.Replay != nil && s.Replay.Order == scenario.OrderPerID:
		return 1
	case s.Target.Reconnect:
		return f.Replicas
	}
	return min(f.Replicas, s.Target.Connections)
}

// lopsided is how many events of the ids overflow if one replica has all the
// connections. limited is the share of the events that limits see.
func (l *look) lopsided(keys []key, limited float64) (over float64) {
	if l.buckets <= 1 {
		return 0
	}
	one := *l
	one.buckets = 1
	for i := range keys {
		over += math.Round(one.becomes(&keys[i], limited, false).over)
	}
	return over + l.crowd
}

// replicas says between what the overflow lies, where it depends on how connections
// are spread.
func replicas(l *look) []Finding {
	even := l.report.Plan.Overflow
	if l.worst < float64(even)+1 {
		return nil
	}
	return l.note(saying{"replicas", l.idsPath(),
		fmt.Sprintf("the per-id limit is computed for %d replicas, each with its own bucket, and connections spread evenly: %s events overflow; if one replica had all connections, %s would",
			l.buckets, text.Count(even), text.Count(l.worst)),
		"ask how the load balancer spreads connections; limits.replicas: 1 is the worst case"})
}
