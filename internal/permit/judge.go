package permit

import (
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"rehearse/internal/text"
	"rehearse/scenario"
)

// Claim is what a run asks of a permit. What is zero is not asked.
type Claim struct {
	At       time.Time // when it starts
	Target   *url.URL  // where its requests go
	Own      bool      // the target is the embedded endpoint
	Scenario *scenario.Scenario
	Load     Load // of the scenario
}

// Load is how much a run would send.
type Load struct {
	Events int64
	Peak   float64 // events a second
	Batch  int64   // events of its largest request
	Merges int64   // merge events; negative: not known before

	Recorded bool // requests are sent byte for byte as they were recorded
}

// Judge returns every reason why the permit does not cover a claim, none if it
// does.
func (p *Permit) Judge(signers Signers, c Claim) []string {
	reasons := p.verify(signers, c.At)
	reasons = append(reasons, p.judgeWindow(c.At)...)
	if c.Target != nil {
		reasons = append(reasons, p.judgeTarget(c)...)
	}
	if c.Scenario != nil {
		reasons = append(reasons, p.judgeScenario(c.Scenario, c.Load.Recorded)...)
		reasons = append(reasons, exceeded(&p.Terms.Bounds, c.Load)...)
	}
	return reasons
}

// judgeWindow compares times.
func (p *Permit) judgeWindow(at time.Time) []string {
	t := &p.Terms
	switch {
	case at.Before(t.From):
		return []string{fmt.Sprintf("its window is not open yet: it begins at %s, in %s", stamp(t.From),
			away(t.From.Sub(at)))}
	case !at.Before(t.Until):
		return []string{fmt.Sprintf("its window is closed: it ended at %s, %s ago", stamp(t.Until),
			away(at.Sub(t.Until)))}
	}
	return nil
}

// judgeTarget compares hosts.
func (p *Permit) judgeTarget(c Claim) []string {
	target, err := TargetHost(c.Target)
	if c.Own {
		target, err = Host{Name: Embedded, Own: true}, nil
	}
	if err != nil {
		return []string{fmt.Sprintf("the target is no host that a permit can name: %v", err)}
	}
	var allowed []string
	hint := ""
	for _, h := range p.Terms.Hosts {
		if h.Allows(target, c.Target.Scheme) {
			return nil
		}
		allowed = append(allowed, h.String())
		if h.Name == target.Name && h.Port == 0 && !h.Own {
			hint = " (a host without a port is meant on the usual one, 80 or 443)"
		}
	}
	return []string{fmt.Sprintf("it is not for %s but for %s%s", target, strings.Join(allowed, ", "), hint)}
}

// judgeScenario compares fingerprints: of the scenario, and of its tokens.
func (p *Permit) judgeScenario(s *scenario.Scenario, recorded bool) (reasons []string) {
	if p.Terms.Scenario != "" {
		reasons = judgeFingerprint(s, p.Terms.Scenario)
	}
	for i, print := range Tokens(s, recorded) {
		if !slices.Contains(p.Terms.Tokens, print) {
			reasons = append(reasons, fmt.Sprintf("it is not for token %d of the scenario (%s) but for %s", i+1, print,
				strings.Join(p.Terms.Tokens, ", ")))
		}
	}
	return reasons
}

// judgeFingerprint compares what a scenario is with what it was.
func judgeFingerprint(s *scenario.Scenario, want string) []string {
	is, err := s.Fingerprint()
	if err != nil {
		return []string{fmt.Sprintf("it is for one scenario, and whether this is that one cannot be told: %v", err)}
	}
	if is == want {
		return nil
	}
	return []string{fmt.Sprintf("it is for another scenario: %s, or a recording or variable that it refers to, is not "+
		"as it was, or it runs with other overrides (its fingerprint is %s…, the permit's %s…)",
		s.File(), is[:12], want[:12])}
}

// Tokens returns the fingerprints of the tokens that requests of s and of its background
// have, each once, in the order of the file. Requests that are sent as recorded have
// tokens that were not looked at.
func Tokens(s *scenario.Scenario, recorded bool) (prints []string) {
	for _, stream := range s.Streams() {
		asRecorded := recorded && (s.Background == nil || stream.Replay != nil &&
			stream.Replay.Format == scenario.FormatCapture)
		for _, print := range tokensOf(stream, asRecorded) {
			if !slices.Contains(prints, print) {
				prints = append(prints, print)
			}
		}
	}
	return prints
}

// tokensOf returns those of one stream.
func tokensOf(s *scenario.Scenario, recorded bool) []string {
	if recorded {
		return []string{tokensRecorded}
	}
	prints := []string{s.Target.Token.Fingerprint()}
	if s.Traffic == nil || len(s.Traffic.Tokens) == 0 {
		return prints
	}
	if s.Target.Endpoint != scenario.EndpointV1 {
		prints = nil // the target's token is in no request
	}
	for _, t := range s.Traffic.Tokens {
		if print := t.Token.Fingerprint(); !slices.Contains(prints, print) {
			prints = append(prints, print)
		}
	}
	return prints
}

// LoadOf completes what the source of s says of the whole by what s itself says:
// how large requests are, where they are not recorded, and how many merges its mix
// makes on average. The merges of a recording were not counted.
func LoadOf(s *scenario.Scenario, l Load) Load {
	l.Merges = -1
	if !l.Recorded {
		l.Batch = int64(s.Batching.MaxEvents)
	}
	if s.Traffic == nil {
		return l
	}
	var merges, all float64
	for _, e := range s.Traffic.Events {
		all += e.Weight
		if scenario.IsMerge(e.Name) {
			merges += e.Weight
		}
	}
	l.Merges = int64(math.Ceil(float64(l.Events) * merges / all))
	return l
}

// exceeded returns which bounds a load would break.
func exceeded(b *Bounds, l Load) (reasons []string) {
	more := func(what string, has, allowed float64) {
		if allowed > 0 && has > allowed {
			reasons = append(reasons, fmt.Sprintf("the scenario has %s %s, the permit allows %s", number(has), what,
				number(allowed)))
		}
	}
	more("events a second at its peak", l.Peak, b.Peak)
	more("events", float64(l.Events), float64(b.Events))
	more("events in its largest request", float64(l.Batch), float64(b.Batch))
	more("merges", float64(l.Merges), float64(b.Merges))
	if float64(l.Batch) > b.Peak {
		reasons = append(reasons, fmt.Sprintf("a request of the scenario has up to %d events, more than the permit "+
			"allows "+
			"in a whole second (%s)", l.Batch, number(b.Peak)))
	}
	if l.Merges < 0 && b.Merges > 0 {
		reasons = append(reasons, "it limits the merges, and those of the recording have not been counted: leave "+
			"bounds.merges out of a permit for a replay")
	}
	return reasons
}

// number writes a number for people.
func number(x float64) string { return text.Number(math.Round(x*1000) / 1000) }
