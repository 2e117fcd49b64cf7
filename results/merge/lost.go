package merge

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"rehearse/internal/capture"
	"rehearse/internal/text"
	"rehearse/results"
)

// lose notes that a shard did not do its part. at is nil if it is not known when.
func (g *group) lose(s *input, how results.LossKind, because string, at *float64) {
	g.lost = append(g.lost, results.LostShard{Index: s.index(), How: how, Because: because, At: at,
		Share: results.Share(s.Result.Planned.Events, g.whole())})
}

// whole is how many events all shards were to send.
func (g *group) whole() (events int64) {
	if whole := g.inputs[0].Result.Planned.Whole; whole > 0 {
		return whole
	}
	for _, s := range g.inputs { // of a version that did not say
		events += s.Result.Planned.Events
	}
	return events
}

// findLost names the shards that are not there, or are so in part only. Where all
// were stopped no shard went on, so that none is lost.
func (g *group) findLost() error {
	there := map[int]bool{}
	stopped := map[bool]int{}
	aborted := slices.ContainsFunc(g.inputs, func(s *input) bool { return s.Result.Run.Ended == results.Aborted })
	for _, s := range g.inputs {
		there[s.index()] = true
		if !s.superseded {
			stopped[s.Result.Run.Ended == results.Interrupted]++
		}
	}
	g.there = len(there)
	for _, s := range g.inputs {
		run := &s.Result.Run
		switch {
		case s.superseded:
			doubtful := s.Result.Events.Ambiguous + s.Result.Events.MayBeStored
			g.twice += doubtful
			g.lose(s, results.LossResumed, fmt.Sprintf("%s sent again, though they may have been stored",
				text.Plural(doubtful, "event")), &run.Seconds)
		case run.Ended == results.Killed:
			g.lose(s, results.LossKilled, "", &run.Seconds)
		case run.Ended == results.Late:
			g.lose(s, results.LossLate, run.Why, nil)
		case run.Ended == results.Interrupted && stopped[false] > 0 && !aborted:
			g.lose(s, results.LossStopped, run.Why, &run.Seconds)
		}
	}
	return g.findMissing(there)
}

// findMissing names the shards of which there is no directory. A part that does not
// say which shard it was is taken for any of those that are missing.
func (g *group) findMissing(there map[int]bool) error {
	missing := g.of - len(there)
	if missing < len(g.absent) {
		return fmt.Errorf("more parts than shards: %w", g.absentAll())
	}
	planned := int64(0)
	for _, s := range g.inputs {
		if !s.superseded {
			planned += s.Result.Planned.Events + max(s.acceptedBefore(), 0)
		}
	}
	share := results.Share(g.whole()-planned, g.whole())
	if g.inputs[0].Result.Planned.Whole == 0 { // of a version that did not say
		share = float64(missing) / float64(g.of)
	}
	for i := range g.of {
		if there[i] {
			continue
		}
		l := results.LostShard{Index: i, How: results.LossMissing, Share: share / float64(missing)}
		l.Because, l.At = g.seenOf(i)
		g.lost = append(g.lost, l)
	}
	slices.SortStableFunc(g.lost, func(a, b results.LostShard) int { return a.Index - b.Index })
	return nil
}

// seenOf is what the parts that cannot be read tell of a shard.
func (g *group) seenOf(index int) (because string, at *float64) {
	var why []string
	for _, p := range g.absent {
		if p.Shard >= 0 && p.Shard != index {
			continue
		}
		why = append(why, fmt.Sprintf("%q: %v", p.Path, p.Err))
		start, err := g.inputs[0].Result.Run.Start()
		if p.Shard == index && !p.Ended.IsZero() && err == nil {
			seconds := max(p.Ended.Sub(start), 0).Round(time.Millisecond).Seconds()
			at = &seconds
		}
	}
	if why == nil {
		return "nothing of it was named", nil
	}
	return strings.Join(why, ", or "), at
}

// uniteLedgers makes sure that no event is in two ledgers, and finds what is in none:
// events of shards that were lost. Those that may have left are ambiguous.
func (m *merger) uniteLedgers() error {
	var there covered
	if err := errors.Join(m.eachRange(there.add), there.fold()); err != nil {
		return fmt.Errorf("the shards overlap: %w", err)
	}
	below, broken := int64(0), false // no event of a lost shard from below on has left
	for _, l := range m.lost {
		if l.How == results.LossMissing {
			below, broken = math.MaxInt64, true
		}
		if l.At != nil && l.How != results.LossResumed && (m.from == 0 || results.FromSeconds(*l.At) < m.from) {
			m.from = results.FromSeconds(*l.At)
		}
	}
	for _, s := range m.inputs {
		if s.killed() && !s.superseded {
			below, broken = max(below, s.below), true
		}
	}
	if broken {
		m.countLost(there.ranges, below)
	}
	return nil
}

