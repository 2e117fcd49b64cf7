package preflight

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"rehearse/internal/preflight/backlog"
	"rehearse/internal/preflight/cure"
	"rehearse/internal/text"
	"rehearse/scenario"
)

// Order is how many events come behind a younger one of their distinct_id because
// requests travel over several connections, and one overtakes another.
//
// What is assumed was measured, of a capture service of June 2024 and its Kafka beside
// the generator on two cores: 121 of 110,000 events in quickstart, 478 of 120,000 in
// historical-import, 156 of 50,000 in merge-storm, 124 of 60,000 in hot-id. One request
// in 250 that is slower by five times what a request takes gives those to a factor of
// 2.3; endpoints differ from each other as much.
type Order struct {
	Behind   int64   `json:"behind"`     // events, if so many requests are slow
	Low      int64   `json:"behind_low"` // between which they lie with whatever endpoint, …
	High     int64   `json:"behind_high"`
	AtMost   int64   `json:"at_most"`    // if any request may be so slow
	InFlight float64 `json:"in_flight"`  // requests at the peak, that may overtake each other
	Slow     float64 `json:"slow_share"` // of the requests, as assumed
	SlowS    float64 `json:"slow_s"`     // how much longer they take
}

// What is assumed of requests.
const (
	slowShare   = 1.0 / 250
	slowService = 5   // times what a request takes
	orderFactor = 3.0 // by which the number may be off either way
)

// slowness is how much longer a slow request takes.
func slowness(f *Facts) time.Duration { return slowService * f.Service }

// inOrder tells whether no request can overtake another of the same id.
func inOrder(s *scenario.Scenario) bool {
	return s.Target.Connections == 1 || s.Replay != nil && s.Replay.Order == scenario.OrderPerID
}

// orderIs notes the order, followed being how many of some events have another of their
// id in a batch that leaves while a slow request is on its way.
func (l *checker) orderIs(followed, of int64) {
	p, slow := &l.report.Plan, slowness(l.facts)
	o := Order{InFlight: min(p.PeakRequests*l.facts.Service.Seconds(),
		float64(l.s.Target.Connections)), Slow: slowShare, SlowS: slow.Seconds()}
	if !inOrder(l.s) {
		most := float64(followed) / float64(max(of, 1)) * l.taken * float64(l.load.Events)
		if c := l.census; c != nil && !c.Whole {
			// What follows the last events of a block was not looked at.
			block := float64(c.Events) / float64(c.Blocks) / max(p.MeanEvents, 1e-9)
			most = min(most/(1-min(slow.Seconds()/block, 1)/2), float64(l.load.Events))
		}
		o.AtMost = int64(math.Round(most))
		o.Behind = int64(math.Round(most * slowShare))
		o.Low = int64(most * slowShare / orderFactor)
		o.High = int64(math.Ceil(most * slowShare * orderFactor))
	}
	l.report.Order = o
}

// orderText sets the order in one line.
func (r *Report) orderText() string {
	o := &r.Order
	if o.AtMost == 0 {
		return "kept: no request overtakes another with an event of the same distinct_id"
	}
	return fmt.Sprintf("%s events (%s to %s) arrive behind a younger one of their distinct_id",
		text.Count(o.Behind), text.Count(o.Low), text.Count(o.High))
}

// lags are by how much partitions may differ in what was read of them, for which a
// report says how many merges would be read too early: a slow consumer, one that was
// restarted, one that is stuck.
var lags = [...]time.Duration{time.Second, 10 * time.Second, time.Minute}

// lagged counts the merges that would be read before an event of the id that they join,
// because that lies on another partition which is read later. Within a partition, events
// are read in the order in which they came.
type lagged struct {
	lags []time.Duration
	// by lag: merges whose source lies on a partition, its latest event nearer than that
	by [][]int64
}

