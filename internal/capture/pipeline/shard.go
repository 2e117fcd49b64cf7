package pipeline

import (
	"sync"
	"time"
)

// shard is what is known about some of the ids.
type shard struct {
	mu    sync.Mutex
	ids   map[uint64]*idState
	most  int
	light int64     // events of an id that the global limit would not miss, a hundredth of it
	swept time.Time // when idle ids were last forgotten
	key   []byte    // backs a visit's key

	hot        *hot
	slowest    [mostSlow]slowest
	partitions [lanes][]int64
	overflow   OverflowCounts
	overflowed time.Time // when the first event did
	order      OrderCounts
}

// idState is what is remembered of an id. Times of events are in milliseconds
// since 1970, those of the clock in nanoseconds.
type idState struct {
	bucket  bucket
	reader  bucket  // of the consumer
	main    queue   // its events on the lane that it takes
	aside   queue   // and on the overflow lane
	seen    int64   // when its last event came
	window  *window // of the global limit; nil: it has had no event that counts
	latest  int64   // time of its youngest event so far
	merged  int64   // time of the youngest merge that names it
	joined  int64   // time of the youngest merge that joined it to another
	lane    Lane
	started bool // it has had an event
}

// idle is how long an id must be quiet before it may be forgotten (the service
// forgets the keys of its buckets after 60 to 70 s).
const idle = time.Minute

// id returns what is remembered of an id; nil if there is no room for it.
func (s *shard) id(hash uint64, now time.Time) *idState {
	if id := s.ids[hash]; id != nil {
		id.seen = now.UnixNano()
		return id
	}
	if len(s.ids) >= s.most {
		s.sweep(now)
		if len(s.ids) >= s.most {
			s.order.Untracked++
			return nil
		}
	}
	id := &idState{seen: now.UnixNano()}
	s.ids[hash] = id
	return id
}

// sweep forgets idle ids and, where that makes little room, all whose limits would
// not notice: of them the order is known from then on only. It looks at all of them,
// so if even that makes little room it does so at most once a second.
func (s *shard) sweep(now time.Time) {
	if now.Sub(s.swept) < time.Second {
		return
	}
	for _, quiet := range []time.Duration{idle, 0} {
		for hash, id := range s.ids {
			since := now.UnixNano() - id.seen
			done := max(id.main, id.aside) <= queue(now.UnixNano())
			if since > int64(idle) && done || since > int64(quiet) && id.unlimited(s.light, now) {
				delete(s.ids, hash)
			}
		}
		if len(s.ids) <= s.most-s.most/8 {
			return
		}
	}
	s.swept = now
}

// unlimited tells whether the limits of an id stand about as if it had never been seen:
// its buckets are full, and the global limit has counted no more than light of it.
func (id *idState) unlimited(light int64, now time.Time) bool {
	few := id.window == nil || id.window.count+id.window.before+id.window.pending <= light
	return few && max(int64(id.bucket), int64(id.reader), int64(id.main), int64(id.aside)) <= now.UnixNano()
}

// overLimit counts an event, and reports whether the id has had too many.
func (id *idState) overLimit(r rule, now time.Time) bool {
	if id.window == nil {
		id.window = &window{}
	}
	return id.window.take(1, r, now.UnixNano()) > 0
}

// count counts a routed event.
func (s *shard) count(v *visit, r *Route) {
	s.partitions[r.Lane][r.Partition]++
	countHot(s.hot, v, r.Lane == Overflow || r.Moved || !r.Keyed)
	if !r.Keyed || r.Moved && !r.KeepsOrder {
		s.order.Unkeyed++
	}
}

// watch notes what the event does to the order of its id.
func (s *shard) watch(v *visit, r *Route) {
	id := v.id
	if id.started && id.lane != r.Lane {
		s.order.Rerouted++
	}
	id.lane, id.started = r.Lane, true
	if v.Time.IsZero() {
		return
	}
	ms := v.Time.UnixMilli()
	if ms < id.latest {
		s.order.Backwards++
	}
	if ms < id.joined {
		s.order.AfterMerge++
	}
	id.latest = max(id.latest, ms)
}
