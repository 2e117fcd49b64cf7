package pipeline

import (
	"slices"
	"sync/atomic"
	"time"

	"github.com/zeebo/xxh3"

	"rehearse/internal/rng"
	"rehearse/internal/topk"
)

// Config says what the pipeline enforces, and how much of it is remembered.
type Config struct {
	Facts      *Facts // nil: those of November 2026
	Partitions int    // of every lane; 0: 64. How many production has is not public

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
	Dropped   bool // over quota, by a rule, or as no import: nowhere
	Lane      Lane
	Partition int
	Keyed     bool // false: it may be read before or after its neighbours
	Persons   bool // false: no person is looked up or changed for it
	// Moved: the consumer moves it from its lane to that of overflow; with KeepsOrder it keeps its
	// key there.
	Moved, KeepsOrder bool
	Over              Over // which limit or rule it is over
}

// Over is what an event is over that does not take its way.
type Over uint8

// What there is.
const (
	NotOver      Over = iota
	OverRule          // a restriction
	OverGlobal        // the global limit
	OverBucket        // the bucket of capture
	OverConsumer      // that of the consumer
	OverQuota         // the quota of its project: it is dropped
)

// Pipeline routes events and counts what becomes of them. Its methods may be
// called from any goroutine.
type Pipeline struct {
	config  Config
	facts   *Facts
	shards  [shards]shard
	persons persons
	left    left

	consumers consumers
	quota     atomic.Int64
	dropped   atomic.Int64
	spread    atomic.Uint64 // events without a key so far
}

// shards is over how many locks the ids are spread.
const shards = 16

// New returns a pipeline that has seen nothing.
func New(c Config) *Pipeline {
	c.Partitions = orDefault(c.Partitions, defaultPartitions)
	c.HotIDs = orDefault(c.HotIDs, defaultHotIDs)
	c.IDs = orDefault(c.IDs, defaultIDs)
	if c.Facts == nil {
		c.Facts = Default(false)
	}
	p := &Pipeline{config: c, facts: c.Facts, left: left{of: map[string]int64{}},
		persons: persons{most: c.IDs, limit: c.Facts.Merges, members: map[uint64]*member{}}}
	p.consumers.stages = make([]stageQueue, len(c.Facts.Stages))
	if c.Facts.Costs.Partition > 0 {
		for lane := range p.consumers.partitions {
			p.consumers.partitions[lane] = make([]lagging, c.Partitions)
		}
	}
	for i := range p.shards {
		p.shards[i] = shard{ids: map[uint64]*idState{}, most: max(c.IDs/shards, 1),
			light: c.Facts.Global.Events / 100, hot: topk.New[hotID](5 * c.HotIDs)}
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
	switch {
	case slices.Contains(p.config.OverQuota, string(e.Token)) || !p.left.take(p.facts.Quota, e.Token):
		p.quota.Add(1)
		return Route{Dropped: true, Over: OverQuota}
	case p.facts.Import && !e.Historical:
		p.dropped.Add(1)
		return Route{Dropped: true}
	}
	v := visit{Event: e, hash: hashOf(e.Token, e.KeyID()), now: now}
	v.shard = &p.shards[v.hash%shards]
	r := p.route(&v)
	if e.Link != nil && r.Persons && !r.Dropped {
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
	if p.facts.Restricted(Drop, v.Token, v.key) {
		p.dropped.Add(1)
		return Route{Dropped: true}
	}
	r := Route{Lane: LaneOf(v.Name, v.Historical, p.facts.InPlace), Keyed: true, Persons: true}
	v.id = s.id(v.hash, v.now)
	p.restrict(&r, v)
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
	p.work(v, &r)
	return r
}

// restrict applies the rules of the deployment: a topic of its own wins over overflow,
// and the main lane has no keys for events without persons.
func (p *Pipeline) restrict(r *Route, v *visit) {
	if len(p.facts.Restrictions) == 0 {
		return
	}
	if p.facts.Restricted(Redirect, v.Token, v.key) {
		r.Lane = Redirected
	}
	if p.facts.Restricted(SkipPersons, v.Token, v.key) {
		r.Persons, r.Keyed = false, r.Lane != Main && r.Lane != Overflow
	}
	if r.Lane == Main && p.facts.Restricted(ForceOverflow, v.Token, v.key) {
		v.shard.overflow.Forced++
		r.Keyed, r.Persons, r.Over = false, false, OverRule
		p.overflow(r, v)
	}
}

// limit looks at what reroutes an event of the main lane. An id that is not
// remembered is not limited, but counted. What the deployment has taken the persons of
// is not held to the global limit.
func (p *Pipeline) limit(r *Route, v *visit) {
	f, o := p.facts, &v.shard.overflow
	global := f.Global.Of(v.Token, v.key)
	switch {
	case v.id == nil || r.Lane != Main:
	case global > 0 && r.Persons && !f.Import && v.id.overLimit(f.Global.rule(global), v.now):
		o.Global++
		r.Keyed, r.Persons, r.Over = false, false, OverGlobal
		if !f.Global.Stays {
			p.overflow(r, v)
		}
	case f.Overflow.On() && !v.id.bucket.take(f.Overflow.Limit, v.now.UnixNano()):
		o.Bucket++
		r.Keyed, r.Over = r.Keyed && f.Overflow.KeepsOrder, OverBucket
		p.overflow(r, v)
	case f.Consumer.On() && r.Keyed && !v.id.reader.take(f.Consumer.Limit, v.now.UnixNano()):
		o.Consumer++
		r.Moved, r.KeepsOrder, r.Over = true, f.Consumer.KeepsOrder, OverConsumer
		p.since(v)
	}
}

// overflow moves an event off the main lane, which in 2024 it kept.
func (p *Pipeline) overflow(r *Route, v *visit) {
	p.since(v)
	if !p.facts.InPlace {
		r.Lane = Overflow
	}
}

// since notes when the first event overflowed.
func (p *Pipeline) since(v *visit) {
	if v.shard.overflowed.IsZero() {
		v.shard.overflowed = v.now
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
