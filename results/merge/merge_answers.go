package merge

import (
	"fmt"
	"math"
	"slices"
	"time"

	"rehearse/capture"
	"rehearse/results"
)

// addAnswers adds what a shard was told event by event, and what it sent again.
// No file has either by the second.
func (m *merger) addAnswers(s *shard) error {
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
func (s *shard) settled() time.Duration {
	if s.Result.Retries != nil {
		return results.FromSeconds(s.Result.Retries.Settled)
	}
	for _, row := range slices.Backward(s.Timeline) {
		if row.Accepted.Events > 0 {
			return results.FromSeconds(row.To)
		}
	}
	return 0
}

// parseSaid finds the words of a row among those that endpoints use.
func parseSaid(row results.SaidRow) (results.Said, error) {
	for v := range math.MaxUint8 {
		verdict := capture.Verdict(v)
		for d := range math.MaxUint8 {
			detail := capture.Detail(d)
			if verdict.String() == row.Result && detail.String() == row.Detail {
				return results.Said{Verdict: verdict, Detail: detail}, nil
			}
		}
	}
	return results.Said{}, fmt.Errorf("%q %q is nothing that an endpoint says", row.Result, row.Detail)
}