// newLagged counts for the usual lags and one more.
func newLagged(partitions int, hazard time.Duration) lagged {
	g := lagged{lags: lags[:]}
	if hazard > 0 && !slices.Contains(g.lags, hazard) {
		g.lags = append(slices.Clone(g.lags), hazard)
		slices.Sort(g.lags)
	}
	for range g.lags {
		g.by = append(g.by, make([]int64, partitions))
	}
	return g
}

// add counts a merge from one partition to another, so long after the latest event of
// the id that it joins.
func (g *lagged) add(after time.Duration, from, to int) {
	for i, lag := range g.lags {
		if after < lag && from != to {
			g.by[i][from]++
		}
	}
}

// atMost is how many merges are read too early if partitions differ by a lag, however
// the lags lie.
func (g *lagged) atMost(lag time.Duration) (n int64) {
	if i := slices.Index(g.lags, lag); i >= 0 {
		for _, one := range g.by[i] {
			n += one
		}
	}
	return n
}

// ReadEarly is how many merges are read before an event of the id that they join, if
// partitions differ in lag.
type ReadEarly struct {
	LagS      float64 `json:"lag_s"`
	OneBehind int64   `json:"one_behind"` // if the busiest partition alone is behind all others
	AtMost    int64   `json:"at_most"`    // if any may be behind any other

	OneError float64 `json:"one_behind_error"` // half of a 95 % interval, as a share; 0: exact
	Error    float64 `json:"at_most_error"`
}

// rows lists what was counted of some events, for all of a run. Where events are known
// by when they are due, a merge may be a batch nearer to them than it seems.
func (g *lagged) rows(hottest int, seen, all int64) (rows []ReadEarly) {
	scale := float64(all) / float64(max(seen, 1))
	off := func(n int64) float64 {
		if seen == all {
			return 0
		}
		return sampling(n, seen)
	}
	for i, lag := range g.lags {
		one, most := g.by[i][hottest], g.atMost(lag)
		rows = append(rows, ReadEarly{
			LagS: lag.Seconds(), OneBehind: int64(math.Round(float64(one) * scale)),
			AtMost:   int64(math.Round(float64(most) * scale)),
			OneError: off(one), Error: off(most),
		})
	}
	slices.SortFunc(rows, func(a, b ReadEarly) int { return cmp.Compare(a.LagS, b.LagS) })
	return rows
}

// sampling is the error of a share that was seen hits times among n: half of its
// 95 % interval (binomial), as a share of it.
func sampling(hits, n int64) float64 {
	if hits == 0 {
		return 0
	}
	share := float64(hits) / float64(n)
	return 1.96 * math.Sqrt((1-share)/float64(hits))
}

// waits counts how long ids were anonymous before they were merged, by size, in
// steps of two per cent from a millisecond on.
type waits struct {
	counts [waitSteps]int64
	all    int64
}

const (
	waitStep  = 1.02
	waitSteps = 1500 // more than a century
)

// add counts one.
func (w *waits) add(d time.Duration) {
	step := int(math.Log(max(float64(d)/float64(time.Millisecond), 1)) / math.Log(waitStep))
	w.counts[min(step, waitSteps-1)]++
	w.all++
}

// seconds is what a share of them stay below; 0 of nothing.
func (w *waits) seconds(share float64) float64 {
	rank := int64(math.Ceil(share * float64(w.all)))
	for step, n := range w.counts {
		rank -= n
		if rank <= 0 && w.all > 0 {
			return math.Pow(waitStep, float64(step)+0.5) / 1000
		}
	}
	return 0
}

// How late is worth a word, and how late a person has to agree to, in seconds.
const (
	lateNote      = 5
	lateCondition = 60
)

