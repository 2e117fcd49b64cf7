package main

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"rehearse/internal/permit"
	"rehearse/internal/preflight"
	"rehearse/internal/units"
	"rehearse/rehearsal"
	"rehearse/scenario"
	"rehearse/scenario/schedule"
)

// permitFlags are the flags of permit new, as they were typed.
type permitFlags struct {
	terms             permit.Terms // what needs no reading
	hosts             []string
	window            struct{ from, until, zone string }
	bounds            struct{ peak, total, requests, batch, merges string }
	overrides         rehearsal.Overrides
	tokenFile, output string
	anyScenario       bool
}

// permitExample is how a permit is written.
const permitExample = `  rehearse permit new import.yaml --host capture.staging.example ` +
	`--from 2026-12-01T10:00 --until 2026-12-01T16:00 --zone Europe/Berlin ` +
	`--approver jo@pipeline.example --purpose "import of 400 M events" -o permit.yaml`

// newPermitNew makes the verb permit new.
func newPermitNew(e env) *cobra.Command {
	var f permitFlags
	c := &cobra.Command{
		Use:   "new SCENARIO",
		Short: "Write a permit for a scenario, to be read and signed",
		Long: `new writes a permit for a scenario. What the flags do not say is taken from the
scenario: contact and customer, the host of its target, the fingerprint of its
token, the events and merges that it sends, its largest request, and a cap that
is its peak, a tenth more to catch up with after a pause, and one request. What is
sent again counts each time: with retry: sdk the events and merges are as many as
the client would send if nothing was ever accepted.

A time is given with its offset, or as the clock in --zone shows it.`,
		Example: permitExample,
		Args:    exactly("SCENARIO"),
		RunE:    func(_ *cobra.Command, args []string) error { return writePermit(e, args[0], f) },
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.StringArrayVar(&f.hosts, "host", nil,
		"allow this `HOST` or host:port; embedded is the embedded endpoint (repeatable; default: the scenario's "+
			"target)")
	flags.StringVar(&f.window.from, "from", "", "the window begins at this `TIME` (default: now)")
	flags.StringVar(&f.window.until, "until", "", "the window ends at this `TIME`")
	flags.StringVar(&f.window.zone, "zone", "",
		"times without an offset are those of clocks in this `ZONE`, as in Europe/Berlin (default: here)")
	flags.StringVar(&f.terms.Approver, "approver", "", "the `NAME` of who signs, as the file of allowed signers has it")
	flags.StringVar(&f.terms.Purpose, "purpose", "", "what the test is for, one line of `TEXT`")
	flags.StringVar(&f.terms.Contact, "contact", "",
		"the `NAME` or address to ask about the requests (default: the scenario's contact)")
	flags.StringVar(&f.terms.Customer, "customer", "",
		"the `NAME` of the customer whose test it is (default: the scenario's customer)")
	flags.StringVar(&f.terms.ID, "id", "",
		"the `NAME` of the permit (default: the scenario's name, the date and a few digits)")
	flags.StringVar(&f.bounds.peak, "peak", "", "at most this `RATE` of events in any second")
	flags.StringVar(&f.bounds.total, "total", "", "at most `N` events in a run, retries included")
	flags.StringVar(&f.bounds.requests, "requests", "", "at most `N` requests in any second (default: no bound)")
	flags.StringVar(&f.bounds.batch, "batch", "", "at most `N` events in a request")
	flags.StringVar(&f.bounds.merges, "merges", "", "at most `N` merge events in a run, retries included")
	flags.BoolVar(&f.anyScenario, "any-scenario", false,
		"allow whatever keeps to the bounds, not this scenario alone")
	flags.StringVar(&f.terms.Stop.File, "stop-file", "", "a run ends once this `FILE` exists")
	flags.StringVar(&f.terms.Stop.URL, "stop-url", "", "a run goes on only as long as this `URL` answers go")
	flags.StringVar(&f.overrides.Token, "token", "",
		"the project `TOKEN` of the runs, if not the scenario's; only its fingerprint is written")
	flags.StringVar(&f.tokenFile, tokenFileFlag, "", "the project token of the runs, in a `FILE`")
	flags.StringArrayVar(&f.overrides.Set, "set", nil,
		"the runs override a field: `FIELD=VALUE`, as in target.connections=4 (repeatable)")
	flags.StringVarP(&f.output, "output", "o", "", "write the permit to this `FILE` (default: print it)")
	return c
}

// writePermit writes a permit for the scenario in a file.
func writePermit(e env, path string, f permitFlags) error {
	if err := readToken(&f.overrides.Token, tokenFileFlag, f.tokenFile); err != nil {
		return err
	}
	s, err := rehearsal.Load(path, f.overrides)
	if err != nil {
		return err
	}
	if err := admissible(s); err != nil {
		return err
	}
	load, err := rehearsal.LoadOf(s)
	if err != nil {
		return err
	}
	t, err := f.read(s, load)
	if err != nil {
		return exitError{exitUsage, err}
	}
	text, err := permit.Write(&t)
	if err != nil {
		return exitError{exitUsage, &rehearsal.Misread{What: "permit", Err: err}}
	}
	if f.output == "" {
		_, err := e.stdout.Write(text)
		return err
	}
	return writeNew(f.output, text)
}

// admissible refuses a permit for what a check refuses.
func admissible(s *scenario.Scenario) error {
	if s.Load.Closed > 0 {
		return exitError{exitScenario, errors.New("a closed loop goes to this machine alone, where no permit is " +
			"needed: give load.profile for another host")}
	}
	load, err := rehearsal.Estimate(s, nil, time.Now(), false)
	if err != nil {
		return exitError{exitScenario, err}
	}
	report := preflight.Check(preflight.Input{Scenario: s, Load: load, Now: time.Now()})
	if reasons := rehearsal.Denials(report); len(reasons) > 0 {
		return exitError{exitRefused, fmt.Errorf("refused: this load profile looks like a denial of service\n  - %s",
			strings.Join(reasons, "\n  - "))}
	}
	return nil
}

// writeNew writes a file that must not be there yet.
func writeNew(path string, text []byte) error {
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return fmt.Errorf("cannot write the permit: %w", err)
	}
	_, err = file.Write(text)
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("cannot write the permit: %w", err)
	}
	return nil
}

