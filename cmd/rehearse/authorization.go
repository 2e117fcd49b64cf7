package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"rehearse/generator"
	"rehearse/permit"
	"rehearse/results/rundir"
	"rehearse/scenario"
)

// The permit of a run, as its directory keeps it.
const (
	permitFile    = "permit.yaml"
	signatureFile = permitFile + permit.SignatureSuffix
)

// authorization is what a run may do, found out before the first connection.
type authorization struct {
	permit *permit.Permit // nil: there is none, and nothing leaves this machine
	guard  *guard
	limit  generator.Limit
}

// authorize judges the permit that the flags name, if they do, for all that a run of
// s sends: what is planned, or the whole of which that is a part.
func (f *runFlags) authorize(s *scenario.Scenario, p part, plan *generator.Plan) (*authorization, error) {
	if f.permit == "" {
		if f.signers != "" {
			return nil, exitError{exitUsage, errors.New("--allowed-signers has no meaning without --permit")}
		}
		return &authorization{guard: newGuard(nil)}, nil
	}
	granted, signers, err := openPermit(f.permit, f.signers)
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(s.Target.URL)
	if err != nil {
		return nil, exitError{exitUsage, fmt.Errorf("cannot read the target as a URL")}
	}
	load := permit.LoadOf(s, permit.Load{Events: plan.Events, Peak: plan.Peak})
	if plan.Sharded || plan.Verbatim {
		if load, err = claimOf(s); err != nil {
			return nil, err
		}
	}
	claim := permit.Claim{At: p.begin(), Target: u, Own: s.Target.URL == "", Scenario: s, Load: load}
	c := &authorization{permit: granted, guard: newGuard(granted.Terms.Hosts), limit: limitOf(&granted.Terms.Bounds, load, p)}
	reasons := append(granted.Judge(signers, claim), denials(forecast(s, supposed(s)))...)
	if of := int64(p.shard.Of); of > 1 && (load.Batch > c.limit.Events || of > granted.Terms.Bounds.Requests && granted.Terms.Bounds.Requests > 0) {
		reasons = append(reasons, fmt.Sprintf("shared among %d machines, it allows each less than one request in a second", of))
	}
	if len(reasons) > 0 {
		return nil, refusal(granted, reasons)
	}
	if err := granted.Ready(context.Background()); err != nil {
		return nil, exitError{exitRefused, fmt.Errorf("refused: %w", err)}
	}
	return c, nil
}

// lock takes the permit for the run, or a shard's part of it.
func (c *authorization) lock(runID string, p part) (release func(), err error) {
	if c.permit == nil {
		return func() {}, nil
	}
	release, err = c.permit.Lock("run "+runID, p.shard.Index, p.shard.Of)
	if err != nil {
		return nil, exitError{exitRefused, fmt.Errorf("refused: %w", err)}
	}
	return release, nil
}

// limitOf is the share of a permit's bounds that a part of a run of a load has. A
// bound of merges binds what is sent again as that of events does, for a share of all
// events are merges.
func limitOf(b *scenario.Bounds, load permit.Load, p part) generator.Limit {
	of := int64(max(p.shard.Of, 1))
	l := generator.Limit{Events: int64(b.Peak) / of, Batch: b.Batch, Total: b.Events / of}
	if b.Merges > 0 && load.Merges > 0 {
		l.Total = min(l.Total, int64(float64(load.Events)*float64(b.Merges)/float64(load.Merges))/of)
	}
	if b.Requests > 0 {
		l.Requests = max(b.Requests/of, 1)
	}
	return l
}

// announce says how the permit binds a run of a length.
func (c *authorization) announce(e env, begin time.Time, span time.Duration) {
	if c.permit == nil {
		return
	}
	t := &c.permit.Terms
	fmt.Fprintf(e.stderr, "permit %s: approved by %s, until %s\n", t.ID, t.Approver, t.Until.Format(time.RFC3339))
	if end := begin.Add(span); end.After(t.Until) {
		fmt.Fprintf(e.stderr, "note: its window closes %v before the load ends, and so will the run\n", end.Sub(t.Until).Round(time.Second))
	}
}

// withheldNote says that requests were not sent again for want of events; empty: none.
func withheldNote(requests int64) string {
	if requests == 0 {
		return ""
	}
	return fmt.Sprintf("%s not sent again: the permit's bounds count events each time that they are sent, and left no more beside those that are planned",
		count(int(requests), "request"))
}

// joinNotes joins those that are not empty.
func joinNotes(notes ...string) string {
	return strings.Join(slices.DeleteFunc(notes, func(n string) bool { return n == "" }), "; ")
}

// write keeps the permit in a run directory, as it was signed.
func (c *authorization) write(directory string) error {
	if c.permit == nil {
		return nil
	}
	err := errors.Join(
		rundir.Replace(directory, permitFile, c.permit.Text),
		rundir.Replace(directory, signatureFile, c.permit.Signature))
	if err != nil {
		return fmt.Errorf("cannot keep the permit: %w", err)
	}
	return nil
}

// id names the permit; empty: there is none.
func (c *authorization) id() string {
	if c.permit == nil {
		return ""
	}
	return c.permit.Terms.ID
}

// permitEnded is a permit as the cause that ended a run.
type permitEnded struct{ error }

// watch ends the run when its permit does.
func (c *authorization) watch(ctx context.Context, end context.CancelCauseFunc) {
	if c.permit == nil {
		return
	}
	go func() {
		if why := c.permit.Watch(ctx); why != nil {
			end(permitEnded{why})
		}
	}()
}

// header is what every request under a permit says of the run, besides what the
// client that it looks like would say: a dictionary of texts (RFC 9651, section
// 3.2).
func (c *authorization) header(runID string) string {
	if c.permit == nil {
		return ""
	}
	t := &c.permit.Terms
	return fmt.Sprintf("run=%s, permit=%s, contact=%s", headerText(runID), headerText(t.ID), headerText(t.Contact))
}

// headerText quotes a text for a header. What is not ASCII becomes a question
// mark: headers know nothing else.
func headerText(text string) string {
	quoted := []byte{'"'}
	for _, c := range text {
		switch {
		case c == '"' || c == '\\':
			quoted = append(quoted, '\\', byte(c))
		case c < ' ' || c > '~':
			quoted = append(quoted, '?')
		default:
			quoted = append(quoted, byte(c))
		}
	}
	return string(append(quoted, '"'))
}
