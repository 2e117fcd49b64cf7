package pipeline

import "time"

// Stats is what a pipeline has counted.
type Stats struct {
	OverQuota int64          `json:"over_quota"` // answered 200 and dropped
	Dropped   int64          `json:"dropped"`    // the same, by a rule, or where only imports are taken
	Lanes     []LaneCounts   `json:"lanes"`      // those that had events
	Overflow  OverflowCounts `json:"overflow"`
	Order     OrderCounts    `json:"order"`
	Merges    MergeCounts    `json:"merges"`
	HotIDs    []HotID        `json:"hot_ids"` // the most frequent first
	Lag       LagStats       `json:"lag"`
}

// LaneCounts counts the events of a lane.
type LaneCounts struct {
	Lane       string  `json:"lane"`
	Events     int64   `json:"events"`
	Hottest    int     `json:"hottest"`    // the partition with the most
	Partitions []int64 `json:"partitions"` // events of each
}

// OverflowCounts count the events that were rerouted, by what did it.
type OverflowCounts struct {
	Bucket int64 `json:"bucket"` // their id was over its rate
	Forced int64 `json:"forced"` // their token or id is on the list
	Global int64 `json:"global"` // their id was over the global limit
	// The consumer moved them from the main lane, where they are counted, to that of overflow.
	Consumer int64 `json:"consumer"`

	Since string `json:"since"` // when the first of them came, RFC 3339; empty: none
}

// OrderCounts count what endangers the order of an id's events.
type OrderCounts struct {
	Backwards  int64 `json:"backwards"`   // came after an event of their id that is younger
	Unkeyed    int64 `json:"unkeyed"`     // travelled without a key: nothing holds them in order
	Rerouted   int64 `json:"rerouted"`    // on another lane than the event of their id before
	AfterMerge int64 `json:"after_merge"` // came after a younger merge that joined their id to another
	Untracked  int64 `json:"untracked"`   // not looked at, for want of memory
}

// Stats returns what has been counted so far.
func (p *Pipeline) Stats() Stats { return p.StatsAt(time.Now()) }

// StatsAt is Stats where the clock of the events is not that of the machine.
func (p *Pipeline) StatsAt(now time.Time) Stats {
	stats := Stats{
		OverQuota: p.quota.Load(), Dropped: p.dropped.Load(), Lanes: []LaneCounts{}, Merges: p.persons.stats(),
	}
	var total [lanes]LaneCounts
	for lane := range total {
		total[lane] = LaneCounts{Lane: Lane(lane).String(), Partitions: make([]int64, p.config.Partitions)}
	}
	var first time.Time
	var sketches []*hot
	for i := range p.shards {
		s := &p.shards[i]
		s.mu.Lock()
		defer s.mu.Unlock()
		s.addTo(&stats, &total)
		for i := range s.slowest {
			s.slowest[i].addTo(&stats.Lag, now)
		}
		if at := s.overflowed; !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
		sketches = append(sketches, s.hot)
	}
	for _, lane := range total {
		if lane.Events > 0 {
			stats.Lanes = append(stats.Lanes, lane)
		}
	}
	if !first.IsZero() {
		stats.Overflow.Since = first.UTC().Format(time.RFC3339Nano)
	}
	p.consumers.addTo(&stats.Lag, p.facts, now)
	stats.HotIDs = hottest(sketches, p.config.HotIDs)
	return stats
}

func (s *shard) addTo(stats *Stats, total *[lanes]LaneCounts) {
	for lane := range total {
		t := &total[lane]
		for i, n := range s.partitions[lane] {
			t.Events += n
			t.Partitions[i] += n
			if t.Partitions[i] > t.Partitions[t.Hottest] {
				t.Hottest = i
			}
		}
	}
	stats.Overflow.Bucket += s.overflow.Bucket
	stats.Overflow.Forced += s.overflow.Forced
	stats.Overflow.Global += s.overflow.Global
	stats.Overflow.Consumer += s.overflow.Consumer
	stats.Order.Backwards += s.order.Backwards
	stats.Order.Unkeyed += s.order.Unkeyed
	stats.Order.Rerouted += s.order.Rerouted
	stats.Order.AfterMerge += s.order.AfterMerge
	stats.Order.Untracked += s.order.Untracked
}
