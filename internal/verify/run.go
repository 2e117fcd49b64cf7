package verify

import (
	"cmp"
	"slices"
	"sort"
	"time"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/scenario"
)

// Run is what is known of a run before a source is read.
type Run struct {
	ID       string
	Name     string // of the scenario
	Scenario *scenario.Scenario
	Attempts []Attempt // the run, and those that it resumed, the first one first
	Closed   bool      // a closed loop: only what was sent was planned
	Notes    []Note
	Doubt    string // why the directory cannot be trusted; empty: it can be

	// Drops tells whether a rule of the deployment has the service take events of an id with a 200 and drop
	// them; nil: there is no such rule.
	Drops func(id []byte) bool

	// Replay deals out the events of the recording that the run replayed, in the order of their numbers,
	// each when it was due; one without a uuid was sent without one. nil: events were synthesized.
	Replay func(each func(i int64, due time.Duration, e *capture.Event) error) error

	replayed *replayed // the same, when it was read
	release  func()
}

// drops tells whether the service drops an event by rule, though it answers 200.
func (r *Run) drops(e *capture.Event) bool {
	return capture.IsFiltered(e.Name) || r.Drops != nil && r.Drops(e.DistinctID)
}

// Release is called by Close.
func (r *Run) Release(f func()) { r.release = f }

// Close forgets what was read of a recording.
func (r *Run) Close() error {
	if r.release != nil {
		r.release()
	}
	if r.replayed == nil {
		return nil
	}
	return r.replayed.Close()
}

// Seed is that of synthesized events, 0 of a replay.
func (r *Run) Seed() uint64 {
	if r.Scenario.Traffic == nil {
		return 0
	}
	return r.Scenario.Traffic.Seed
}

// Prefix is what all ids of the run begin with; empty: nothing is known.
func (r *Run) Prefix() string {
	if r.Scenario.Traffic == nil {
		return ""
	}
	return r.Scenario.Traffic.DistinctIDs.Prefix
}

// Start is when the first attempt began.
func (r *Run) Start() time.Time { return r.Attempts[0].start() }

// Attempt is one of the runs that sent a part of the events.
type Attempt struct {
	Starts  []time.Time     // of its shards, or of itself
	Skipped time.Duration   // how much earlier than in the whole its events were due
	Load    time.Duration   // from its start to when the last of its events was answered
	Fates   []results.Range // what became of which events; sorted and disjoint
	Unknown []results.Range // events that it may have sent without knowing; sorted and disjoint
}

// start is when the attempt began, of shards the first.
func (a *Attempt) start() time.Time {
	return slices.MinFunc(a.Starts, time.Time.Compare).Add(-a.Skipped)
}

// end is when the attempt ended.
func (a *Attempt) end() time.Time {
	latest := a.Starts[0]
	for _, start := range a.Starts {
		if start.After(latest) {
			latest = start
		}
	}
	return latest.Add(a.Load)
}

// reach is the event behind the last that any attempt sent or may have sent.
func (r *Run) reach() (below int64) {
	for n := range r.Attempts {
		a := &r.Attempts[n]
		for _, all := range [][]results.Range{a.Fates, a.Unknown} {
			if len(all) > 0 {
				last := all[len(all)-1]
				below = max(below, last.First+last.Count)
			}
		}
	}
	return below
}

// fate is what became of each of a stretch of events, in all attempts together.
type fate struct {
	first   int64
	sent    sendings
	attempt int // the one that accepted them, or else may have sent them
}

// sendings is how often an event was sent, by what became of it.
type sendings struct {
	accepted int32
	doubtful int32 // it may be stored or not
	rejected int32 // it is not stored
}

// add adds the sendings of another event under the same uuid.
func (s *sendings) add(o sendings) {
	s.accepted += o.accepted
	s.doubtful += o.doubtful
	s.rejected += o.rejected
}

// fates are stretches of events that cover all of a run, in order.
type fates []fate

// at is the stretch in which event i lies.
func (f fates) at(i int64) int {
	return sort.Search(len(f), func(k int) bool { return f[k].first > i }) - 1
}

// change is where a stretch of one attempt begins or ends.
type change struct {
	at      int64
	by      sendings
	attempt int
}

// fatesOf joins what the attempts say of the events below total.
func fatesOf(attempts []Attempt, total int64) fates {
	var changes []change
	for n := range attempts {
		a := &attempts[n]
		for _, r := range a.Fates {
			changes = appendChanges(changes, r, sendingsOf(r.Fate), n)
		}
		for _, r := range a.Unknown {
			changes = appendChanges(changes, r, sendings{doubtful: 1}, n)
		}
	}
	slices.SortStableFunc(changes, func(a, b change) int { return cmp.Compare(a.at, b.at) })
	all := fates{{}}
	var now sendings
	taken := make([]int32, len(attempts)) // by attempt: how many open stretches of it were sent
	for len(changes) > 0 && changes[0].at < total {
		at := changes[0].at
		for len(changes) > 0 && changes[0].at == at {
			now.add(changes[0].by)
			taken[changes[0].attempt] += changes[0].by.accepted<<16 + changes[0].by.doubtful
			changes = changes[1:]
		}
		f := fate{at, now, busiest(taken)}
		switch last := &all[len(all)-1]; {
		case last.first == at:
			*last = f
		case last.sent != now || last.attempt != f.attempt:
			all = append(all, f)
		}
	}
	return all
}

// busiest is the attempt that accepted, or else the first that may have sent.
func busiest(taken []int32) (best int) {
	for n, t := range taken {
		if t > taken[best] {
			best = n
		}
	}
	return best
}

// appendChanges appends where a stretch begins and ends.
func appendChanges(to []change, r results.Range, by sendings, attempt int) []change {
	if by == (sendings{}) {
		return to
	}
	less := sendings{-by.accepted, -by.doubtful, -by.rejected}
	return append(to, change{r.First, by, attempt}, change{r.First + r.Count, less, attempt})
}

// sendingsOf is one sending that had a fate.
func sendingsOf(f capture.Fate) sendings {
	switch f {
	case capture.FateAccepted:
		return sendings{accepted: 1}
	case capture.FateAmbiguous, capture.FateMayBeStored:
		return sendings{doubtful: 1}
	case capture.FateRejected:
		return sendings{rejected: 1}
	}
	return sendings{}
}
