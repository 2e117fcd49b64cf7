package pipeline

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/zeebo/xxh3"

	"rehearse/internal/rng"
	"rehearse/internal/topk"
)

// Config says what the pipeline enforces. The zero value is the service's
// defaults.
type Config struct {
	Partitions int // of every lane; 0: 64. How many production has is not public

	Overflow   Limit // of one token:distinct_id on the main lane; zero: 100/s, burst 1,000
	NoOverflow bool  // as the newest version of the service, and 2024's default, have it
	InPlace    bool  // as in 2024: what overflows loses its key and stays on the main lane
	KeepKey    bool  // overflow_preserve_partition_locality

	Forced    []string // tokens or token:distinct_id that always overflow
	PerMinute int64    // the global limit of one token:distinct_id; 0: off, as by default
	OverQuota []string // tokens whose events are taken and dropped

	HotIDs int // how many of the most frequent ids are told; 0: 20
	IDs    int // how many ids are remembered at once; 0: 262,144, about 20 MB
}

// The defaults (hog-rs config.rs).
const (
	defaultPartitions = 64
	defaultHotIDs     = 20
	defaultIDs        = 1 << 18
)

// Event is what the pipeline looks at. Its slices belong to the caller and are
// not kept.
type Event struct {
	Token      []byte
	DistinctID []byte
	Name       []byte
	Link       []byte    // the id that it joins to DistinctID; nil: none, see Link
	Time       time.Time // when it happened; zero: not known
	Historical bool      // the batch's flag, or its age

	// Address stands in for DistinctID in the key of an event without cookies; nil:
	// it does not.
	Address []byte
}

// KeyID is what the key of the event holds beside its token.
func (e *Event) KeyID() []byte {
	if e.Address != nil {
		return e.Address
	}
	return e.DistinctID
}

// Route is where an event goes.
type Route struct {
	Dropped   bool // over quota: nowhere
	Lane      Lane
	Partition int
	Keyed     bool // false: it may be read before or after its neighbours
	Persons   bool // false: no person is looked up or changed for it
}

// Pipeline routes events and counts what becomes of them. Its methods may be
// called from any goroutine.
type Pipeline struct {
	config  Config
	shards  [shards]shard
	persons persons
	quota   atomic.Int64
	dropped atomic.Int64
	spread  atomic.Uint64 // events without a key so far
}

// shards is over how many locks the ids are spread.
const shards = 16

// New returns a pipeline that has seen nothing.
func New(c Config) *Pipeline {
	c.Partitions = orDefault(c.Partitions, defaultPartitions)
	c.HotIDs = orDefault(c.HotIDs, defaultHotIDs)
	c.IDs = orDefault(c.IDs, defaultIDs)
	if c.Overflow.PerSecond <= 0 || c.Overflow.Burst <= 0 {
		c.Overflow = Limit{PerSecond: 100, Burst: 1000}
	}
	p := &Pipeline{config: c, persons: persons{most: c.IDs, members: map[uint64]*member{}}}
	for i := range p.shards {
		p.shards[i] = shard{ids: map[uint64]*idState{}, most: max(c.IDs/shards, 1), hot: topk.New[hotID](5 * c.HotIDs)}
		for lane := range p.shards[i].partitions {
			p.shards[i].partitions[lane] = make([]int64, c.Partitions)
		}
	}
	return p
}

func orDefault(value, standard int) int {
	if value > 0 {
		return value
	}
	return standard
}

// Take routes an event that arrives at a time, and counts it.
func (p *Pipeline) Take(e *Event, now time.Time) Route {
	if slices.Contains(p.config.OverQuota, string(e.Token)) {
		p.quota.Add(1)
		return Route{Dropped: true}
	}
	v := visit{Event: e, hash: hashOf(e.Token, e.KeyID()), now: now}
	v.shard = &p.shards[v.hash%shards]
	r := p.route(&v)
	if e.Link != nil {
		p.merge(e, v.hash, now)
	}
	return r
}

// Discard counts events that were answered 200 and go nowhere: those of a project
// over its quota, or those that a rule of the deployment drops.
func (p *Pipeline) Discard(events int64, overQuota bool) {
	if overQuota {
		p.quota.Add(events)
		return
	}
	p.dropped.Add(events)
}

// visit is an event on its way through the stations.
type visit struct {
	*Event
	hash  uint64
	key   []byte // by which events are partitioned and limited: token:distinct_id
	now   time.Time
	shard *shard
	id    *idState // nil: not remembered
}

// hashOf stands for the key of an id where only equality matters.
func hashOf(token, id []byte) uint64 { return xxh3.HashSeed(id, xxh3.Hash(token)) }

// route sends an event through the stations.
func (p *Pipeline) route(v *visit) Route {
	s := v.shard
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key = AppendKey(s.key[:0], v.Token, v.KeyID())
	v.key = s.key
	r := Route{Lane: LaneOf(v.Name, v.Historical, p.config.InPlace), Keyed: true, Persons: true}
	v.id = s.id(v.hash, v.now)
	if r.Lane == Main {
		p.limit(&r, v)
	}
	if r.Keyed {
		r.Partition = Partition(v.key, p.config.Partitions)
	} else {
		// murmur2_random: any partition, one as good as another.
		r.Partition = int(rng.Mix(p.spread.Add(1)*rng.Gamma) % uint64(p.config.Partitions))
	}
	s.count(v, &r)
	if v.id != nil {
		s.watch(v, &r)
	}
	return r
}

// limit looks at what reroutes an event of the main lane. An id that is not
// remembered is not limited, but counted.
func (p *Pipeline) limit(r *Route, v *visit) {
	c, o := &p.config, &v.shard.overflow
	switch {
	case c.PerMinute > 0 && v.id != nil && v.id.overLimit(c.PerMinute, v.now):
		o.Global++
		r.Keyed, r.Persons = false, false
	case slices.Contains(c.Forced, string(v.Token)) || slices.Contains(c.Forced, string(v.key)):
		o.Forced++
		r.Keyed, r.Persons = false, false
	case !c.NoOverflow && v.id != nil && !v.id.bucket.take(c.Overflow, v.now.UnixNano()):
		o.Bucket++
		r.Keyed = c.KeepKey
	default:
		return
	}
	if v.shard.overflowed.IsZero() {
		v.shard.overflowed = v.now
	}
	if !c.InPlace {
		r.Lane = Overflow
	}
}

// merge judges an event that joins two ids.
func (p *Pipeline) merge(e *Event, target uint64, now time.Time) {
	source := hashOf(e.Token, e.Link)
	late := p.touch(target, e.Time, now, false)
	if p.touch(source, e.Time, now, true) || late {
		p.persons.overtook()
	}
	p.persons.merge(e, target, source)
}

// touch notes that an id took part in a merge at a time, and reports whether a
// younger merge of it came before.
func (p *Pipeline) touch(hash uint64, at, now time.Time, joined bool) (late bool) {
	s := &p.shards[hash%shards]
	s.mu.Lock()
	defer s.mu.Unlock()
	id := s.id(hash, now)
	if id == nil || at.IsZero() {
		return false
	}
	ms := at.UnixMilli()
	late = id.merged > ms
	id.merged = max(id.merged, ms)
	if joined {
		id.joined = max(id.joined, ms)
	}
	return late
}
