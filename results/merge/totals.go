package merge

import (
	_ "embed"
	"fmt"
	"math"
	"strconv"
	"time"

	"rehearse/internal/capture"
	"rehearse/results"
	"rehearse/staging/stats"
)

// addTotals adds the books of the inputs, which the timeline does not have in
// full: what was refused, by status.
func (m *merger) addTotals() error {
	most := map[string]int64{}
	for _, s := range m.inputs {
		m.total.Retries += s.Result.Requests.Retried
		if c := s.Result.Connections; c != nil {
			m.total.Connections.Add(c)
		}
		if err := m.addAnswers(s); err != nil {
			return fmt.Errorf("%q: %w", s.Path, err)
		}
		if s.superseded {
			m.total.Retries += s.sentAgain()
			continue
		}
		for _, row := range s.Result.Rejections {
			reason, err := capture.ParseReason(row.Reason)
			if err != nil {
				return fmt.Errorf("%q: %w", s.Path, err)
			}
			kind := results.Refusal{Reason: reason, Status: row.Status, MayBeStored: row.MayBeStored}
			m.total.Refusals[kind] = m.total.Refusals[kind].Plus(results.Count{
				Requests: row.Requests,
				Events:   row.Events,
			})
			if row.Requests > most[row.Reason] {
				most[row.Reason], m.status[row.Reason] = row.Requests, row.Status
			}
		}
	}
	lost := results.NewInterval()
	m.addLost(lost)
	for kind, count := range lost.Refusals {
		m.total.Refusals[kind] = m.total.Refusals[kind].Plus(count)
	}
	m.total.Twice += m.twice
	return nil
}

// sentAgain is how many requests of a superseded run were not accepted: their events
// were sent once more.
func (s *input) sentAgain() int64 { return s.course.rejected.Requests + s.course.ambiguous.Requests }

// endpointSum adds up the sums of the inputs' endpoints: what one of them could not
// compare cannot be of all, and what differs for one differs for all.
func (m *merger) endpointSum() *results.EndpointSum {
	all := &results.EndpointSum{Verdict: results.SumMatches, Kept: "0", Sent: "0"}
	if m.there < m.of {
		return nil
	}
	for _, s := range m.inputs {
		one := s.Result.EndpointSum
		if one == nil {
			return nil
		}
		all.Events += one.Events
		all.Seconds += one.Seconds
		var err error
		if all.Kept, err = stats.AddSums(all.Kept, one.Kept); err == nil && one.Verdict != results.SumNotCompared {
			all.Sent, err = stats.AddSums(all.Sent, one.Sent)
		}
		shard := "shard " + strconv.Itoa(s.Result.Run.Shard.Index) + ": "
		switch {
		case err != nil:
			return &results.EndpointSum{Verdict: results.SumNotCompared, Because: shard + err.Error()}
		case one.Verdict == results.SumDiffers:
			all.Verdict = results.SumDiffers
		case one.Verdict == results.SumNotCompared && all.Verdict == results.SumMatches:
			all.Verdict, all.Because = results.SumNotCompared, shard+one.Because
		}
	}
	if all.Verdict == results.SumNotCompared {
		all.Sent = ""
	}
	return all
}

// breakdown adds up those of the inputs; nil if one of them has none, or is lost.
func (m *merger) breakdown() *results.Breakdown {
	if len(m.lost) > 0 {
		return nil
	}
	all := &results.Breakdown{Names: []results.NamedTotals{}}
	for _, s := range m.inputs {
		if s.Result.Breakdown == nil {
			return nil
		}
		all.Add(s.Result.Breakdown)
	}
	return all
}

// generator adds up what the inputs took, and keeps the worst of how they fared.
func (m *merger) generator() *results.Generator {
	all := &results.Generator{}
	for _, s := range m.inputs {
		g := &s.Result.Generator
		all.CPUSeconds += g.CPUSeconds
		all.RSSBytes = max(all.RSSBytes, g.RSSBytes)
		all.Connections += g.Connections
		all.Health = worst(all.Health, g.Health)
	}
	return all
}

// worst is the worst of two, field by field.
func worst(h, other results.Health) results.Health {
	h.Cores = max(h.Cores, other.Cores)
	h.Busiest = max(h.Busiest, other.Busiest)
	h.Throttled = max(h.Throttled, other.Throttled)
	h.Stolen = max(h.Stolen, other.Stolen)
	h.PauseMS = max(h.PauseMS, other.PauseMS)
	h.HeldUp = max(h.HeldUp, other.HeldUp)
	h.Files = max(h.Files, other.Files)
	h.MaxFiles = max(h.MaxFiles, other.MaxFiles)
	h.NetDrops = max(h.NetDrops, other.NetDrops)
	h.Overflows = max(h.Overflows, other.Overflows)
	h.Resent = max(h.Resent, other.Resent)
	h.RunDelay = max(h.RunDelay, other.RunDelay)
	h.Stalls, h.Sockets = h.Stalls.Plus(other.Stalls), h.Sockets.Plus(other.Sockets)
	if math.Abs(other.ClockStep) > math.Abs(h.ClockStep) {
		h.ClockStep = other.ClockStep
	}
	return h
}

// addAnswers adds what a shard was told event by event, and what it sent again.
// No file has either by the second.
func (m *merger) addAnswers(s *input) error {
	for _, row := range s.Result.Said {
		said, err := parseSaid(row)
		if err != nil {
			return err
		}
		m.total.Said[said] += row.Events
	}
	m.total.Settled = max(m.total.Settled, s.settled()+s.offset)
	if s.Result.Retries == nil {
		return nil
	}
	m.total.Twice += s.Result.Retries.Twice
	for _, row := range s.Result.Retries.Refused {
		reason, err := capture.ParseReason(row.Reason)
		if err != nil {
			return err
		}
		kind := results.Refusal{Reason: reason, Status: row.Status, MayBeStored: row.MayBeStored}
		m.total.Attempts[kind] = m.total.Attempts[kind].Plus(results.Count{Requests: row.Requests, Events: row.Events})
	}
	return nil
}

// settled is when the last event of a shard was in: of one that sent nothing
// again, to the second.
func (s *input) settled() time.Duration {
	if s.Result.Retries != nil {
		return results.FromSeconds(s.Result.Retries.Settled)
	}
	return s.course.settled
}

// parseSaid finds the words of a row among those that endpoints use.
func parseSaid(row results.EventAnswerRow) (results.EventAnswer, error) {
	for v := range math.MaxUint8 {
		verdict := capture.Verdict(v)
		for d := range math.MaxUint8 {
			detail := capture.Detail(d)
			if verdict.String() == row.Result && detail.String() == row.Detail {
				return results.EventAnswer{Verdict: verdict, Detail: detail}, nil
			}
		}
	}
	return results.EventAnswer{}, fmt.Errorf("%q %q is nothing that an endpoint says", row.Result, row.Detail)
}
