package rehearsal

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"rehearse/generator"
	"rehearse/internal/permit"
	"rehearse/results/rundir"
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
	shards int // that share the permit's bounds; 0: the run is whole
}

// authorize judges the permit, if there is one, for all that the run sends: what is
// planned, or the whole of which that is a part. It takes the permit for the run.
func (r *rehearsal) authorize() error {
	if r.Permit.File == "" {
		if r.Permit.Signers != "" {
			return usage(errors.New("--allowed-signers has no meaning without --permit"))
		}
		r.authorized = &authorization{guard: newGuard(nil, r.lookup)}
		if r.background != nil {
			r.background.authorized = r.authorized
		}
		return nil
	}
	granted, signers, err := openPermit(r.Permit)
	if err != nil {
		return err
	}
	if r.authorized, err = r.judged(granted, signers); err != nil {
		return err
	}
	release, err := granted.Lock("run "+r.id, r.Shard.Index, r.Shard.Of)
	if err != nil {
		return refuse(err)
	}
	r.onClose(release)
	return nil
}

// openPermit reads a permit and those whose signatures count.
func openPermit(p Permit) (*permit.Permit, permit.Signers, error) {
	signers := cmp.Or(p.Signers, os.Getenv(SignersVariable))
	if signers == "" {
		return nil, permit.Signers{}, usage(errors.New("cannot verify a permit without allowed signers: name their " +
			"file with --allowed-signers or $" + SignersVariable))
	}
	granted, err := permit.Read(p.File)
	if err != nil {
		return nil, permit.Signers{}, &Mistake{Refused, &Misread{"permit", err}}
	}
	allowed, err := permit.ReadSigners(signers)
	if err != nil {
		return nil, permit.Signers{}, &Mistake{Refused, &Misread{"file of allowed signers", err}}
	}
	return granted, allowed, nil
}

// Refusal is the error that lists why a permit is none.
func Refusal(p *permit.Permit, reasons []string) error {
	list := strings.Join(reasons, "\n  - ")
	return &Mistake{Refused, fmt.Errorf("refused: permit %s does not cover this, because\n  - %s", p.Terms.ID, list)}
}

// Verify returns a permit, and every reason why it does not cover a run of a scenario
// that starts at a time, as Run would find them. Without a scenario, the empty path,
// only signature, signer, window and the target of o are judged.
func Verify(p Permit, path string, o Overrides, at time.Time) (*permit.Permit, []string, error) {
	granted, signers, err := openPermit(p)
	if err != nil {
		return nil, nil, err
	}
	claim := permit.Claim{At: at}
	target := o.Target
	if path != "" {
		if claim.Scenario, err = Load(path, o); err != nil {
			return nil, nil, err
		}
		if claim.Load, err = LoadOf(claim.Scenario); err != nil {
			return nil, nil, err
		}
		target = claim.Scenario.Target.URL
		claim.Own = target == ""
	}
	if target != "" || claim.Own {
		if claim.Target, err = url.Parse(target); err != nil {
			return nil, nil, usage(errors.New("cannot read --target as a URL"))
		}
	}
	return granted, granted.Judge(signers, claim), nil
}

// judged is what a permit allows of the run.
func (r *rehearsal) judged(granted *permit.Permit, signers permit.Signers) (*authorization, error) {
	s, plan := r.scenario, &r.source.Plan
	u, err := url.Parse(s.Target.URL)
	if err != nil {
		return nil, usage(errors.New("cannot read the target as a URL"))
	}
	load := permit.LoadOf(s, permit.Load{Events: plan.Events, Peak: plan.Peak})
	if plan.Sharded || plan.Recorded.Verbatim || r.background != nil {
		if load, err = LoadOf(s); err != nil {
			return nil, err
		}
	}
	claim := permit.Claim{At: r.expectedStart(), Target: u, Own: s.Target.URL == "", Scenario: r.bound, Load: load}
	c := &authorization{permit: granted, guard: newGuard(granted.Terms.Hosts, r.lookup),
		limit: limitOf(&granted.Terms.Bounds, load, r.Shard.Of), shards: r.Shard.Of}
	reasons := append(granted.Judge(signers, claim), Denials(Forecast(s, supposed(s)))...)
	if b := s.Background; b != nil {
		reasons = append(reasons, Denials(Forecast(b, supposed(b)))...)
		reasons = append(reasons, r.shareLimit(c)...)
	}
	if of := int64(r.Shard.Of); of > 1 && (load.Batch > c.limit.Events || of > granted.Terms.Bounds.Requests &&
		granted.Terms.Bounds.Requests > 0) {
		reasons = append(reasons,
			fmt.Sprintf("shared among %d machines, it allows each less than one request in a second", of))
	}
	if len(reasons) > 0 {
		return nil, Refusal(granted, reasons)
	}
	if err := granted.Ready(context.Background()); err != nil {
		return nil, refuse(err)
	}
	return c, nil
}

// limitOf is the share of a permit's bounds that a part of a run of a load has. A
// bound of merges binds what is sent again as that of events does, for a share of all
// events are merges.
func limitOf(b *permit.Bounds, load permit.Load, shards int) generator.Limit {
	of := int64(max(shards, 1))
	l := generator.Limit{Events: int64(b.Peak) / of, Batch: b.Batch, Total: b.Events / of}
	if b.Merges > 0 && load.Merges > 0 {
		l.Total = min(l.Total, int64(float64(load.Events)*float64(b.Merges)/float64(load.Merges))/of)
	}
	if b.Requests > 0 {
		l.Requests = max(b.Requests/of, 1)
	}
	return l
}

// unusedNote says what of a permit's bounds is left over when shards share them: each has
// the same whole number. Empty: nothing.
func unusedNote(b *permit.Bounds, shards int) string {
	var left []string
	for _, bound := range []struct {
		what string
		n    int64
	}{{"events/s", int64(b.Peak)}, {"requests/s", b.Requests}, {"events", b.Events}} {
		if rest := bound.n % int64(max(shards, 1)); rest > 0 {
			left = append(left, fmt.Sprintf("%d of %d %s", rest, bound.n, bound.what))
		}
	}
	if left == nil {
		return ""
	}
	return fmt.Sprintf("note: the permit's bounds do not divide by %d shards, and each has the same whole share: "+
		"%s are left unused", shards, strings.Join(left, ", "))
}

// announce says how the permit binds a run of a length.
func (c *authorization) announce(note noteFunc, begin time.Time, span time.Duration) {
	if c.permit == nil {
		return
	}
	t := &c.permit.Terms
	note("permit %s: approved by %s, until %s", t.ID, t.Approver, t.Until.Format(time.RFC3339))
	if unused := unusedNote(&t.Bounds, c.shards); unused != "" {
		note("%s", unused)
	}
	if end := begin.Add(span); end.After(t.Until) {
		note("note: its window closes %v before the load ends, and so will the run",
			end.Sub(t.Until).Round(time.Second))
	}
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

// header is what every request says of the run, besides what the client that it
// looks like would say: under a permit, or where the user named the run. It is a
// dictionary of texts (RFC 9651, section 3.2).
func (c *authorization) header(runID string, named bool) string {
	switch {
	case c.permit == nil && named:
		return "run=" + headerText(runID)
	case c.permit == nil:
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
