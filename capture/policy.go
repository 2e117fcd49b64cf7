package capture

import "slices"

// Policy is what a deployment of the service decides of requests beside their
// form. The zero value takes everything.
type Policy struct {
	// OverQuota are tokens whose events are discarded behind a 200; v1 answers 402.
	OverQuota []string

	// KnownTokens, unless it is empty, are those that belong to a project. Others
	// are answered 401 (known_tokens.rs, mode enforce).
	KnownTokens []string

	// Drop are tokens, or token:distinct_id, whose events are dropped behind a 200
	// (DROP_EVENTS_BY_TOKEN_DISTINCT_ID, and event restrictions of that kind).
	Drop []string

	// Import is the import mode: what is not marked as historical_migration is
	// discarded behind a 200.
	Import bool
}

// Discard says why the service takes none of a request's events and answers 200
// all the same.
type Discard uint8

// The reasons.
const (
	NotDiscarded  Discard = iota
	OverQuota             // the project has no quota left
	NotHistorical         // an endpoint for imports takes no others
)

// String returns the cause in the words of the service's metrics.
func (d Discard) String() string {
	switch d {
	case OverQuota:
		return "over_quota"
	case NotHistorical:
		return "non_historical_import"
	}
	return ""
}

// authorize refuses a token that belongs to no project.
func (p *Policy) authorize(token []byte) *Refusal {
	if len(p.KnownTokens) > 0 && !slices.Contains(p.KnownTokens, string(token)) {
		return refuse(401, textUnknownToken)
	}
	return nil
}

// discards returns why all of a request is discarded. Its events have not been
// looked at by then.
func (p *Policy) discards(token []byte, historical bool) Discard {
	switch {
	case p.isOverQuota(token):
		return OverQuota
	case p.Import && !historical:
		return NotHistorical
	}
	return NotDiscarded
}

func (p *Policy) isOverQuota(token []byte) bool { return slices.Contains(p.OverQuota, string(token)) }

// dropsOf reports whether any event of a token may be dropped.
func (p *Policy) dropsOf(token []byte) bool {
	return slices.ContainsFunc(p.Drop, func(rule string) bool {
		n := len(token)
		return len(rule) >= n && rule[:n] == string(token) && (len(rule) == n || rule[n] == ':')
	})
}

// drops reports whether an event is dropped.
func (p *Policy) drops(token, id []byte) bool {
	return slices.ContainsFunc(p.Drop, func(rule string) bool {
		n := len(token)
		return len(rule) >= n && rule[:n] == string(token) && (len(rule) == n || rule[n] == ':' && rule[n+1:] == string(id))
	})
}
