package capture

import (
	"cmp"
	"slices"
	"unicode/utf8"
)

// Refused is how much of some load an endpoint refuses for one reason.
type Refused struct {
	Status   int
	Reason   string // in the endpoint's words, or v1's for an event that it drops
	Oversize Oversize
	Requests int64   // 0: events alone are dropped, and their requests answered 200
	Events   int64   // that are lost
	Error    float64 // half the width of a 95 % interval of both, as a share; 0: exact
}

// RefusedBy counts what is refused, by reason. The zero value has counted nothing.
type RefusedBy struct{ all []Refused }

// The bounds of what is told apart.
const (
	mostReasons   = 20
	longestReason = 120 // characters
	otherReason   = "other reasons"
)

// Add counts requests with events that are refused.
func (b *RefusedBy) Add(r *Refusal, requests, events int64) {
	at := b.at(r.Status, r.reason(), r.Oversize())
	at.Requests += requests
	at.Events += events
}

// Take counts what is lost of a request that is taken: what v0 filters out, and the
// events that v1 drops one by one.
func (b *RefusedBy) Take(s *Submission) {
	switch {
	case s.Discarded == NotHistorical && len(s.Results) == 0: // v1 says so of each event
		b.at(200, "an endpoint for imports drops what is not marked historical_migration", NotOversize).Events += int64(s.Len())
		return
	case s.Discarded == OverQuota: // which is told of apart
		return
	case s.Dropped > 0:
		b.at(200, "a rule drops the events of this token or distinct_id", NotOversize).Events += int64(s.Dropped)
	}
	if s.Filtered > 0 {
		b.at(200, "$performance_event is filtered out", NotOversize).Events += int64(s.Filtered)
	}
	for i := range s.Results {
		if r := &s.Results[i]; r.Verdict == VerdictDrop {
			over := NotOversize
			if r.Detail == detailBig {
				over = OversizeEvent
			}
			b.at(200, r.Detail.String(), over).Events++
		}
	}
}

// All lists what was counted, the reason that loses the most events first.
func (b *RefusedBy) All() []Refused {
	all := slices.Clone(b.all)
	slices.SortStableFunc(all, func(x, y Refused) int { return cmp.Compare(y.Events, x.Events) })
	return all
}

// at returns the place of a reason. Those that find no room are counted as one.
func (b *RefusedBy) at(status int, reason string, over Oversize) *Refused {
	find := func() int {
		return slices.IndexFunc(b.all, func(r Refused) bool { return r.Status == status && r.Reason == reason })
	}
	i := find()
	if i < 0 && len(b.all) >= mostReasons {
		status, reason, over = 0, otherReason, NotOversize
		i = find()
	}
	if i < 0 {
		i = len(b.all)
		b.all = append(b.all, Refused{Status: status, Reason: reason, Oversize: over})
	}
	return &b.all[i]
}

// reason is the refusal's text without what differs from request to request.
func (r *Refusal) reason() string {
	if over := r.Oversize(); over != NotOversize {
		return over.String()
	}
	if r.Code != "" {
		return r.Code
	}
	return string([]rune(r.Text)[:min(utf8.RuneCountInString(r.Text), longestReason)])
}