// lagging says which queues are late.
func lagging(l *checker) (all []Finding) {
	c, peak := &l.report.Lag, l.report.Plan.PeakEvents
	if q := c.ID; q != nil {
		each := 1 / l.latest
		share := l.shareOf(q.Name)
		all = append(all, l.lagOf(q, draft{"late-id", l.idsPath(),
			fmt.Sprintf("events of one distinct_id are processed one after another, %s/s: ", text.Rate(each)),
			fmt.Sprintf("split its events over %.0f distinct_ids, or peak at %s events/s in all",
				max(math.Ceil(share*peak/each), 2), text.Count(math.Floor(each/max(share, 1e-9))))},
			l.split(each), l.lower(each/max(share, 1e-12)))...)
	}
	if q := c.Partition; q != nil {
		p := &l.report.Partitions
		each := l.facts.Costs.Partition / l.meanly
		most := each * float64(l.load.Events) / float64(max(p.Max, 1))
		all = append(all, l.lagOf(q, draft{"late-partition", l.curvePath(),
			fmt.Sprintf("a partition processes %s events/s of this load: ", text.Rate(each)),
			fmt.Sprintf("peak at %s events/s, or add consumers", text.Count(math.Floor(most)))}, l.lower(most))...)
	}
	for i := range c.Stages {
		s := &l.facts.Stages[i]
		all = append(all, l.lagOf(&c.Stages[i], draft{"late-stage", l.curvePath(),
			fmt.Sprintf("%s take %s events/s: ", plain(s.Name, 40), text.Rate(s.Capacity)),
			fmt.Sprintf("disable them for the run, or peak at %s events/s",
				text.Count(math.Floor(s.Capacity/max(s.Share, 1e-9))))}, l.lower(s.Capacity/max(s.Share, 1e-9)))...)
	}
	return all
}

// shareOf is the share of the events that an id of the list has.
func (l *checker) shareOf(named string) float64 {
	for i := range l.report.HotIDs {
		if h := &l.report.HotIDs[i]; h.named() == named {
			return h.Share
		}
	}
	return 0
}

// lagOf makes a finding of a queue that is late.
func (l *checker) lagOf(q *backlog.Queued, d draft, cures ...cure.Cure) []Finding {
	if q.Worst < lateNote {
		return nil
	}
	d.message += l.report.lagText(q)
	find := l.accommodate
	if q.Worst < lateCondition {
		find = l.note
	}
	words := fmt.Sprintf("The events of this run appear up to %s late, and are complete %s.", seconds(q.Worst),
		l.report.moment(q.Drained))
	return told(cured(find(d), cures...), words)
}

// lagText says how late a queue is.
func (r *Report) lagText(q *backlog.Queued) string {
	if q.Begins == nil {
		return plainText(q.Name) + " is never a second late"
	}
	return fmt.Sprintf("%s is up to %s%s late, from %s on, %s at the end of the load; done %s", plainText(q.Name),
		seconds(q.Worst), within(q.Error), seconds(*q.Begins), seconds(q.AtEnd), r.moment(q.Drained))
}

func plainText(name string) string { return string(plain(name, 40)) }

// moment says when something is: by the clock if the start is known, else by the time of
// the run.
func (r *Report) moment(s float64) string {
	if r.start.IsZero() {
		return seconds(s) + " into the run"
	}
	return "at " + r.start.Add(moment(s)).Format("15:04 on 2 Jan")
}

// The bounds of what waits on a disk of the broker, in bytes: 54 GB filled one
// (PostHog/posthog#57573).
const (
	muchBacklog = 1e9
	fullDisk    = 50e9
)

// brokerDisk says how much waits on the broker at its worst.
func brokerDisk(l *checker) []Finding {
	b := &l.report.Storage.Broker
	if b.Bytes < muchBacklog {
		return nil
	}
	find := l.note
	if b.Bytes >= fullDisk {
		find = l.accommodate
	}
	change := l.lower(l.ownPart(l.facts.Capacity))
	if q := l.report.Lag.Everything; q == nil || q.Name != b.Of {
		change = cure.Cure{}
	}
	return cured(find(draft{"broker-disk", l.curvePath(),
		fmt.Sprintf("%s of events wait on the broker at the worst, %s, in each replica of the topic: a disk that is "+
			"full stops the events of everybody", text.Size(b.Bytes), l.report.moment(b.At)),
		"make sure that its disks have as much to spare, or peak at the capacity"}), change)
}