// countLost counts what no ledger has.
func (m *merger) countLost(there results.Ranges, below int64) {
	for _, gap := range there.Gaps(nil, 0, m.whole()) {
		left := min(max(below-gap.First, 0), gap.Count)
		for _, r := range []results.Range{
			{First: gap.First, Count: left, Fate: capture.FateAmbiguous},
			{First: gap.First + left, Count: gap.Count - left, Fate: capture.FateUnsent},
		} {
			if r.Count > 0 {
				m.lostOnes = append(m.lostOnes, r)
			}
		}
		m.ambiguous.Events += left
		m.unsent.Events += gap.Count - left
	}
	m.ambiguous.Requests, m.unsent.Requests = m.lostRequests()
	if m.ambiguous.Events > 0 {
		m.doubts = append(m.doubts, fmt.Sprintf("%s of lost shards may have left, and nothing else is known of them: "+
			"they count as ambiguous", text.Plural(m.ambiguous.Events, "event")))
	}
}

// lostRequests is how many requests the events of lost shards were to be in: those of
// the whole without what is accounted for, divided as the events are.
func (m *merger) lostRequests() (ambiguous, unsent int64) {
	var planned, booked results.Count
	for _, s := range m.inputs {
		here := s.booked()
		booked = booked.Plus(here)
		if !s.superseded {
			here = results.Count{Requests: s.Result.Planned.Requests, Events: s.Result.Planned.Events}
		}
		planned = planned.Plus(here)
	}
	all := m.inputs[0].Result.Planned.WholeRequests
	if all == 0 { // of a version that did not say
		all = int64(math.Ceil(float64(m.whole()) * results.Share(planned.Requests, planned.Events)))
	}
	lost := max(all, planned.Requests) - booked.Requests
	events := m.ambiguous.Events + m.unsent.Events
	switch {
	case m.unsent.Events == 0:
		return max(lost, min(events, 1)), 0
	case m.ambiguous.Events == 0:
		return 0, max(lost, 1)
	}
	lost = max(lost, 2)
	ambiguous = int64(math.Ceil(float64(lost) * results.Share(m.ambiguous.Events, events)))
	ambiguous = min(max(ambiguous, 1), lost-1)
	return ambiguous, lost - ambiguous
}

// addLost counts in an interval what lost shards may have sent, and what they have not.
func (m *merger) addLost(iv *results.Interval) {
	for _, add := range []struct {
		reason capture.Reason
		count  results.Count
	}{{capture.ShardLost, m.ambiguous}, {capture.NotStarted, m.unsent}} {
		kind := results.Refusal{Reason: add.reason}
		for _, t := range []*results.Tally{&iv.Tally, iv.Unstalled} {
			if t != nil && add.count != (results.Count{}) {
				t.Fates[add.reason.Fate()] = t.Fates[add.reason.Fate()].Plus(add.count)
				t.Refusals[kind] = t.Refusals[kind].Plus(add.count)
			}
		}
	}
}

// final says how the whole ended: by an abort rule, if one ended a shard; stopped, if
// all were; incomplete, if shards were lost; or as the first shard that did not
// complete.
func (m *merger) final() results.Final {
	f := results.Final{Ended: results.Completed, EndpointSum: m.endpointSum(), Breakdown: m.breakdown(),
		Lost: m.lost, Doubts: m.doubts}
	for _, s := range m.inputs {
		run := &s.Result.Run
		first := f.Ended == results.Completed && !s.superseded
		if run.Ended == results.Aborted && (first || f.Rule == "" && run.Rule != "") ||
			run.Ended == results.Interrupted && first {
			f.Ended, f.Rule, f.Why = run.Ended, run.Rule, "shard "+strconv.Itoa(s.index())+": "+run.Why
		}
	}
	if f.Ended != results.Aborted && slices.ContainsFunc(m.lost, func(l results.LostShard) bool {
		return l.How != results.LossResumed
	}) {
		f.Ended, f.Why = results.Incomplete, ""
	}
	if f.Rule != "" {
		f.Note = m.wentOn()
		return f
	}
	m.judgeAborts(&f)
	return f
}

// wentOn names the shards that an abort rule did not end, though it ended another.
func (m *merger) wentOn() string {
	var on []string
	for _, s := range m.inputs {
		if s.Result.Run.Ended == results.Completed {
			on = append(on, strconv.Itoa(s.index()))
		}
	}
	if on == nil {
		return ""
	}
	return "the abort rule ended the shard that saw it; the others were not told and went on to their end: " +
		strings.Join(on, ", ") + " (kubernetes run ends all of them)"
}