// read makes terms of the flags and, where they say nothing, of the scenario.
func (f *permitFlags) read(s *scenario.Scenario, load permit.Load) (t permit.Terms, err error) {
	t = f.terms
	t.Issued, t.Tokens = time.Now().Truncate(time.Second), permit.Tokens(s, load.Recorded)
	t.Customer, t.Contact = cmp.Or(t.Customer, s.Customer), cmp.Or(t.Contact, s.Contact)
	if t.ID == "" {
		t.ID = fmt.Sprintf("%.40s-%s-%04x", s.Name, t.Issued.UTC().Format("20060102"),
			time.Now().Nanosecond()>>14&0xffff)
	}
	if !f.anyScenario {
		if t.Scenario, err = s.Fingerprint(); err != nil {
			return t, fmt.Errorf("%w; --any-scenario goes without", err)
		}
	}
	for _, missing := range []struct{ flag, value string }{
		{"--until", f.window.until}, {"--approver", t.Approver}, {"--purpose", t.Purpose}, {"--contact", t.Contact},
	} {
		if missing.value == "" {
			err = errors.Join(err, fmt.Errorf("a permit needs %s", missing.flag))
		}
	}
	err = errors.Join(err, f.readHosts(&t, s), f.readWindow(&t), f.readBounds(&t, load, s))
	return t, err
}

// readHosts reads --host, or takes the scenario's target.
func (f *permitFlags) readHosts(t *permit.Terms, s *scenario.Scenario) error {
	hosts := f.hosts
	if len(hosts) == 0 {
		u, err := url.Parse(s.Target.URL)
		if err != nil {
			return err
		}
		hosts = []string{cmp.Or(u.Host, permit.Embedded)}
	}
	var wrong error
	for _, text := range hosts {
		h, err := permit.ParseHost(text)
		wrong = errors.Join(wrong, err)
		t.Hosts = append(t.Hosts, h)
	}
	return wrong
}

// readWindow reads --from and --until.
func (f *permitFlags) readWindow(t *permit.Terms) (err error) {
	zone := time.Local
	if f.window.zone != "" {
		if zone, err = time.LoadLocation(f.window.zone); err != nil {
			return fmt.Errorf("cannot find the zone %q (as in Europe/Berlin or UTC)", f.window.zone)
		}
	}
	t.From = t.Issued.In(zone)
	for _, edge := range []struct {
		text string
		to   *time.Time
	}{{f.window.from, &t.From}, {f.window.until, &t.Until}} {
		if edge.text != "" {
			at, wrong := permit.ParseMoment(edge.text, zone)
			*edge.to, err = at, errors.Join(err, wrong)
		}
	}
	if err == nil && f.window.until != "" && !t.Until.After(time.Now()) {
		err = fmt.Errorf("--until %s is over already", f.window.until)
	}
	return err
}

// readBounds reads the flags that bound the load, or takes what the scenario
// sends.
func (f *permitFlags) readBounds(t *permit.Terms, l permit.Load, s *scenario.Scenario) error {
	attempts := mostAttempts(s)
	t.Bounds = permit.Bounds{Peak: headroom(l, s.Load.Arrivals), Events: l.Events * attempts, Batch: l.Batch,
		Merges: max(l.Merges, 0) * attempts}
	var wrong error
	if f.bounds.peak != "" {
		peak, err := units.ParseRate(f.bounds.peak)
		t.Bounds.Peak, wrong = peak, err
	}
	for _, bound := range []struct {
		text string
		to   *int64
	}{{f.bounds.total, &t.Bounds.Events}, {f.bounds.requests, &t.Bounds.Requests}, {f.bounds.batch, &t.Bounds.Batch},
		{f.bounds.merges, &t.Bounds.Merges}} {
		if bound.text != "" {
			n, err := units.ParseCount(strings.TrimSpace(bound.text))
			*bound.to, wrong = n, errors.Join(wrong, err)
		}
	}
	return wrong
}

// mostAttempts is how often an event of a scenario may be sent: a permit's bounds
// count each time.
func mostAttempts(s *scenario.Scenario) int64 {
	if s.Retry != scenario.RetrySDK {
		return 1
	}
	policy := s.Policy()
	return 1 + int64(max(policy.Retries, policy.Unanswered))
}

// headroom is the cap that a load needs: its peak, a tenth more so that it can
// catch up after a pause, and a request more because a second may hold one at
// either end. Arrivals that are left to chance scatter around the peak by its
// root: six times that is met once in 10^9 seconds.
func headroom(l permit.Load, a schedule.Arrivals) float64 {
	scatter := 0.0
	if a == schedule.Poisson {
		scatter = 6 * math.Sqrt(l.Peak)
	}
	return math.Ceil(l.Peak+l.Peak/10+scatter) + float64(l.Batch)
}
