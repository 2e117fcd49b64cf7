package preflight

import (
	"net/netip"
	"slices"
	"time"

	"github.com/zeebo/xxh3"

	"rehearse/internal/capture"
	"rehearse/internal/capture/pipeline"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// Tally counts a run request by request and leads its events through a model of
// the pipeline, in the time of the run. It is for one goroutine.
type Tally struct {
	rig
	sizes
	reading

	refused  capture.RefusedBy
	ids      tracked
	names    map[string]int64
	cost     float64
	accepted int64
	merges   tallied
	left     leftBehind
	followed int64 // events that have another of their id in a later request, soon after
	ruled    ruled
}

// rig is what requests are counted by.
type rig struct {
	sizer  capture.MessageSizer
	model  *pipeline.Pipeline
	single *pipeline.Pipeline // as if one replica had all connections; nil: one has anyway
	facts  *Facts
	origin time.Time // of the run in the clock of the limits
	start  time.Time // and in that of the events' times
	near   int       // what a message has that comes near the limit
}

// sizes are how much was counted, and how large.
type sizes struct {
	Events, Requests int64
	Body, Wire       int64
	MaxBody, MaxWire int64
	MaxEvent         int64 // of the Kafka messages that events become which come near the limit
}

// reading is how far the requests have been read.
type reading struct {
	waits  waits
	due    time.Duration // of the latest request
	pause  time.Duration // the longest between two
	oldest time.Duration // how old the oldest event is when it arrives
	ahead  int64         // of them, too far ahead of the clock
	event  pipeline.Event
	key    []byte // backs keys
}

// The bounds of a tally.
const (
	mostSeen  = 1 << 18 // ids; some 50 MB
	mostNames = 10_000
)

// NewTally prepares to count a run of s, built as if it began at start (see [Start]),
// against given facts; nil: those of FactsOf, and what the scenario makes of the
// embedded endpoint.
func NewTally(s *scenario.Scenario, given *Facts, start time.Time) *Tally {
	f := given
	if f == nil {
		f = FactsOf(s)
	}
	n := buckets(s, f)
	var dropped []string
	if given == nil && s.Target.URL == "" {
		dropped = s.Staging.OverQuota
	}
	config := pipeline.Config{Facts: &f.Facts, Partitions: f.Partitions, IDs: mostSeen, OverQuota: dropped}
	t := &Tally{ids: newTracked(mostSeen), names: map[string]int64{}}
	t.start, t.facts, t.origin = start, f, originOf(s)
	_, most := Behind(s, given)
	t.near = int(nearLimit * float64(most.Event))
	t.left.persons = pipeline.NewPersons(mostSeen)
	t.left.persons.Within(f.Merges)
	t.merges = tallied{lagged: newLagged(f.Partitions, f.Hazard), linked: map[uint64]struct{}{}}
	if n > 1 {
		t.single = pipeline.New(config)
		together := f.Facts
		together.Overflow.PerSecond, together.Overflow.Burst = f.Overflow.PerSecond*n, f.Overflow.Burst*n
		config.Facts = &together
	}
	t.model = pipeline.New(config)
	return t
}

// originOf is when a run is taken to begin: the global limit counts by full minutes
// of the clock, and a run that may begin at any time begins with one.
func originOf(s *scenario.Scenario) time.Time {
	if starts := s.Intake.Starts; !starts.IsZero() {
		return starts
	}
	return time.Unix(1<<31, 0).Truncate(time.Minute)
}

// Request is one request of a run.
type Request struct {
	Due        time.Duration
	Events     int64
	Body, Wire int64
	Packed     int64               // the body as it travels
	Submission *capture.Submission // nil: the endpoint refuses it
	Refusal    *capture.Refusal    // how; nil: it does not

	ForwardedFor string // X-Forwarded-For, empty: none
}

// Take counts the next request, in the order in which they are due.
func (t *Tally) Take(r *Request) {
	if t.Requests > 0 {
		t.pause = max(t.pause, r.Due-t.due)
	}
	t.due = r.Due
	t.Requests++
	t.Events += r.Events
	t.Body += r.Body
	t.Wire += r.Wire
	t.MaxBody, t.MaxWire = max(t.MaxBody, r.Body), max(t.MaxWire, r.Packed)
	if r.Refusal != nil {
		t.refused.Add(r.Refusal, 1, r.Events)
		return
	}
	t.refused.Take(r.Submission)
	if s := r.Submission; s.Discarded != capture.NotDiscarded {
		t.model.Discard(int64(s.Len()), s.Discarded == capture.OverQuota)
		return
	}
	for e := range r.Submission.All() {
		t.take(r, e)
	}
}

// take counts an event that the endpoint takes.
func (t *Tally) take(r *Request, e *capture.Received) {
	t.accepted++
	if e.MessageAtMost() >= t.near { // To weigh a message takes longer than all that follows.
		t.MaxEvent = max(t.MaxEvent, int64(t.sizer.Of(e, r.Submission, &capture.Request{},
			t.facts.Generation)))
	}
	t.event = pipeline.Event{
		Token: r.Submission.Token, DistinctID: e.DistinctID, Name: e.Event,
		Link: pipeline.Link(e.Event, e.Properties), Historical: r.Submission.Historical,
	}
	if at := (time.Time{}); len(e.Timestamp) > 0 && at.UnmarshalText(e.Timestamp) == nil {
		t.event.Time = at
	}
	t.stamp(r, e)
	if e.Cookieless && t.facts.CookielessByIP {
		t.event.Address = []byte(e.KeptIP([]byte(r.ForwardedFor), netip.Addr{}))
	}
	route := t.model.Take(&t.event, t.origin.Add(r.Due))
	if t.single != nil {
		t.single.Take(&t.event, t.origin.Add(r.Due))
	}
	t.ruled.take(r.Due, &route)
	t.cost += t.facts.Costs.Of(string(e.Event))
	if _, known := t.names[string(e.Event)]; known || len(t.names) < mostNames {
		t.names[string(e.Event)]++
	}
	id := t.id(r.Submission.Token, e.DistinctID)
	if id.latest >= 0 && id.latest != r.Due && r.Due-id.latest <= slowness(t.facts) {
		t.followed += id.together
	}
	id.take(r.Due, route)
	t.left.take(t, e.DistinctID, route)
	if t.event.Link != nil && !route.Dropped {
		t.merge(r, id)
	}
}

// stamp notes how old an event is when it arrives, by the clock of the run.
func (t *Tally) stamp(r *Request, e *capture.Received) {
	arrives := t.start.Add(r.Due)
	at, ahead := e.Stamp(r.Submission, arrives)
	if ahead {
		t.ahead++
		return
	}
	t.left.months.See(r.Due, at)
	age := arrives.Sub(at)
	t.oldest = max(t.oldest, age)
	t.event.Historical = t.event.Historical || t.facts.HistoricalAfter > 0 &&
		age > t.facts.HistoricalAfter
}

// id returns what is known about an id.
func (t *Tally) id(token, id []byte) *seen {
	hash := xxh3.HashSeed(id, xxh3.Hash(token))
	if s := t.ids.ids[hash]; s != nil {
		return s
	}
	key := pipeline.HashKey(pipeline.AppendKey(nil, token, id))
	s := &seen{id: string(id), key: key}
	whole := pipeline.AppendKey(nil, token, id)
	s.forced = t.facts.Restricted(pipeline.ForceOverflow, token, whole)
	s.unkeyed = t.facts.Restricted(pipeline.SkipPersons, token, whole)
	t.ids.add(hash, s)
	if _, joined := t.merges.linked[hash]; joined {
		t.merges.early++
		delete(t.merges.linked, hash)
	}
	return s
}

// tallied are the merges by what could have them read too early.
type tallied struct {
	lagged   lagged
	apart    int64
	overflow int64
	early    int64
	linked   map[uint64]struct{} // ids that were joined and have had no event yet
}

// merge judges a merge: how long before it the id that it joins had its latest event, or
// whether that is still to come, and whether its target overflows.
func (t *Tally) merge(r *Request, target *seen) {
	source := t.ids.ids[xxh3.HashSeed(t.event.Link, xxh3.Hash(t.event.Token))]
	if source != nil && !source.merged {
		source.merged = true
		if source.missed == 0 { // else it may have come earlier
			t.waits.add(r.Due - source.earliest)
		}
	}
	if target.overflow {
		t.merges.overflow++
	}
	t.key = pipeline.AppendKey(t.key[:0], t.event.Token, t.event.Link)
	from, to := pipeline.Partition(t.key, t.facts.Partitions),
		target.key.Partition(t.facts.Partitions)
	t.left.join(t, source, target)
	if from != to {
		t.merges.apart++
	}
	if source != nil && source.latest >= 0 {
		t.merges.lagged.add(r.Due-source.latest, from, to)
	} else if len(t.merges.linked) < mostSeen {
		t.merges.linked[xxh3.HashSeed(t.event.Link, xxh3.Hash(t.event.Token))] = struct{}{}
	}
}

// report writes what was counted into the report of l.
func (t *Tally) report(l *checker) {
	r, stats := l.report, t.model.StatsAt(t.origin.Add(t.due))
	l.taken, l.names, l.largest = 1, len(t.names), t.MaxEvent
	l.oldest, l.ahead = t.oldest, float64(t.ahead)
	l.eventsCost(t.cost / float64(max(t.accepted, 1)))
	l.ruled = t.ruled
	l.ruled.listed = stats.OverQuota - int64(t.ruled.beyond)
	l.shared()
	dropped := slices.ContainsFunc(l.load.Refused, func(r capture.Refused) bool { return r.Discard == capture.ByRule })
	l.missed(func(token, id string) bool {
		_, comes := t.ids.ids[xxh3.HashSeed([]byte(id), xxh3.Hash([]byte(token)))]
		return comes || t.ids.missed > 0 || dropped && l.restricts(pipeline.Drop, &key{token: token, id: id})
	})
	m := stats.Merges
	r.Plan.Persons, r.Plan.Errors.Persons = t.ids.different()
	r.Plan.Missed = t.ids.missed
	r.Plan.Pause, r.Plan.Disorder = t.pause.Seconds(), stats.Order.Backwards
	l.crowd = float64(t.ids.over)
	if t.single != nil {
		o := t.single.Stats().Overflow
		l.worst = float64(o.Bucket + o.Forced + o.Global)
	}
	all := t.ids.busiest()
	var hot []HotID
	for _, s := range all {
		h := t.hotID(s)
		l.list(h)
		if h.Overflow > 0 {
			hot = append(hot, h)
		}
	}
	l.overflowing(hot)
	if len(all) > 0 {
		l.safe(float64(all[0].events) / float64(t.Events))
	}
	t.spread(r, &stats)
	l.lateCounted(&stats.Lag, t.origin)
	l.storedCounted(&t.left)
	l.orderIs(t.followed, t.accepted)
	l.mergesAre(Merges{
		Total: m.Total, Refused: m.Illegal + m.Identified, Apart: t.merges.apart,
		Early: t.merges.early, Overflow: t.merges.overflow,
		AtRisk:    t.merges.lagged.atMost(l.facts.Hazard) + t.merges.early + t.merges.overflow,
		ReadEarly: t.merges.lagged.rows(r.Partitions.Hottest, 1, 1),
		P50:       t.waits.seconds(0.5), P90: t.waits.seconds(0.9),
	})
}

// hotID is what a report says of an id.
func (t *Tally) hotID(s *seen) HotID {
	h := HotID{
		DistinctID: s.id, Events: s.events, Share: float64(s.events) / float64(t.Events),
		PeakPerS: float64(s.peak),
		Overflow: s.over, Partition: s.key.Partition(t.facts.Partitions), forced: s.forced, unkeyed: s.unkeyed,
		IDErrors: IDErrors{EventsError: float64(t.ids.missed) / float64(max(s.events, 1))},
	}
	h.Global = s.global
	if s.overflow {
		first := s.first.Seconds()
		h.OverflowsS = &first
	}
	return h
}

// spread sums up the partitions of all lanes but that of overflow.
func (t *Tally) spread(r *Report, stats *pipeline.Stats) {
	load := make([]int64, t.facts.Partitions)
	p := Partitions{Count: t.facts.Partitions}
	for _, lane := range stats.Lanes {
		if lane.Lane == pipeline.Overflow.String() {
			continue
		}
		for i, n := range lane.Partitions {
			load[i] += n
			p.Mean += float64(n)
		}
	}
	p.Mean /= float64(p.Count)
	for i, n := range load {
		if n > p.Max {
			p.Max, p.Hottest = n, i
		}
	}
	r.Partitions = p
}

// Load is what was counted, along a curve.
func (t *Tally) Load(curve *schedule.Curve) Load {
	return Load{
		Events: t.Events, Requests: t.Requests, Body: t.Body, Wire: t.Wire, MaxBody: t.MaxBody,
		MaxWire: t.MaxWire,
		Curve:   curve, Tally: t, Refused: t.refused.All(),
	}
}
